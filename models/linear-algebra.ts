/** The linear algebra that the models need. Matrices are row-major Float64Arrays. */

/** A symmetric matrix and how far it was shrunk towards a multiple of the identity, 0 to 1. */
export interface ShrunkCovariance {
  readonly covariance: Float64Array
  readonly shrinkage: number
}

/** Rows that are turned into columns together, so that the tiles below read them from the cache. */
const rowsAtOnce = 128

/** XᵀX, `size` x `size`, for rows X: in tiles of 4 x 2, whose eight sums stay in registers. */
export function crossProduct(rows: Float64Array, length: number, size: number): Float64Array {
  const padded = Math.ceil(size / 4) * 4
  const columns = new Float64Array(padded * rowsAtOnce)
  const sums = new Float64Array(padded * padded)
  for (let from = 0; from < length; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, length - from)
    for (let row = 0, at = from * size; row < count; row++) {
      for (let j = 0; j < size; j++) columns[j * rowsAtOnce + row] = rows[at++]
    }
    for (let j = 0; j < padded; j += 4) {
      for (let k = 0; k <= j + 2; k += 2) addTile(columns, count, j, k, sums, padded)
    }
  }
  const result = new Float64Array(size * size)
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++) result[k * size + j] = result[j * size + k] = sums[j * padded + k]
  }
  return result
}

/** Adds the products of columns j to j + 3 with columns k and k + 1. */
function addTile(columns: Float64Array, count: number, j: number, k: number, sums: Float64Array, width: number): void {
  const j0 = j * rowsAtOnce
  const j1 = j0 + rowsAtOnce
  const j2 = j1 + rowsAtOnce
  const j3 = j2 + rowsAtOnce
  const k0 = k * rowsAtOnce
  const k1 = k0 + rowsAtOnce
  let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const u = columns[k0 + i]
    const v = columns[k1 + i]
    s00 += columns[j0 + i] * u
    s01 += columns[j0 + i] * v
    s10 += columns[j1 + i] * u
    s11 += columns[j1 + i] * v
    s20 += columns[j2 + i] * u
    s21 += columns[j2 + i] * v
    s30 += columns[j3 + i] * u
    s31 += columns[j3 + i] * v
  }
  const at = j * width + k
  sums[at] += s00
  sums[at + 1] += s01
  sums[at + width] += s10
  sums[at + width + 1] += s11
  sums[at + 2 * width] += s20
  sums[at + 2 * width + 1] += s21
  sums[at + 3 * width] += s30
  sums[at + 3 * width + 1] += s31
}

/**
 * Covariance of centred rows, shrunk towards a multiple of the identity so that it can be inverted even where there are
 * fewer rows than columns. Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices".
 */
export function ledoitWolf(rows: Float64Array, length: number, size: number): ShrunkCovariance {
  const covariance = crossProduct(rows, length, size)
  let trace = 0
  let squares = 0
  for (let i = 0; i < covariance.length; i++) {
    covariance[i] /= length
    squares += covariance[i] * covariance[i]
  }
  for (let j = 0; j < size; j++) trace += covariance[j * size + j]
  const mean = trace / size
  const distance = squares / size - mean ** 2
  const noise = Math.min((fourthMoment(rows, length, size) / length - squares) / (size * length), distance)
  const shrinkage = distance > 0 ? Math.max(0, noise) / distance : 1
  for (let i = 0; i < covariance.length; i++) covariance[i] *= 1 - shrinkage
  for (let j = 0; j < size; j++) covariance[j * size + j] += shrinkage * mean
  return { covariance, shrinkage }
}

/** Sum over the rows of the fourth power of their length. */
function fourthMoment(rows: Float64Array, length: number, size: number): number {
  let sum = 0
  for (let row = 0; row < length; row++) {
    let square = 0
    for (let i = row * size; i < (row + 1) * size; i++) square += rows[i] * rows[i]
    sum += square * square
  }
  return sum
}

/** Inverse of the lower Cholesky factor L of a symmetric positive definite matrix (A = L Lᵀ), or null where it is not one. */
export function inverseCholesky(matrix: Float64Array, size: number): Float64Array | null {
  const factor = new Float64Array(size * size)
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = matrix[j * size + k]
      for (let i = 0; i < k; i++) sum -= factor[j * size + i] * factor[k * size + i]
      if (j === k && !(sum > 0)) return null
      factor[j * size + k] = j === k ? Math.sqrt(sum) : sum / factor[k * size + k]
    }
  }
  const inverse = new Float64Array(size * size)
  for (let column = 0; column < size; column++) {
    inverse[column * size + column] = 1 / factor[column * size + column]
    for (let j = column + 1; j < size; j++) {
      let sum = 0
      for (let i = column; i < j; i++) sum -= factor[j * size + i] * inverse[i * size + column]
      inverse[j * size + column] = sum / factor[j * size + j]
    }
  }
  return inverse
}

/** The quantile of `values` at `share` (0 to 1), interpolated between neighbours; NaN where there are none. */
export function quantile(values: Float64Array | readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  if (sorted.length === 0) return NaN
  const place = (sorted.length - 1) * share
  const low = Math.floor(place)
  const high = Math.min(low + 1, sorted.length - 1)
  return sorted[low] + (sorted[high] - sorted[low]) * (place - low)
}
