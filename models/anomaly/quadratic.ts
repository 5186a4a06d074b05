import { DetectorError } from '../../agent/core/index.ts'
import { inverseCholesky } from '../linear-algebra.ts'
import { squaredLengths } from './squared-lengths.ts'
import type { Constant, GraphPart, Step } from '../onnx/graph.ts'
import type { NormalRows, Scorer } from './method.ts'

/** A covariance, row-major, and what is worth telling of how it was estimated. */
export interface Estimate {
  readonly covariance: Float64Array
  readonly metrics: Readonly<Record<string, number>>
}

/** Multiplications that learning may take; beyond that it looks at evenly spaced rows. */
const budget = 2e7

/** Rows that the budget allows. */
export function affordableRows(size: number): number {
  return Math.ceil(budget / size ** 2)
}

/**
 * Scores by squared distance: z' P z, where P is the inverse of an estimated covariance of each mode. A feature that never
 * moved counts by itself, apart from the others. Throws a DetectorError (TRAINING_FAILED) where it cannot be inverted.
 */
export function learnQuadratic(
  rows: NormalRows,
  estimate: (rows: Float64Array, length: number, size: number) => Estimate,
): Scorer {
  const { size, modes } = rows
  const estimates = Array.from({ length: modes }, (_, mode) => {
    const values = modes === 1 ? rows.values : rowsOfMode(rows, mode)
    const found = values.length > 0 ? estimate(values, values.length / size, size) : nothing(size)
    for (let j = 0; j < size; j++) if (isStill(values, j, size)) found.covariance[j * size + j] = 1
    return found
  })
  const whitenings = estimates.map(({ covariance }) => inverseCholesky(covariance, size))
  if (!whitenings.every((whitening) => whitening !== null)) {
    throw new DetectorError('TRAINING_FAILED', 'the covariance of the features cannot be inverted')
  }
  return new QuadraticScorer(size, whitenings, estimates[0].metrics)
}

/** For a mode that a fit on part of the time has not seen; its rows are not judged. */
function nothing(size: number): Estimate {
  return { covariance: new Float64Array(size * size), metrics: {} }
}

class QuadraticScorer implements Scorer {
  readonly metrics: Readonly<Record<string, number>>
  readonly scalars = []
  readonly backend = 'none'
  readonly #size: number
  /** Lower triangular, row-major, by mode: the score is the squared length of its product with a row. */
  readonly #whitenings: readonly Float64Array[]
  readonly #precisions: Float64Array[] = []

  constructor(size: number, whitenings: readonly Float64Array[], metrics: Readonly<Record<string, number>>) {
    this.#size = size
    this.#whitenings = whitenings
    this.metrics = metrics
  }

  score({ length, values, mode }: Pick<NormalRows, 'length' | 'values' | 'mode'>): Float64Array {
    const size = this.#size
    const scores = new Float64Array(length)
    if (this.#whitenings.length === 1) {
      squaredLengths(this.#whitenings[0], values, size, scores)
      return scores
    }
    this.#whitenings.forEach((whitening, own) => {
      const rows = Array.from(mode.keys()).filter((row) => mode[row] === own)
      const some = new Float64Array(rows.length * size)
      rows.forEach((row, i) => some.set(values.subarray(row * size, (row + 1) * size), i * size))
      const found = new Float64Array(rows.length)
      squaredLengths(whitening, some, size, found)
      rows.forEach((row, i) => (scores[row] = found[i]))
    })
    return scores
  }

  terms(row: Float64Array, mode: number): Float64Array {
    const size = this.#size
    const weights = this.#precision(mode)
    return row.map((own, j) => row.reduce((sum, other, k) => sum + weights[j * size + k] * other, 0) * own)
  }

  graph(): GraphPart {
    const modes = this.#whitenings.length
    const size = this.#size
    const product: Step = { operator: 'Mul', inputs: ['rows', 'weighted'], outputs: ['terms'] }
    if (modes === 1) {
      return {
        constants: [{ name: 'precision', shape: [size, size], values: this.#precision(0) }],
        steps: [{ operator: 'MatMul', inputs: ['rows', 'precision'], outputs: ['weighted'] }, product],
      }
    }
    const constants: Constant[] = [
      { name: 'precisions', shape: [size, modes * size], values: sideBySide(this.#all(), size) },
      { name: 'by_mode', shape: [3], values: BigInt64Array.of(0n, BigInt(modes), BigInt(size)) },
      { name: 'last_axis', shape: [1], values: BigInt64Array.of(2n) },
      { name: 'mode_axis', shape: [1], values: BigInt64Array.of(1n) },
    ]
    const steps: Step[] = [
      { operator: 'MatMul', inputs: ['rows', 'precisions'], outputs: ['weighted_flat'] },
      { operator: 'Reshape', inputs: ['weighted_flat', 'by_mode'], outputs: ['weighted_all'] },
      { operator: 'Unsqueeze', inputs: ['mode', 'last_axis'], outputs: ['mode_of_all'] },
      { operator: 'Mul', inputs: ['weighted_all', 'mode_of_all'], outputs: ['weighted_own'] },
      { operator: 'ReduceSum', inputs: ['weighted_own', 'mode_axis'], outputs: ['weighted'], attributes: { keepdims: 0 } }, // prettier-ignore
      product,
    ]
    return { constants, steps }
  }

  #all(): Float64Array[] {
    return this.#whitenings.map((_, mode) => this.#precision(mode))
  }

  /** The inverse covariance W'W, row-major. */
  #precision(mode: number): Float64Array {
    return (this.#precisions[mode] ??= squareOf(this.#whitenings[mode], this.#size))
  }
}

function squareOf(whitening: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k <= i; k++) result[j * size + k] += whitening[i * size + j] * whitening[i * size + k]
    }
  }
  return result
}

/** Square matrices beside each other, as one. */
function sideBySide(matrices: readonly Float64Array[], size: number): Float64Array {
  const width = matrices.length * size
  const result = new Float64Array(size * width)
  matrices.forEach((matrix, index) => {
    for (let j = 0; j < size; j++) result.set(matrix.subarray(j * size, (j + 1) * size), j * width + index * size)
  })
  return result
}

function rowsOfMode({ values, mode, size }: NormalRows, own: number): Float64Array {
  const result = new Float64Array(mode.reduce((count, of) => count + (of === own ? size : 0), 0))
  let at = 0
  for (let row = 0; row < mode.length; row++) {
    if (mode[row] !== own) continue
    result.set(values.subarray(row * size, (row + 1) * size), at)
    at += size
  }
  return result
}

function isStill(rows: Float64Array, column: number, size: number): boolean {
  for (let at = column; at < rows.length; at += size) if (rows[at] !== 0) return false
  return true
}
