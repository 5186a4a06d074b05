import { createRequire } from 'node:module'
import type OnnxProto from 'onnx-proto'
import { later } from '../../agent/core/index.ts'

const require = createRequire(import.meta.url)
const proto = later(() => require('onnx-proto') as typeof OnnxProto)

/** Both long supported by every ONNX Runtime in use; the newest would buy nothing. */
const irVersion = 8
const operatorSet = 15

/** The operators of trees and other models that are no networks. */
const mlOperatorSet = 3

export type ElementType = 'float64' | 'float32' | 'int64' | 'bool'

/** A constant of a graph, row-major; its element type is that of the array. */
export interface Constant {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float64Array | Float32Array | BigInt64Array
}

/** An attribute of a step: a number is an integer, a text a string; the others say what they are. */
export type Attribute =
  | number
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] | Float32Array }
  | { readonly ints: readonly number[] | Int32Array }
  | { readonly texts: readonly string[] }

/** A step of a graph: an operator with the names of what it reads and writes. An empty input name leaves it out. */
export interface Step {
  readonly operator: string
  /** Absent: the standard set. */
  readonly domain?: 'ai.onnx.ml'
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, Attribute>>
}

/** Steps with the constants they need; parts join where their names are distinct. */
export interface GraphPart {
  readonly steps: readonly Step[]
  readonly constants: readonly Constant[]
}

/** An input or output. A word in the shape, such as `batch`, stands for any number; the same word for the same number. */
export interface Port {
  readonly name: string
  readonly shape: readonly (number | string)[]
  /** float64 where absent. */
  readonly type?: ElementType
}

/** A model as a graph of operators. */
export interface Graph extends GraphPart {
  readonly name: string
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  /** Written as metadata_props. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Several parts as one, in order. */
export function joinParts(...parts: readonly GraphPart[]): GraphPart {
  return { steps: parts.flatMap(({ steps }) => steps), constants: parts.flatMap(({ constants }) => constants) }
}

/** A part that reads these names by others. */
export function renamed({ steps, constants }: GraphPart, names: Readonly<Record<string, string>>): GraphPart {
  const inputsOf = ({ inputs }: Step) => inputs.map((name) => names[name] ?? name)
  return { constants, steps: steps.map((step) => ({ ...step, inputs: inputsOf(step) })) }
}

/** The graph as the bytes of an ONNX file; the same graph gives the same bytes. */
export function encodeOnnx(graph: Graph): Uint8Array {
  const { ModelProto } = proto().onnx
  const usesMl = graph.steps.some(({ domain }) => domain !== undefined)
  const model = ModelProto.create({
    irVersion,
    producerName: 'millwright',
    opsetImport: [
      { domain: '', version: operatorSet },
      ...(usesMl ? [{ domain: 'ai.onnx.ml', version: mlOperatorSet }] : []),
    ],
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.steps.map((step) => ({
        opType: step.operator,
        ...(step.domain && { domain: step.domain }),
        input: [...step.inputs],
        output: [...step.outputs],
        attribute: Object.entries(step.attributes ?? {}).map(attribute),
      })),
      initializer: graph.constants.map(tensor),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  })
  return new Uint8Array(ModelProto.encode(model).finish())
}

function attribute([name, value]: [string, Attribute]) {
  const types = proto().onnx.AttributeProto.AttributeType
  if (typeof value === 'number') return { name, i: value, type: types.INT }
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: types.STRING }
  if ('float' in value) return { name, f: value.float, type: types.FLOAT }
  if ('floats' in value) return { name, floats: Array.from(value.floats), type: types.FLOATS }
  if ('ints' in value) return { name, ints: Array.from(value.ints), type: types.INTS }
  return { name, strings: value.texts.map((text) => Buffer.from(text)), type: types.STRINGS }
}

function tensor({ name, shape, values }: Constant) {
  const { DOUBLE, FLOAT, INT64 } = proto().onnx.TensorProto.DataType
  return {
    name,
    dims: [...shape],
    dataType: values instanceof Float64Array ? DOUBLE : values instanceof Float32Array ? FLOAT : INT64,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }
}

function valueInfo({ name, shape, type = 'float64' }: Port) {
  const { DOUBLE, FLOAT, INT64, BOOL } = proto().onnx.TensorProto.DataType
  const elemType = { float64: DOUBLE, float32: FLOAT, int64: INT64, bool: BOOL }[type]
  const dim = shape.map((size) => (typeof size === 'string' ? { dimParam: size } : { dimValue: size }))
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}
