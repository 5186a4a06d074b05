import type { Matrix } from '../matrix.ts'
import { softmax } from './layers.ts'

/** How wrong a network is about the rows of a data set. */
export interface Loss {
  /** Numbers that the network gives per row. */
  readonly outputs: number
  /**
   * The sum over `rows` of the loss of what the network gave for them (row-major), and of the weights of these rows.
   * Where `gradient` is given, it becomes the slope of their quotient by each number.
   */
  evaluate(given: Float32Array, rows: Uint32Array, gradient?: Float32Array): { sum: number; weight: number }
}

/** Squared below a distance of 1, absolute beyond: outliers pull no harder than others. Source: Huber (1964). */
export function smoothL1(target: Float64Array, weights: Float64Array): Loss {
  return {
    outputs: 1,
    evaluate: (given, rows, gradient) => {
      const weight = sumOf(weights, rows)
      let sum = 0
      for (let i = 0; i < rows.length; i++) {
        const own = weights[rows[i]]
        const distance = given[i] - target[rows[i]]
        const size = Math.abs(distance)
        sum += own * (size < 1 ? (distance * distance) / 2 : size - 0.5)
        if (gradient) gradient[i] = weight > 0 ? (own * Math.max(-1, Math.min(1, distance))) / weight : 0
      }
      return { sum, weight }
    },
  }
}

/** Cross-entropy of class codes 0, 1 ...; the network gives logits. */
export function crossEntropy(target: Float64Array, weights: Float64Array, classes: number): Loss {
  return {
    outputs: classes,
    evaluate: (given, rows, gradient) => {
      const shares = Float64Array.from(given)
      const weight = sumOf(weights, rows)
      let sum = 0
      for (let i = 0, at = 0; i < rows.length; i++) {
        const code = target[rows[i]]
        const own = weights[rows[i]]
        softmax(shares, at, classes)
        sum -= own * Math.log(Math.max(shares[at + code], Number.MIN_VALUE))
        for (let j = 0; j < classes; j++, at++) {
          if (gradient) gradient[at] = weight > 0 ? (own / weight) * (shares[at] - (j === code ? 1 : 0)) : 0
        }
      }
      return { sum, weight }
    },
  }
}

/** Mean squared distance from the rows of a matrix. */
export function squaredError({ values, columns }: Matrix): Loss {
  return {
    outputs: columns,
    evaluate: (given, rows, gradient) => {
      let sum = 0
      const share = 2 / (columns * rows.length)
      for (let i = 0, at = 0; i < rows.length; i++) {
        for (let j = 0, from = rows[i] * columns; j < columns; j++, from++, at++) {
          const distance = given[at] - values[from]
          sum += (distance * distance) / columns
          if (gradient) gradient[at] = distance * share
        }
      }
      return { sum, weight: rows.length }
    },
  }
}

function sumOf(weights: Float64Array, rows: Uint32Array): number {
  let sum = 0
  for (const row of rows) sum += weights[row]
  return sum
}
