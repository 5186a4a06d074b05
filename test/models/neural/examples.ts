import type { Matrix } from '../../../models/matrix.ts'
import { seededRandom } from '../../../models/random.ts'

/** A matrix whose rows are `row(random)`. */
export function matrixOf(rows: number, seed: number, row: (normal: () => number) => readonly number[]): Matrix {
  const random = seededRandom(seed)
  const values = Array.from({ length: rows }, () => row(() => random.normal()))
  return { rows, columns: values[0].length, values: Float32Array.from(values.flat()) }
}

/** The target of each row. */
export function targetOf({ rows, columns, values }: Matrix, target: (row: Float32Array) => number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => target(values.subarray(row * columns, (row + 1) * columns)))
}

/** Share of the variance of `target` that `given` explains. */
export function rSquared(given: Float64Array, target: Float64Array): number {
  const mean = target.reduce((sum, value) => sum + value, 0) / target.length
  const sum = (of: (value: number, row: number) => number) => target.reduce((total, v, row) => total + of(v, row), 0)
  return 1 - sum((value, row) => (value - given[row]) ** 2) / sum((value) => (value - mean) ** 2)
}
