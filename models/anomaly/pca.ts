import { symmetricEigen } from '../eigen.ts'
import { crossProduct } from '../linear-algebra.ts'
import type { Method } from './method.ts'
import { affordableRows, learnQuadratic, type Estimate } from './quadratic.ts'

/** Share of the variance that the components hold. */
const held = 0.9
/** No direction has less variance than this share of the mean one: rounding would be an anomaly. */
const leastShare = 1e-3

/**
 * Principal components: T² within the components that hold nine tenths of the variance, and Q, the squared distance from
 * them, each by its expected value: Yue and Qin (2001), "Reconstruction-based fault identification using a combined
 * index". Their sum is a quadratic form, that of a covariance with one variance for all directions left out.
 */
export const pca: Method = {
  name: 'pca',
  meaning:
    'The score is the combined index of principal components: T² within those that hold nine tenths of the variance, and Q, the distance from them. About as much as there are features is ordinary.',
  leastRows: 0,
  mostRows: affordableRows,
  learn: (rows) => learnQuadratic(rows, spiked),
}

function spiked(rows: Float64Array, length: number, size: number): Estimate {
  const sample = crossProduct(rows, length, size)
  for (let i = 0; i < sample.length; i++) sample[i] /= length
  const { values, vectors } = symmetricEigen(sample, size)
  const total = values.reduce((sum, value) => sum + value, 0)
  let components = 0
  for (let sum = 0; components < size - 1 && sum < held * total; components++) sum += values[components]
  const least = (leastShare * total) / size || 1
  const rest = values.subarray(components).reduce((sum, value) => sum + value, 0) / (size - components)
  const variance = values.map((value, i) => Math.max(i < components ? value : rest, least))
  const covariance = new Float64Array(size * size)
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = 0
      for (let i = 0; i < size; i++) sum += variance[i] * vectors[i * size + j] * vectors[i * size + k]
      covariance[j * size + k] = covariance[k * size + j] = sum
    }
  }
  return { covariance, metrics: { components } }
}
