import { roleOf } from '../feature-tags.ts'
import type { Manifest } from '../onnx/manifest.ts'
import { centreRows, modeOf } from './front.ts'
import { imputerFor, type Normal } from './normal.ts'
import { standardise, type TrainingRows } from './scaling.ts'

/** How many training rows become golden vectors. */
const samples = 4
/** The order of additions is all that differs, and the weights of a network are rounded to single precision. */
const tolerances = { 'hotelling-t2': 1e-9, pca: 1e-9, autoencoder: 1e-4 } as const

/**
 * Feature vectors with the trainer's own answers: rows of the training data, one far off, one whose last feature is missing, one with none at all, and one of an asset that the training did not know.
 */
export function goldenVectors(
  data: TrainingRows,
  normal: Normal,
  factors: Float64Array,
  labels: { readonly names: readonly string[]; readonly tags: readonly string[]; readonly method: keyof typeof tolerances }, // prettier-ignore
): Manifest['golden'] {
  const { size } = data
  const picked = Array.from({ length: samples }, (_, i) => Math.floor((i * (data.length - 1)) / (samples - 1)))
  const inputs = picked.map((row) => Array.from(data.values.subarray(row * size, (row + 1) * size)))
  const asset = picked.map((row) => data.assets[data.asset[row]])
  const [first] = inputs
  const [name] = asset
  inputs.push(
    first.map((value, j) => value * 2 + j + 1),
    first.map((value, j) => (j < size - 1 || size < 3 ? value : NaN)),
  )
  inputs.push(
    first.map(() => NaN),
    first,
  )
  asset.push(name, name, name, '')
  const answers = answer(data, normal, factors, inputs, asset)
  return {
    tolerance: tolerances[labels.method],
    asset,
    inputs: inputs.map((row) => row.map(orNull)),
    scores: answers.map((terms) => (terms ? terms.reduce((sum, term) => sum + term, 0) : null)),
    contributions: answers.map((terms) =>
      labels.tags.map((tag) =>
        labels.names.reduce((sum, column, j) => (roleOf(column) === tag ? sum + (terms?.[j] ?? 0) : sum), 0),
      ),
    ),
  }
}

/** The terms of the score per feature of each row, in plain loops; null where a row has no value, or no mode. */
function answer(
  data: TrainingRows,
  { scaling, front, relation, scorer }: Normal,
  factors: Float64Array,
  inputs: readonly number[][],
  asset: readonly string[],
) {
  const { size, assets } = data
  const codes = asset.map((name) => (assets.includes(name) ? assets.indexOf(name) : assets.length))
  const rows: TrainingRows = {
    ...data,
    length: inputs.length,
    values: Float64Array.from(inputs.flat()),
    asset: Uint32Array.from(codes),
  }
  const standardised = standardise(rows, scaling, Uint32Array.from(inputs.keys()), {
    missing: front || relation ? NaN : 0,
  })
  const imputer = relation && imputerFor(relation, size)
  return inputs.map((input, row) => {
    const scale = (j: number) => scaling.scale[codes[row] * size + j]
    if (!input.some((value, j) => Number.isFinite(value) && scale(j) > 0)) return null
    const own = standardised.subarray(row * size, (row + 1) * size)
    imputer?.fill(own, 0)
    if (!front) return Array.from(scorer.terms(own, 0))
    const mode = modeOf(front, own)
    if (mode < 0) return null
    return Array.from(scorer.terms(centreRows(front, own, Int32Array.of(mode)), mode), (term) => term * factors[mode])
  })
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
