import type { Matrix } from '../matrix.ts'

/** A tree as columns by node; node 0 is the root. A row goes left where its feature is at most the threshold. */
export interface Tree {
  /** The output that the tree adds to. */
  readonly output: number
  /** Column that a node asks for; -1: it is a leaf. */
  readonly feature: Int32Array
  readonly threshold: Float32Array
  readonly left: Int32Array
  readonly right: Int32Array
  /** 1: rows without this feature go left. */
  readonly missingLeft: Uint8Array
  /** Answers of leaves, float32. */
  readonly value: Float32Array
}

/** The leaf that row `row` ends in. */
export function leafOf({ feature, threshold, left, right, missingLeft }: Tree, data: Matrix, row: number): number {
  const at = row * data.columns
  let node = 0
  for (let column = feature[0]; column >= 0; column = feature[node]) {
    const value = data.values[at + column]
    const goesLeft = value <= threshold[node] || (value !== value && missingLeft[node] === 1)
    node = goesLeft ? left[node] : right[node]
  }
  return node
}
