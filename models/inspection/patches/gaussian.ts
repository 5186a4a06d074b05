import { DetectorError } from '../../../agent/core/index.ts'
import { inverseCholesky, ledoitWolf } from '../../linear-algebra.ts'

/** A Gaussian: the distance of x is the length of `whitening` (x - mean). */
export interface Gaussian {
  readonly mean: Float64Array
  /** [size, size], row-major. */
  readonly whitening: Float64Array
}

/** Added to the shrunk correlation's diagonal: features that hardly vary in the training must not decide alone. */
const ridge = 1e-3

/**
 * Deviations are not taken for smaller than this: where training images are flat and alike, the least change would be a wonder,
 * and single precision would decide. Rounding to 8 bits alone moves logarithms of energy by as much.
 */
const leastDeviation = 0.02

/**
 * A Gaussian over rows [length, size], its covariance shrunk in units of each column's standard deviation.
 * Throws a DetectorError (TRAINING_FAILED) where the numbers allow none.
 */
export function fitGaussian(rows: Float64Array, length: number, size: number): Gaussian {
  const { mean, scale } = momentsOf(rows, length, size)
  const scaled = new Float64Array(length * size)
  for (let at = 0; at < scaled.length;) for (let j = 0; j < size; j++, at++) scaled[at] = (rows[at] - mean[j]) / scale[j] // prettier-ignore
  const { covariance } = ledoitWolf(scaled, length, size)
  for (let j = 0; j < size; j++) covariance[j * size + j] += ridge
  const whitening = inverseCholesky(covariance, size)
  if (!whitening) throw new DetectorError('TRAINING_FAILED', 'the good images are all the same, to the pixel')
  for (let at = 0; at < whitening.length;) for (let j = 0; j < size; j++, at++) whitening[at] /= scale[j]
  return { mean, whitening }
}

function momentsOf(rows: Float64Array, length: number, size: number) {
  const mean = new Float64Array(size)
  const scale = new Float64Array(size)
  for (let at = 0; at < rows.length;) for (let j = 0; j < size; j++) mean[j] += rows[at++] / length
  for (let at = 0; at < rows.length;) for (let j = 0; j < size; j++) scale[j] += (rows[at++] - mean[j]) ** 2 / length
  for (let j = 0; j < size; j++) scale[j] = Math.sqrt(scale[j] + leastDeviation ** 2)
  return { mean, scale }
}

/** The distance of `row` from a Gaussian. */
export function distance({ mean, whitening }: Gaussian, row: Float64Array): number {
  const size = mean.length
  let sum = 0
  for (let j = 0; j < size; j++) {
    let length = 0
    for (let k = 0; k <= j; k++) length += whitening[j * size + k] * (row[k] - mean[k])
    sum += length * length
  }
  return Math.sqrt(sum)
}
