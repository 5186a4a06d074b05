import type { Bins } from './bins.ts'
import type { TreeOptions } from './options.ts'
import { bestSplit, type Split } from './split.ts'
import type { Tree } from './tree.ts'

/** A node that may still be divided. Its rows are `from` to `to` of the grower's list. */
interface Node {
  readonly id: number
  readonly depth: number
  readonly from: number
  readonly to: number
  readonly gradient: number
  readonly hessian: number
  readonly histogram?: Float64Array
  readonly split?: Split
}

/** A grown tree, its leaves with their rows, and what each column gained. */
export interface Grown {
  readonly tree: Tree
  readonly leaves: readonly { readonly node: number; readonly rows: Uint32Array }[]
}

/** Grows trees on one set of binned rows, best split first; histograms and lists are kept from tree to tree. */
export class Grower {
  readonly #bins: Bins
  readonly #options: TreeOptions
  /** Gain by column, of all trees so far. */
  readonly importance: Float64Array
  readonly #spare: Float64Array[] = []
  readonly #rows: Uint32Array
  readonly #aside: Uint32Array
  readonly #gradient: Float64Array
  readonly #hessian: Float64Array

  constructor(bins: Bins, options: TreeOptions) {
    this.#bins = bins
    this.#options = options
    this.importance = new Float64Array(bins.columns)
    this.#rows = new Uint32Array(bins.rows)
    this.#aside = new Uint32Array(bins.rows)
    this.#gradient = new Float64Array(bins.rows)
    this.#hessian = new Float64Array(bins.rows)
  }

  /** `gradients`, `hessians`: of all rows; `rows`, `columns`: those to look at, ascending. */
  grow(
    output: number,
    gradients: Float64Array,
    hessians: Float64Array,
    rows: Uint32Array,
    columns: Uint32Array,
  ): Grown {
    this.#rows.set(rows)
    const draft = new Draft()
    const root = this.#root(gradients, hessians, rows.length, columns, draft)
    const open: Node[] = [root]
    const done: Node[] = []
    while (open.length > 0) {
      const node = takeBest(open)
      if (node.split === undefined || open.length + done.length + 2 > this.#options.leaves) {
        done.push(node)
        this.#release(node)
        continue
      }
      this.importance[node.split.column] += node.split.gain
      open.push(...this.#divide(node, node.split, gradients, hessians, columns, draft))
    }
    const { rate, l2 } = this.#options
    for (const { id, gradient, hessian } of done) draft.value[id] = (-rate * gradient) / (hessian + l2 || 1)
    const leaves = done.map(({ id, from, to }) => ({ node: id, rows: this.#rows.slice(from, to) }))
    return { tree: draft.finish(output), leaves }
  }

  #root(gradients: Float64Array, hessians: Float64Array, to: number, columns: Uint32Array, draft: Draft): Node {
    let gradient = 0
    let hessian = 0
    for (let i = 0; i < to; i++) {
      gradient += gradients[this.#rows[i]]
      hessian += hessians[this.#rows[i]]
    }
    const node = { id: draft.add(), depth: 0, from: 0, to, gradient, hessian }
    const histogram = this.#count(gradients, hessians, 0, to, columns)
    return { ...node, histogram, split: bestSplit(histogram, this.#bins, columns, node, this.#options) }
  }

  #divide(
    node: Node,
    split: Split,
    gradients: Float64Array,
    hessians: Float64Array,
    columns: Uint32Array,
    draft: Draft,
  ): Node[] {
    const middle = this.#partition(node, split)
    const depth = node.depth + 1
    const left = {
      id: draft.add(),
      depth,
      from: node.from,
      to: middle,
      gradient: split.gradient,
      hessian: split.hessian,
    }
    const right = {
      id: draft.add(),
      depth,
      from: middle,
      to: node.to,
      gradient: node.gradient - split.gradient,
      hessian: node.hessian - split.hessian,
    }
    draft.divide(node.id, split, this.#threshold(split), left.id, right.id)
    if (depth >= this.#options.depth) {
      this.#release(node)
      return [left, right]
    }
    const small = middle - node.from <= node.to - middle ? left : right
    const counted = this.#count(gradients, hessians, small.from, small.to, columns)
    const rest = this.#subtract(node.histogram!, counted, columns)
    return [left, right].map((child) => {
      const histogram = child === small ? counted : rest
      return { ...child, histogram, split: bestSplit(histogram, this.#bins, columns, child, this.#options) }
    })
  }

  #threshold({ column, bin }: Split): number {
    const cuts = this.#bins.cuts[column]
    return bin < cuts.length ? cuts[bin] : Infinity
  }

  /** Histogram of the listed rows. */
  #count(
    gradients: Float64Array,
    hessians: Float64Array,
    from: number,
    to: number,
    columns: Uint32Array,
  ): Float64Array {
    const { codes, offsets, rows } = this.#bins
    const histogram = this.#spare.pop() ?? new Float64Array(offsets[offsets.length - 1] * 2)
    const list = this.#rows
    for (let i = from; i < to; i++) {
      this.#gradient[i] = gradients[list[i]]
      this.#hessian[i] = hessians[list[i]]
    }
    for (const column of columns) {
      const first = offsets[column] * 2
      histogram.fill(0, first, offsets[column + 1] * 2)
      addColumn(histogram, first, codes, column * rows, list, from, to, this.#gradient, this.#hessian)
    }
    return histogram
  }

  /** Takes the histogram of one child from its parent's, which becomes the other child's. */
  #subtract(parent: Float64Array, child: Float64Array, columns: Uint32Array): Float64Array {
    const { offsets } = this.#bins
    for (const column of columns) {
      for (let at = offsets[column] * 2; at < offsets[column + 1] * 2; at++) parent[at] -= child[at]
    }
    return parent
  }

  /** Orders the rows of a node: those that go left first. Returns where the others begin. */
  #partition({ from, to }: Node, { column, bin, missingLeft }: Split): number {
    const { codes, rows, cuts } = this.#bins
    const first = column * rows
    const missing = cuts[column].length + 1
    let left = from
    let right = 0
    for (let i = from; i < to; i++) {
      const row = this.#rows[i]
      const code = codes[first + row]
      if (code === missing ? missingLeft : code <= bin) this.#rows[left++] = row
      else this.#aside[right++] = row
    }
    this.#rows.set(this.#aside.subarray(0, right), left)
    return left
  }

  #release({ histogram }: Node): void {
    if (histogram) this.#spare.push(histogram)
  }
}

/** Kept apart and small: this loop is most of the training time. */
function addColumn(
  histogram: Float64Array,
  first: number,
  codes: Uint8Array,
  column: number,
  list: Uint32Array,
  from: number,
  to: number,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const at = first + codes[column + list[i]] * 2
    histogram[at] += gradient[i]
    histogram[at + 1] += hessian[i]
  }
}

function takeBest(open: Node[]): Node {
  let best = 0
  for (let i = 1; i < open.length; i++) {
    if ((open[i].split?.gain ?? -1) > (open[best].split?.gain ?? -1)) best = i
  }
  return open.splice(best, 1)[0]
}

/** A tree that is being written. */
class Draft {
  readonly value: number[] = []
  readonly #feature: number[] = []
  readonly #threshold: number[] = []
  readonly #left: number[] = []
  readonly #right: number[] = []
  readonly #missingLeft: number[] = []

  /** A new leaf; returns its number. */
  add(): number {
    this.#threshold.push(0)
    this.#left.push(0)
    this.#right.push(0)
    this.#missingLeft.push(0)
    this.value.push(0)
    return this.#feature.push(-1) - 1
  }

  divide(node: number, { column, missingLeft }: Split, threshold: number, left: number, right: number): void {
    this.#feature[node] = column
    this.#threshold[node] = threshold
    this.#left[node] = left
    this.#right[node] = right
    this.#missingLeft[node] = missingLeft ? 1 : 0
  }

  finish(output: number): Tree {
    return {
      output,
      feature: Int32Array.from(this.#feature),
      threshold: Float32Array.from(this.#threshold),
      left: Int32Array.from(this.#left),
      right: Int32Array.from(this.#right),
      missingLeft: Uint8Array.from(this.#missingLeft),
      value: Float32Array.from(this.value),
    }
  }
}
