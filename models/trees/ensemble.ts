import type { Matrix } from '../matrix.ts'
import { leafOf, type Tree } from './tree.ts'

/** Boosted trees: the margins of a row are the base of each output and what its trees add. */
export interface Ensemble {
  readonly columns: number
  readonly outputs: number
  /** Margin per output before any tree. */
  readonly base: Float32Array
  readonly trees: readonly Tree[]
  /** Gain by column, over all splits of the training. */
  readonly importance: Float64Array
  /** Loss on the validation data after each round; empty without such data. */
  readonly losses: readonly number[]
  /** Margins, rows x outputs, row-major: summed in float32, as the runtime does. */
  predict(data: Matrix): Float64Array
}

/** The trees of one training. */
export class TreeEnsemble implements Ensemble {
  readonly columns: number
  readonly outputs: number
  readonly base: Float32Array
  readonly trees: readonly Tree[]
  readonly importance: Float64Array
  readonly losses: readonly number[]

  constructor(
    columns: number,
    base: Float32Array,
    trees: readonly Tree[],
    importance: Float64Array,
    losses: readonly number[],
  ) {
    this.columns = columns
    this.outputs = base.length
    this.base = base
    this.trees = trees
    this.importance = importance
    this.losses = losses
  }

  predict(data: Matrix): Float64Array {
    if (data.columns !== this.columns) throw new RangeError(`${data.columns} columns for trees of ${this.columns}`)
    const { outputs } = this
    const sums = new Float32Array(data.rows * outputs)
    for (const tree of this.trees) {
      for (let row = 0; row < data.rows; row++) sums[row * outputs + tree.output] += tree.value[leafOf(tree, data, row)]
    }
    return Float64Array.from(sums, (sum, at) => Math.fround(sum + this.base[at % outputs]))
  }
}

/** Trees whose margins are the means of those of the given ensembles. */
export function meanOfEnsembles(ensembles: readonly Ensemble[]): Ensemble {
  const [first] = ensembles
  const count = ensembles.length
  const mean = (of: (ensemble: Ensemble, at: number) => number) => (_: number, at: number) =>
    ensembles.reduce((sum, ensemble) => sum + of(ensemble, at), 0) / count
  return new TreeEnsemble(
    first.columns,
    first.base.map(mean(({ base }, at) => base[at])),
    ensembles.flatMap(({ trees }) =>
      trees.map((tree) => ({ ...tree, value: tree.value.map((value) => value / count) })),
    ),
    first.importance.map(mean(({ importance }, at) => importance[at])),
    [],
  )
}
