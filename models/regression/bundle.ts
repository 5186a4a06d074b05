import type { PredictionKind } from '../../agent/core/index.ts'
import { roleOf } from '../feature-tags.ts'
import { versionOf } from '../features/index.ts'
import { quantile } from '../linear-algebra.ts'
import type { Matrix } from '../matrix.ts'
import { contentHash } from '../onnx/bundle.ts'
import { encodeOnnx, joinParts, type GraphPart } from '../onnx/graph.ts'
import type { Manifest } from '../onnx/manifest.ts'
import { sha256 } from '../onnx/runtime.ts'
import type { TrainingInput } from '../training.ts'
import { rowsOf } from './selection.ts'

/** What a trained model concludes from rows, in the units of its outputs. */
export interface Conclusions {
  readonly score: Float64Array
  readonly value: Float64Array
  readonly lower: Float64Array
  readonly upper: Float64Array
}

/** What a bundle is made of, whatever the value means. */
export interface Parts {
  readonly type: string
  readonly kind: PredictionKind
  readonly input: TrainingInput
  /** Rows of the input that were used. */
  readonly rows: Uint32Array
  readonly data: Matrix
  /** From `features` to `score`, `value`, `lower`, `upper`, float64 [batch, 1]. */
  readonly graph: GraphPart
  /** The same in plain loops: golden vectors hold the graph to it. */
  readonly conclude: (data: Matrix) => Conclusions
  readonly threshold: number
  /** Rows of `data` that are typical of a sound asset, to explain scores by. */
  readonly typical: Uint32Array
  readonly metrics: Readonly<Record<string, number>>
}

/** Sums in float32 differ in their order between here and the runtime. */
const tolerance = 1e-4

/** The manifest and graph of a trained model. */
export function composeBundle(parts: Parts): { readonly manifest: Manifest; readonly onnx: Uint8Array } {
  const { input, kind, type, graph, rows, threshold } = parts
  const { names } = input.features
  const column = (name: string) => ({ name, shape: ['batch', 1] as const })
  const onnx = encodeOnnx({
    name: input.monitor,
    inputs: [{ name: 'features', shape: ['batch', names.length], type: 'float32' }],
    outputs: ['score', 'value', 'lower', 'upper'].map(column),
    ...graph,
    metadata: { kind, features: names.join(',') },
  })
  const unnamed: Manifest = {
    format: 1,
    type,
    kind,
    monitor: input.monitor,
    version: '',
    created: input.created,
    ...(input.parent !== undefined && { parent: input.parent }),
    sha256: sha256(onnx),
    features: { version: versionOf(names), names: [...names] },
    tags: [...new Set(names.map(roleOf))],
    input: 'features',
    outputs: { score: 'score', value: 'value', lower: 'lower', upper: 'upper' },
    classes: [],
    higher_is_worse: true,
    calibration: { pooled: { mean: [], scale: [], threshold }, assets: {} },
    scaled: false,
    missing: 'passed',
    baseline: baselineOf(parts),
    training: { ...spanOf(input, rows), rows: input.features.length, used: rows.length, dropped: [] },
    metrics: { ...parts.metrics },
    golden: goldenOf(parts),
  }
  return { manifest: { ...unnamed, version: contentHash(unnamed).slice(0, 16) }, onnx }
}

/** The margin [batch, 1] float32 as float64 within bounds, where there are any. */
export function margin(from: string, to: string, bounds?: readonly [number, number]): GraphPart {
  const float64 = 11
  const cast = (input: string) => ({ operator: 'Cast', inputs: [input], outputs: [to], attributes: { to: float64 } })
  if (!bounds) return { constants: [], steps: [cast(from)] }
  const [least, most] = bounds.map((bound, i) => ({ name: `${to}_${i}`, shape: [], values: Float32Array.of(bound) }))
  const clip = { operator: 'Clip', inputs: [from, least.name, most.name], outputs: [`${to}_clipped`] }
  return { constants: [least, most], steps: [clip, cast(clip.outputs[0])] }
}

/** `to` = `from` * factor + offset, in float64. */
export function scaled(from: string, to: string, factor: number, offset = 0): GraphPart {
  const [by, plus] = [factor, offset].map((value, i) => ({
    name: `${to}_${i ? 'offset' : 'factor'}`,
    shape: [],
    values: Float64Array.of(value),
  }))
  return joinParts(
    { constants: [by], steps: [{ operator: 'Mul', inputs: [from, by.name], outputs: [`${to}_scaled`] }] },
    { constants: [plus], steps: [{ operator: 'Add', inputs: [`${to}_scaled`, plus.name], outputs: [to] }] },
  )
}

/** The larger of two float64 inputs, row by row. */
export function larger(a: string, b: string, to: string): GraphPart {
  return { constants: [], steps: [{ operator: 'Max', inputs: [a, b], outputs: [to] }] }
}

/** The larger of an input and a number. */
export function atLeast(from: string, to: string, least: number): GraphPart {
  const bound = { name: `${to}_least`, shape: [], values: Float64Array.of(least) }
  return joinParts({ constants: [bound], steps: [] }, larger(from, bound.name, to))
}

/** The smaller of an input and a number. */
export function atMost(from: string, to: string, most: number): GraphPart {
  const bound = { name: `${to}_most`, shape: [], values: Float64Array.of(most) }
  return { constants: [bound], steps: [{ operator: 'Min', inputs: [from, bound.name], outputs: [to] }] }
}

function spanOf({ features }: TrainingInput, rows: Uint32Array): { from: number; to: number } {
  let from = Infinity
  let to = -Infinity
  for (const row of rows) {
    from = Math.min(from, features.start[row])
    to = Math.max(to, features.end[row])
  }
  return { from, to }
}

/** Median of each column over the typical rows. */
function baselineOf({ data, typical }: Parts): (number | null)[] {
  const { columns, values } = data
  return Array.from({ length: columns }, (_, column) => {
    const known = Array.from(typical, (row) => values[row * columns + column]).filter(Number.isFinite)
    return known.length > 0 ? quantile(known, 0.5) : null
  })
}

/** Rows of the training data, one far off, one with every second feature missing, one with none at all. */
function goldenOf({ data, rows, input, conclude }: Parts): Manifest['golden'] {
  const picked = Uint32Array.from({ length: 5 }, (_, i) => Math.floor((i * (data.rows - 1)) / 4))
  const { columns, values } = rowsOf(data, picked)
  const first = values.subarray(0, columns)
  const vectors = [
    ...Array.from(picked.keys(), (i) => values.slice(i * columns, (i + 1) * columns)),
    first.map((value, j) => value * 2 + j + 1),
    first.map((value, j) => (j % 2 === 0 ? value : NaN)),
    first.map(() => NaN),
  ]
  const answers = conclude({
    rows: vectors.length,
    columns,
    values: Float32Array.from(vectors.flatMap((row) => [...row])),
  })
  const known = vectors.map((row) => row.some(Number.isFinite))
  const listed = (column: Float64Array) => Array.from(column, (value, i) => (known[i] ? value : null))
  const asset = Array.from(picked, (row) => input.features.asset[rows[row]])
  return {
    tolerance,
    asset: [...asset, asset[0], asset[0], asset[0]],
    inputs: vectors.map((row) => Array.from(row, (value) => (Number.isFinite(value) ? value : null))),
    scores: listed(answers.score),
    contributions: [],
    value: listed(answers.value),
    lower: listed(answers.lower),
    upper: listed(answers.upper),
  }
}
