import {
  type Detector,
  DetectorError,
  type FeatureBatch,
  type FeatureDistribution,
  type PredictionKind,
  type Scores,
} from '../../agent/core/index.ts'
import type { Tensor } from 'onnxruntime-node'
import type { Manifest, ModelBundle } from './manifest.ts'
import { checkGolden } from './golden.ts'
import { occlusionOf, type Occlusion } from './occlusion.ts'
import { openSession, sha256, type Numbers, type OnnxSession, type Port } from './runtime.ts'
import { Standardiser } from './standardiser.ts'

/**
 * Rows per run of a model. Every run has the same shape, padded with zeros where rows are few: matrix kernels choose
 * their order of additions by the shape, and a row's score must not depend on the rows beside it. A multiple of the 4,
 * 6 and 12 rows that the kernels work on, so that no row is the rest of a division.
 */
const blockRows = 96

/**
 * A detector from a bundle: checks the hash, the inputs and outputs of the graph and the golden vectors.
 * Rejects with a DetectorError: MODEL_BROKEN where the bytes are damaged, MODEL_MISMATCH where they do not fit.
 */
export async function openDetector({ manifest, onnx }: ModelBundle): Promise<Detector> {
  if (sha256(onnx) !== manifest.sha256) {
    throw new DetectorError(
      'MODEL_BROKEN',
      `model.onnx of ${manifest.version} is not the file its manifest describes`,
      {
        remedy: 'Restore the bundle from a copy, or train again.',
      },
    )
  }
  const session = await openSession(onnx, `model ${manifest.version}`)
  try {
    const detector = new OnnxDetector(manifest, session)
    await checkGolden(manifest, detector)
    return detector
  } catch (error) {
    await session.close()
    throw error
  }
}

class OnnxDetector implements Detector {
  readonly version: string
  readonly kind: PredictionKind
  readonly inputs: readonly string[]
  readonly distribution?: FeatureDistribution
  readonly #manifest: Manifest
  readonly #session: OnnxSession
  readonly #standardiser: Standardiser
  readonly #rows: number
  /** Whether runs have one fixed shape. */
  readonly #padded: boolean
  readonly #single: boolean
  readonly #occlusion: Occlusion | undefined

  constructor(manifest: Manifest, session: OnnxSession) {
    const input = checkPorts(manifest, session)
    this.version = manifest.version
    this.kind = manifest.kind
    this.inputs = manifest.features.names
    if (manifest.distribution) this.distribution = manifest.distribution
    this.#manifest = manifest
    this.#session = session
    this.#standardiser = new Standardiser(manifest)
    this.#rows = typeof input.shape[0] === 'number' ? input.shape[0] : blockRows
    this.#padded = manifest.padded !== false || typeof input.shape[0] === 'number'
    this.#single = input.type === 'float32'
    this.#occlusion = occlusionOf(manifest, this.#standardiser)
  }

  async score(features: FeatureBatch): Promise<Scores> {
    this.#standardiser.prepare(features.names)
    const scores = emptyScores(this.#manifest, features.length)
    for (let from = 0; from < features.length; from += this.#rows) await this.#scoreBlock(features, from, scores)
    return scores
  }

  #numbers(rows: number): Numbers {
    const size = rows * this.#manifest.features.names.length
    return this.#single ? new Float32Array(size) : new Float64Array(size)
  }

  async #scoreBlock(features: FeatureBatch, from: number, scores: Scores): Promise<void> {
    const { names } = this.#manifest.features
    const count = Math.min(this.#rows, features.length - from)
    const input = this.#numbers(this.#padded ? this.#rows : count)
    const codes = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      const code = (codes[i] = this.#standardiser.code(features.asset[from + i]))
      const threshold = this.#standardiser.write(features, from + i, code, input, i * names.length)
      scores.threshold[from + i] = threshold ?? this.#standardiser.thresholds[code]
      scores.score[from + i] = threshold === undefined ? NaN : 0
      // No NaN gets into a graph that takes none.
      if (threshold === undefined) input.fill(0, i * names.length, (i + 1) * names.length)
    }
    this.#read(await this.#run(input), from, count, scores)
    if (this.#occlusion) await this.#explain(this.#occlusion, input, from, codes, scores)
  }

  #run(input: Numbers): Promise<Readonly<Record<string, Tensor>>> {
    const { length } = this.#manifest.features.names
    return this.#session.run(this.#manifest.input, input, [input.length / length, length])
  }

  #read(outputs: Readonly<Record<string, Tensor>>, from: number, count: number, scores: Scores): void {
    const { outputs: names, tags } = this.#manifest
    this.#readScores(outputs, from, count, scores.score)
    for (const name of ['value', 'lower', 'upper'] as const) {
      const into = scores[name]
      const output = names[name]
      if (!into || output === undefined) continue
      const values = numbersOf(outputs[output], count)
      for (let i = 0; i < count; i++) into[from + i] = Number.isNaN(scores.score[from + i]) ? NaN : values[i]
    }
    if (names.probabilities !== undefined) this.#readClasses(outputs[names.probabilities], from, count, scores)
    if (names.contributions === undefined || tags.length === 0) return
    const shares = numbersOf(outputs[names.contributions], count * tags.length)
    for (let i = 0; i < count; i++) {
      if (Number.isNaN(scores.score[from + i])) continue
      for (let tag = 0; tag < tags.length; tag++) {
        scores.contributions[(from + i) * tags.length + tag] = shares[i * tags.length + tag]
      }
    }
  }

  /** Keeps NaN where a row holds too little for an opinion. */
  #readScores(outputs: Readonly<Record<string, Tensor>>, from: number, count: number, into: Float64Array): void {
    const raw = numbersOf(outputs[this.#manifest.outputs.score], count)
    for (let i = 0; i < count; i++) {
      if (!Number.isNaN(into[from + i])) into[from + i] = this.#manifest.higher_is_worse ? raw[i] : -raw[i]
    }
  }

  /** The sound state up to the threshold, beyond it the fault that is dearest to miss. */
  #readClasses(output: Tensor, from: number, count: number, scores: Scores): void {
    const { classes, costs, sound = true } = this.#manifest
    const { label, probability } = scores
    if (!label || !probability) return
    const values = numbersOf(output, count * classes.length)
    const dear = (at: number, code: number) => (costs?.[code] ?? 1) * values[at + code]
    for (let i = 0; i < count; i++) {
      const row = from + i
      if (Number.isNaN(scores.score[row])) continue
      const at = i * classes.length
      let best = 0
      if (!sound || scores.score[row] > scores.threshold[row]) {
        best = Number(sound)
        for (let code = best + 1; code < classes.length; code++) if (dear(at, code) > dear(at, best)) best = code
      }
      label[row] = best
      probability[row] = values[at + best]
    }
  }

  /** Explains the rows beyond the threshold: how much of the score goes when a tag takes its typical sound values. */
  async #explain(occlusion: Occlusion, input: Numbers, from: number, codes: Int32Array, scores: Scores): Promise<void> {
    const rows = Array.from(codes.keys()).filter((i) => scores.score[from + i] > scores.threshold[from + i])
    if (rows.length === 0) return
    const { tags, features } = this.#manifest
    const width = features.names.length
    const contributions = (i: number) => (from + i) * tags.length
    if (!this.#padded) {
      // A run for each row, with a tag changed in each of its own.
      for (const i of rows) {
        const changed = this.#numbers(tags.length)
        for (let tag = 0; tag < tags.length; tag++) {
          changed.set(input.subarray(i * width, (i + 1) * width), tag * width)
          occlusion.apply(tag, codes[i], changed, tag * width)
        }
        const without = new Float64Array(tags.length)
        this.#readScores(await this.#run(changed), 0, tags.length, without)
        tags.forEach((_, tag) => (scores.contributions[contributions(i) + tag] = Math.max(0, scores.score[from + i] - without[tag]))) // prettier-ignore
      }
      return
    }
    const without = new Float64Array(codes.length)
    for (let tag = 0; tag < tags.length; tag++) {
      const changed = input.slice()
      for (const i of rows) occlusion.apply(tag, codes[i], changed, i * width)
      without.fill(0)
      this.#readScores(await this.#run(changed), 0, codes.length, without)
      for (const i of rows) {
        scores.contributions[contributions(i) + tag] = Math.max(0, scores.score[from + i] - without[i])
      }
    }
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}

/** Columns for `length` rows: those that the outputs of the model give. */
function emptyScores({ tags, outputs, classes }: Manifest, length: number): Scores {
  const column = () => new Float64Array(length).fill(NaN)
  return {
    score: new Float64Array(length),
    threshold: new Float64Array(length),
    contributions: new Float64Array(length * tags.length),
    tags,
    ...(outputs.value !== undefined && { value: column() }),
    ...(outputs.lower !== undefined && { lower: column() }),
    ...(outputs.upper !== undefined && { upper: column() }),
    ...(outputs.probabilities !== undefined && {
      label: new Int32Array(length).fill(-1),
      probability: column(),
      classes,
    }),
  }
}

function numbersOf({ data }: Tensor, least: number): Numbers {
  if ((data instanceof Float32Array || data instanceof Float64Array) && data.length >= least) return data
  throw mismatch(`an output of the model has ${data.length} values where ${least} were expected`)
}

/** Checks that the graph takes and gives what the manifest says; returns its input. */
function checkPorts({ input, outputs, features, tags, classes }: Manifest, session: OnnxSession): Port {
  const port = session.inputs.find(({ name }) => name === input)
  if (!port || session.inputs.length !== 1) {
    throw mismatch(`the model has the inputs ${namesOf(session.inputs)} where one named "${input}" was expected`)
  }
  const columns = features.names.length
  if (!isReal(port) || port.shape.length !== 2 || (typeof port.shape[1] === 'number' && port.shape[1] !== columns)) {
    throw mismatch(
      `the model takes ${describe(port)}, but the monitor has ${columns} features: float32 or float64 [batch, ${columns}] is needed`,
    )
  }
  checkOutput(session, outputs.score, 1)
  if (outputs.contributions !== undefined) checkOutput(session, outputs.contributions, tags.length)
  if (outputs.probabilities !== undefined) checkOutput(session, outputs.probabilities, classes.length)
  for (const name of [outputs.value, outputs.lower, outputs.upper]) {
    if (name !== undefined) checkOutput(session, name, 1)
  }
  return port
}

function checkOutput(session: OnnxSession, name: string, columns: number): void {
  const port = session.outputs.find((output) => output.name === name)
  if (!port) throw mismatch(`the model has the outputs ${namesOf(session.outputs)}, but none named "${name}"`)
  const [, width = 1] = port.shape
  if (isReal(port) && port.shape.length <= 2 && (typeof width === 'string' || width === columns)) return
  throw mismatch(`the output ${describe(port)} should be float32 or float64 [batch, ${columns}]`)
}

const isReal = ({ type }: Port): boolean => type === 'float32' || type === 'float64'
const describe = ({ name, type, shape }: Port): string => `"${name}" ${type} [${shape.join(', ')}]`
const namesOf = (ports: readonly Port[]): string => ports.map(({ name }) => `"${name}"`).join(', ')

function mismatch(message: string): DetectorError {
  return new DetectorError('MODEL_MISMATCH', message, {
    remedy:
      'Name the inputs and outputs of the file in the configuration, or export it for the features of this monitor.',
  })
}
