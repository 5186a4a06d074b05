import { inverseCholesky } from '../linear-algebra.ts'

/** Turns logits into probabilities that mean what they say: softmax of `slope` * logit + `offsets`. */
export interface Calibration {
  readonly slope: number
  /** Per class; 0 for the sound state. */
  readonly offsets: Float64Array
}

const rounds = 60
/** Pull of the slope towards 1 and of the offsets towards 0, in rows. */
const pull = 1
const leastSlope = 0.01

/** Probabilities of rows of logits, rows x classes. */
export function probabilities(logits: Float64Array, { slope, offsets }: Calibration): Float64Array {
  const classes = offsets.length
  const result = new Float64Array(logits.length)
  for (let from = 0; from < logits.length; from += classes) {
    let largest = -Infinity
    for (let k = 0; k < classes; k++) largest = Math.max(largest, slope * logits[from + k] + offsets[k])
    let sum = 0
    for (let k = 0; k < classes; k++)
      sum += result[from + k] = Math.exp(slope * logits[from + k] + offsets[k] - largest)
    for (let k = 0; k < classes; k++) result[from + k] /= sum
  }
  return result
}

/**
 * One slope for all classes and an offset for each, by maximum likelihood on logits of rows that were not fitted: Platt
 * (1999), Probabilistic outputs for support vector machines; Guo et al. (2017), On calibration of modern neural networks.
 */
export function calibrate(logits: Float64Array, target: Float64Array, classes: number): Calibration {
  let current: Calibration = { slope: 1, offsets: new Float64Array(classes) }
  let best = penalisedLoss(logits, target, current)
  for (let round = 0; round < rounds; round++) {
    const step = newtonStep(logits, target, current)
    if (!step) break
    let moved: Calibration | undefined
    for (let length = 1; length > 1e-6; length /= 2) {
      const next = {
        slope: Math.max(leastSlope, current.slope - length * step[0]),
        offsets: current.offsets.map((offset, k) => (k === 0 ? 0 : offset - length * step[k])),
      }
      const loss = penalisedLoss(logits, target, next)
      if (loss >= best) continue
      const gain = best - loss
      best = loss
      if (gain > 1e-9) moved = next
      break
    }
    if (!moved) break
    current = moved
  }
  return current
}

function penalisedLoss(logits: Float64Array, target: Float64Array, calibration: Calibration): number {
  const { slope, offsets } = calibration
  const penalty = offsets.reduce((sum, offset) => sum + offset ** 2, (slope - 1) ** 2)
  return (
    rowLosses(probabilities(logits, calibration), target, offsets.length).reduce((a, b) => a + b, 0) +
    (pull * penalty) / 2
  )
}

/** Logarithmic loss of each row. */
export function rowLosses(shares: Float64Array, target: Float64Array, classes: number): Float64Array {
  return target.map((code, row) => -Math.log(Math.max(shares[row * classes + code], 1e-15)))
}

/** Inverse of the Hessian times the gradient; first the slope, then the offsets of the classes from the second on. */
function newtonStep(logits: Float64Array, target: Float64Array, calibration: Calibration): Float64Array | undefined {
  const classes = calibration.offsets.length
  const shares = probabilities(logits, calibration)
  const gradient = Float64Array.from(
    calibration.offsets,
    (offset, k) => pull * (k === 0 ? calibration.slope - 1 : offset),
  )
  const hessian = new Float64Array(classes * classes)
  for (let k = 0; k < classes; k++) hessian[k * classes + k] = pull
  for (let row = 0, from = 0; row < target.length; row++, from += classes) {
    let mean = 0
    let square = 0
    for (let k = 0; k < classes; k++) {
      mean += shares[from + k] * logits[from + k]
      square += shares[from + k] * logits[from + k] ** 2
    }
    gradient[0] += mean - logits[from + target[row]]
    hessian[0] += square - mean ** 2
    for (let k = 1; k < classes; k++) {
      const share = shares[from + k]
      gradient[k] += share - (target[row] === k ? 1 : 0)
      hessian[k] += share * (logits[from + k] - mean)
      for (let l = 1; l <= k; l++) hessian[l * classes + k] += share * ((l === k ? 1 : 0) - shares[from + l])
    }
  }
  for (let k = 0; k < classes; k++) for (let l = 0; l < k; l++) hessian[k * classes + l] = hessian[l * classes + k]
  return solve(hessian, gradient, classes)
}

function solve(matrix: Float64Array, right: Float64Array, size: number): Float64Array | undefined {
  const root = inverseCholesky(matrix, size)
  if (!root) return undefined
  // `root` is the inverse L of the Cholesky factor: the inverse of the matrix is LᵀL.
  const half = Float64Array.from({ length: size }, (_, i) => dot(size, (j) => root[i * size + j] * right[j]))
  return Float64Array.from({ length: size }, (_, i) => dot(size, (j) => root[j * size + i] * half[j]))
}

function dot(size: number, term: (index: number) => number): number {
  let sum = 0
  for (let i = 0; i < size; i++) sum += term(i)
  return sum
}
