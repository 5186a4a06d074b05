import { roleOf } from '../feature-tags.ts'
import type { Manifest } from '../onnx/manifest.ts'
import { standardise, type TrainingRows } from './scaling.ts'
import { precision, type T2Fit } from './t2-fit.ts'

/** How many training rows become golden vectors. */
const samples = 4
/** Double precision on both sides: the order of additions is all that differs. */
const tolerance = 1e-9

/**
 * Feature vectors with the trainer's own answers: rows of the training data, one far off, one with every second
 * feature missing, one with none at all, and one of an asset that the training did not know.
 */
export function goldenVectors(
  data: TrainingRows,
  fit: T2Fit,
  names: readonly string[],
  tags: readonly string[],
): Manifest['golden'] {
  const { size } = data
  const picked = Array.from({ length: samples }, (_, i) => Math.floor((i * (data.length - 1)) / (samples - 1)))
  const inputs = picked.map((row) => Array.from(data.values.subarray(row * size, (row + 1) * size)))
  const asset = picked.map((row) => data.assets[data.asset[row]])
  const [first] = inputs
  const [name] = asset
  inputs.push(
    first.map((value, j) => value * 2 + j + 1),
    first.map((value, j) => (j % 2 === 0 ? value : NaN)),
  )
  inputs.push(
    first.map(() => NaN),
    first,
  )
  asset.push(name, name, name, '')
  const answers = answer(data, fit, inputs, asset)
  return {
    tolerance,
    asset,
    inputs: inputs.map((row) => row.map(orNull)),
    scores: answers.map((terms) => (terms ? terms.reduce((sum, term) => sum + term, 0) : null)),
    contributions: answers.map((terms) =>
      tags.map((tag) => names.reduce((sum, column, j) => (roleOf(column) === tag ? sum + (terms?.[j] ?? 0) : sum), 0)),
    ),
  }
}

/** The terms of T² per feature of each row, in plain loops; null where a row has no value. */
function answer(data: TrainingRows, fit: T2Fit, inputs: readonly number[][], asset: readonly string[]) {
  const { size, assets } = data
  const codes = asset.map((name) => (assets.includes(name) ? assets.indexOf(name) : assets.length))
  const rows: TrainingRows = {
    ...data,
    length: inputs.length,
    values: Float64Array.from(inputs.flat()),
    asset: Uint32Array.from(codes),
  }
  const standardised = standardise(rows, fit.scaling, Uint32Array.from(inputs.keys()))
  const weights = precision(fit, size)
  return inputs.map((input, row) => {
    const scale = (j: number) => fit.scaling.scale[codes[row] * size + j]
    if (!input.some((value, j) => Number.isFinite(value) && scale(j) > 0)) return null
    const z = standardised.subarray(row * size, (row + 1) * size)
    return Array.from(z, (own, j) => z.reduce((sum, other, k) => sum + weights[j * size + k] * other, 0) * own)
  })
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null
}
