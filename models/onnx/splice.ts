import { createRequire } from 'node:module'
import type OnnxProto from 'onnx-proto'
import type { onnx } from 'onnx-proto'
import { DetectorError, later } from '../../agent/core/index.ts'

const require = createRequire(import.meta.url)
const proto = later(() => require('onnx-proto') as typeof OnnxProto)

/** The operators that graphs of this project use mean the same in all of these sets. */
const operatorSets = { from: 13, to: 17 }

/** A model as a part of a longer one. */
export interface Piece {
  readonly onnx: Uint8Array
  /** For messages. */
  readonly what: string
  /** What its inputs read: names of inputs of the whole, or of outputs of pieces before it as `PIECE.OUTPUT`, by its own name. */
  readonly feeds: Readonly<Record<string, string>>
}

/**
 * One model of several: each piece reads what those before it give. The first piece, `0`, keeps the names of its inputs, the
 * last one those of its outputs. Throws a DetectorError (MODEL_BROKEN) where a piece cannot be joined.
 */
export function spliceOnnx(pieces: readonly Piece[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const models = pieces.map(decode)
  const renamed = models.map(({ graph }, i) => rename(graph!, i, pieces, i === pieces.length - 1))
  const { ModelProto } = proto().onnx
  const [first, last] = [models[0].graph!, models[models.length - 1].graph!]
  const sets = models.flatMap(({ opsetImport }) => opsetImport ?? [])
  const domains = [...new Set(sets.map(({ domain }) => domain ?? ''))]
  const model = ModelProto.create({
    irVersion: Math.max(...models.map(({ irVersion }) => Number(irVersion))),
    producerName: 'millwright',
    opsetImport: domains.map((domain) => ({ domain, version: Math.max(...sets.filter((set) => (set.domain ?? '') === domain).map(({ version }) => Number(version))) })), // prettier-ignore
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: last.name,
      input: first.input,
      output: last.output,
      node: renamed.flatMap(({ node }) => node),
      initializer: renamed.flatMap(({ initializer }) => initializer),
    },
  })
  return new Uint8Array(ModelProto.encode(model).finish())
}

function decode({ onnx, what }: Piece): onnx.IModelProto {
  let model: onnx.IModelProto
  try {
    model = proto().onnx.ModelProto.decode(onnx)
  } catch (cause) {
    throw new DetectorError('MODEL_BROKEN', `${what} is not an ONNX file, or it is cut off`, { cause })
  }
  const set = (model.opsetImport ?? []).find(({ domain }) => !domain)
  const version = Number(set?.version ?? 0)
  const { from, to } = operatorSets
  if (!model.graph || version < from || version > to) {
    throw new DetectorError('MODEL_BROKEN', `${what} uses operator set ${version} of ONNX, not one of ${from} to ${to}`, { remedy: `Export it with operator set 15.` }) // prettier-ignore
  }
  const nested = (model.graph.node ?? []).some(({ attribute }) => attribute?.some(({ g }) => g))
  if (nested) throw new DetectorError('MODEL_BROKEN', `${what} has branches or loops`, { remedy: 'Export the network for inference, without control flow.' }) // prettier-ignore
  return model
}

/** Nodes and constants by names that no other piece has. */
function rename(graph: onnx.IGraphProto, index: number, pieces: readonly Piece[], last: boolean) {
  const constants = new Set((graph.initializer ?? []).map(({ name }) => name!))
  const inputs = new Set((graph.input ?? []).map(({ name }) => name!).filter((name) => !constants.has(name)))
  const outputs = new Set((graph.output ?? []).map(({ name }) => name!))
  const { feeds, what } = pieces[index]
  const nameOf = (name: string): string => {
    if (name === '') return ''
    if (last && outputs.has(name)) return name
    if (!inputs.has(name)) return `${index}.${name}`
    if (index === 0) return name
    if (name in feeds) return feeds[name]
    throw new DetectorError('MODEL_BROKEN', `${what} has an input ${name} that nothing feeds`)
  }
  return {
    node: (graph.node ?? []).map((node) => ({
      ...node,
      name: node.name ? `${index}.${node.name}` : '',
      input: (node.input ?? []).map(nameOf),
      output: (node.output ?? []).map(nameOf),
    })),
    initializer: (graph.initializer ?? []).map((constant) => ({ ...constant, name: nameOf(constant.name!) })),
  }
}
