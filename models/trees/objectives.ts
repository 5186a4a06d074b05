import type { TreeOptions } from './options.ts'
import { weightedQuantile } from './quantile.ts'

/** What boosting minimises. Margins, gradients and hessians are output-major: one block of rows per output. */
export interface Objective {
  readonly outputs: number
  /** Classes that targets are codes of; 0 where targets are quantities. */
  readonly classes: number
  /** The best constant margin per output. */
  base(target: Float64Array, weights: Float64Array): Float64Array
  /** First and second derivatives of the weighted loss by the margins. */
  derive(
    margins: Float64Array,
    target: Float64Array,
    weights: Float64Array,
    gradients: Float64Array,
    hessians: Float64Array,
  ): void
  /** Weighted mean loss. */
  loss(margins: Float64Array, target: Float64Array, weights: Float64Array): number
  /** Set where a leaf answers with this quantile of its residuals instead of a Newton step. */
  readonly leafQuantile?: number
}

/** The objective that the options name, for these targets. */
export function objectiveOf(options: TreeOptions, target: Float64Array): Objective {
  switch (options.objective) {
    case 'squared':
      return regression(
        mean,
        (residual) => residual,
        () => 1,
        (residual) => residual ** 2 / 2,
      )
    case 'absolute':
      return quantileObjective(0.5)
    case 'quantile':
      return quantileObjective(options.quantile)
    case 'huber':
      return huber(options.delta)
    case 'logistic':
      return logistic
    case 'softmax':
      return softmax(options.classes > 0 ? options.classes : Math.max(...distinct(target), 0) + 1)
  }
}

type OfResidual = (residual: number) => number

/** An objective of residual = margin - target. */
function regression(
  center: (target: Float64Array, weights: Float64Array) => number,
  slope: OfResidual,
  curvature: OfResidual,
  lossOf: OfResidual,
): Objective {
  return {
    outputs: 1,
    classes: 0,
    base: (target, weights) => Float64Array.of(center(target, weights)),
    derive: (margins, target, weights, gradients, hessians) => {
      for (let i = 0; i < target.length; i++) {
        const residual = margins[i] - target[i]
        gradients[i] = weights[i] * slope(residual)
        hessians[i] = weights[i] * curvature(residual)
      }
    },
    loss: (margins, target, weights) => weightedMean(weights, (i) => lossOf(margins[i] - target[i])),
  }
}

function quantileObjective(quantile: number): Objective {
  return {
    ...regression(
      (target, weights) => weightedQuantile(target, weights, quantile),
      (residual) => (residual > 0 ? 1 - quantile : -quantile),
      () => 1,
      (residual) => (residual > 0 ? (1 - quantile) * residual : -quantile * residual),
    ),
    leafQuantile: quantile,
  }
}

function huber(delta: number): Objective {
  return regression(
    (target, weights) => weightedQuantile(target, weights, 0.5),
    (residual) => Math.max(-delta, Math.min(delta, residual)),
    () => 1,
    (residual) => {
      const size = Math.abs(residual)
      return size <= delta ? size ** 2 / 2 : delta * (size - delta / 2)
    },
  )
}

const logistic: Objective = {
  outputs: 1,
  classes: 2,
  base: (target, weights) => {
    const share = Math.min(1 - 1e-6, Math.max(1e-6, mean(target, weights)))
    return Float64Array.of(Math.log(share / (1 - share)))
  },
  derive: (margins, target, weights, gradients, hessians) => {
    for (let i = 0; i < target.length; i++) {
      const probability = 1 / (1 + Math.exp(-margins[i]))
      gradients[i] = weights[i] * (probability - target[i])
      hessians[i] = weights[i] * probability * (1 - probability)
    }
  },
  loss: (margins, target, weights) =>
    weightedMean(
      weights,
      (i) => Math.max(margins[i], 0) - margins[i] * target[i] + Math.log1p(Math.exp(-Math.abs(margins[i]))),
    ),
}

/** Softmax over `classes`; second derivatives are scaled by K / (K - 1), after Friedman (2001), Greedy function approximation. */
function softmax(classes: number): Objective {
  const stretch = classes > 1 ? classes / (classes - 1) : 1
  return {
    outputs: classes,
    classes,
    base: (target, weights) => {
      const sums = new Float64Array(classes).fill(0.5)
      target.forEach((code, i) => (sums[code] += weights[i]))
      const total = sums.reduce((sum, value) => sum + value, 0)
      return sums.map((sum) => Math.log(sum / total))
    },
    derive: (margins, target, weights, gradients, hessians) => {
      const rows = target.length
      for (let i = 0; i < rows; i++) {
        const total = logSum(margins, i, rows, classes)
        for (let k = 0, at = i; k < classes; k++, at += rows) {
          const probability = Math.exp(margins[at] - total)
          gradients[at] = weights[i] * (probability - (target[i] === k ? 1 : 0))
          hessians[at] = weights[i] * stretch * probability * (1 - probability)
        }
      }
    },
    loss: (margins, target, weights) => {
      const rows = target.length
      return weightedMean(weights, (i) => logSum(margins, i, rows, classes) - margins[target[i] * rows + i])
    },
  }
}

/** Logarithm of the sum of the exponentials of row `row`. */
function logSum(margins: Float64Array, row: number, rows: number, classes: number): number {
  let largest = -Infinity
  for (let k = 0; k < classes; k++) largest = Math.max(largest, margins[k * rows + row])
  let sum = 0
  for (let k = 0; k < classes; k++) sum += Math.exp(margins[k * rows + row] - largest)
  return largest + Math.log(sum)
}

function mean(target: Float64Array, weights: Float64Array): number {
  return weightedMean(weights, (i) => target[i])
}

function weightedMean(weights: Float64Array, of: (row: number) => number): number {
  let sum = 0
  let total = 0
  for (let i = 0; i < weights.length; i++) {
    sum += weights[i] * of(i)
    total += weights[i]
  }
  return total > 0 ? sum / total : 0
}

function distinct(target: Float64Array): number[] {
  return [...new Set(target)]
}
