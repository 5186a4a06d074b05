import type { Bins } from './bins.ts'
import type { TreeOptions } from './options.ts'

/** How a node is best divided: rows up to bin `bin` of a column go left, the others right. */
export interface Split {
  readonly gain: number
  readonly column: number
  readonly bin: number
  readonly missingLeft: boolean
  /** Sums of the rows that go left. */
  readonly gradient: number
  readonly hessian: number
}

/** Sums of second derivatives below this share of the node's are rounding errors of histogram subtraction. */
const nothing = 1e-12

/**
 * The best split of a node by its histogram (gradient and hessian of each bin, one after the other), undefined where
 * none is allowed. Missing values are tried on both sides; where there are none they will go with the heavier side.
 */
export function bestSplit(
  histogram: Float64Array,
  { cuts, offsets }: Bins,
  columns: Uint32Array,
  node: { readonly gradient: number; readonly hessian: number },
  { l2, minChildWeight, minGain }: TreeOptions,
): Split | undefined {
  const least = Math.max(minChildWeight, nothing)
  const before = node.gradient ** 2 / (node.hessian + l2)
  let bestGain = minGain
  let best: Split | undefined
  for (const column of columns) {
    const bins = cuts[column].length + 1
    const first = offsets[column] * 2
    const missingHessian = histogram[first + bins * 2 + 1]
    const someMissing = missingHessian > nothing * node.hessian
    const missingGradient = someMissing ? histogram[first + bins * 2] : 0
    let gradient = 0
    let hessian = 0
    // The last bin is a cut only between known and missing values.
    const last = someMissing ? bins : bins - 1
    for (let bin = 0; bin < last; bin++) {
      gradient += histogram[first + bin * 2]
      hessian += histogram[first + bin * 2 + 1]
      for (let side = 0; side < (someMissing && bin < bins - 1 ? 2 : 1); side++) {
        const left = side === 0 ? gradient : gradient + missingGradient
        const leftWeight = side === 0 ? hessian : hessian + missingHessian
        const right = node.gradient - left
        const rightWeight = node.hessian - leftWeight
        if (leftWeight < least || rightWeight < least) continue
        const gain = left ** 2 / (leftWeight + l2) + right ** 2 / (rightWeight + l2) - before
        if (gain <= bestGain) continue
        bestGain = gain
        const missingLeft = someMissing ? side === 1 : leftWeight > rightWeight
        best = { gain, column, bin, missingLeft, gradient: left, hessian: leftWeight }
      }
    }
  }
  return best
}
