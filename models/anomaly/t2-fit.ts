import { DetectorError } from '../../agent/core/index.ts'
import { inverseCholesky, ledoitWolf } from '../linear-algebra.ts'
import { fitScaling, standardise, type Scaling, type TrainingRows } from './scaling.ts'

/** What is normal: where the features of each asset lie, and how they move together in all assets. */
export interface T2Fit {
  readonly scaling: Scaling
  /** Lower triangular, row-major: T² is the squared length of its product with a standardised row. */
  readonly whitening: Float64Array
  readonly shrinkage: number
}

/** Rows standardised in one go: bounds the memory of scoring. */
const rowsAtOnce = 4096

/**
 * Fits Hotelling's T² to `rows`: Hotelling (1931), "The generalization of Student's ratio", with the covariance of
 * Ledoit and Wolf (2004). A feature that never moved counts by itself, apart from the others.
 * Throws a DetectorError (TRAINING_FAILED) where the covariance cannot be inverted.
 */
export function fitT2(data: TrainingRows, rows: Uint32Array): T2Fit {
  const { size } = data
  const scaling = fitScaling(data, rows)
  const standardised = standardise(data, scaling, rows)
  const { covariance, shrinkage } = ledoitWolf(standardised, rows.length, size)
  for (let j = 0; j < size; j++) if (isStill(standardised, j, size)) covariance[j * size + j] = 1
  const whitening = inverseCholesky(covariance, size)
  if (!whitening) throw new DetectorError('TRAINING_FAILED', 'the covariance of the features cannot be inverted')
  return { scaling, whitening, shrinkage }
}

/** T² of each of `rows`. `pooled`: as if their assets had not been in the training data. */
export function scoreT2(fit: T2Fit, data: TrainingRows, rows: Uint32Array, pooled = false): Float64Array {
  const { size } = data
  const scores = new Float64Array(rows.length)
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const some = rows.subarray(from, from + rowsAtOnce)
    squaredLengths(fit.whitening, standardise(data, fit.scaling, some, pooled), size, scores.subarray(from))
  }
  return scores
}

/** The inverse covariance P = WᵀW of a fit, row-major: T² = zᵀ P z. */
export function precision({ whitening }: T2Fit, size: number): Float64Array {
  const result = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k <= i; k++) result[j * size + k] += whitening[i * size + j] * whitening[i * size + k]
    }
  }
  return result
}

/** Squared length of W z for each row z, four rows at a time: W is read once for them. */
function squaredLengths(whitening: Float64Array, rows: Float64Array, size: number, to: Float64Array): void {
  const length = rows.length / size
  const four = new Float64Array(4)
  for (let row = 0; row < length; row += 4) {
    const count = Math.min(4, length - row)
    fourLengths(whitening, rows, size, row, count, four)
    for (let i = 0; i < count; i++) to[row + i] = four[i]
  }
}

/** Squared lengths of four rows from `row` on; the last one stands in for rows beyond `count`. */
function fourLengths(
  whitening: Float64Array,
  rows: Float64Array,
  size: number,
  row: number,
  count: number,
  to: Float64Array,
): void {
  const a = row * size
  const b = (row + Math.min(1, count - 1)) * size
  const c = (row + Math.min(2, count - 1)) * size
  const d = (row + Math.min(3, count - 1)) * size
  to.fill(0)
  for (let j = 0; j < size; j++) {
    const from = j * size
    let [sa, sb, sc, sd] = [0, 0, 0, 0]
    for (let k = 0; k <= j; k++) {
      const weight = whitening[from + k]
      sa += weight * rows[a + k]
      sb += weight * rows[b + k]
      sc += weight * rows[c + k]
      sd += weight * rows[d + k]
    }
    to[0] += sa * sa
    to[1] += sb * sb
    to[2] += sc * sc
    to[3] += sd * sd
  }
}

function isStill(rows: Float64Array, column: number, size: number): boolean {
  for (let at = column; at < rows.length; at += size) if (rows[at] !== 0) return false
  return true
}
