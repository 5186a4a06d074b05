import type { Matrix } from '../matrix.ts'
import { seededRandom, type Random } from '../random.ts'
import { binned } from './bins.ts'
import { TreeEnsemble, type Ensemble } from './ensemble.ts'
import { Grower, type Grown } from './grow.ts'
import { objectiveOf, type Objective } from './objectives.ts'
import { treeOptions, type TreeOptions } from './options.ts'
import { weightedQuantile } from './quantile.ts'
import { leafOf, type Tree } from './tree.ts'

/** Rows with what is to be learned of them. */
export interface Labelled {
  readonly data: Matrix
  readonly target: Float64Array
  /** What each row counts; 1 where left out. */
  readonly weights?: Float64Array
}

/** What goes with a training. */
export interface FitExtras {
  readonly weights?: Float64Array
  /** Rows to judge each round by; with `patience`, the ensemble ends at the best round. */
  readonly validation?: Labelled
  readonly signal?: AbortSignal
  /** Called after each round with its number, from 1. May throw to end the training. */
  progress?(tree: number): void
}

/**
 * Gradient boosting of regression trees on histograms (Friedman 2001, Greedy function approximation; Chen and Guestrin
 * 2016, XGBoost, for second-order gains and the default direction of missing values; Ke et al. 2017, LightGBM, for
 * bins and subtraction). The same input and seed give the same trees, to the bit.
 * Throws a RangeError where lengths differ or targets are not numbers, and the reason of `signal` when it has aborted.
 */
export function fitTrees(
  data: Matrix,
  target: Float64Array,
  options: Partial<TreeOptions> & Pick<TreeOptions, 'objective'>,
  extras: FitExtras = {},
): Ensemble {
  const settings = treeOptions.parse(options)
  const objective = objectiveOf(settings, target)
  const training = prepared({ data, target, weights: extras.weights }, objective)
  const validation = extras.validation && prepared(extras.validation, objective)
  return new Boosting(settings, objective, training, validation).run(extras)
}

/** Rows with their margins so far, output-major. */
interface Fitted extends Required<Labelled> {
  readonly margins: Float64Array
}

function prepared({ data, target, weights }: Labelled, { outputs, classes }: Objective): Fitted {
  const filled = weights ?? new Float64Array(data.rows).fill(1)
  if (data.values.length !== data.rows * data.columns || target.length !== data.rows || filled.length !== data.rows) {
    throw new RangeError(
      `${data.rows} rows of ${data.columns} columns, but ${data.values.length} values, ${target.length} targets and ${filled.length} weights`,
    )
  }
  target.forEach((value, row) => {
    const valid = classes > 0 ? Number.isInteger(value) && value >= 0 && value < classes : Number.isFinite(value)
    if (!valid) throw new RangeError(`target ${value} of row ${row} is not one that can be learned`)
  })
  return { data, target, weights: filled, margins: new Float64Array(data.rows * outputs) }
}

class Boosting {
  readonly #options: TreeOptions
  readonly #objective: Objective
  readonly #training: Fitted
  readonly #validation?: Fitted
  readonly #base: Float32Array
  readonly #grower: Grower
  readonly #random: Random

  constructor(options: TreeOptions, objective: Objective, training: Fitted, validation?: Fitted) {
    this.#options = options
    this.#objective = objective
    this.#training = training
    this.#validation = validation
    this.#base = Float32Array.from(objective.base(training.target, training.weights))
    this.#grower = new Grower(binned(training.data, options.bins, detail(training, objective)), options)
    this.#random = seededRandom(options.seed)
    for (const fitted of [training, validation]) {
      if (!fitted) continue
      this.#base.forEach((value, output) =>
        fitted.margins.fill(value, output * fitted.data.rows, (output + 1) * fitted.data.rows),
      )
    }
  }

  run(extras: FitExtras): Ensemble {
    const trees: Tree[] = []
    const losses: number[] = []
    let best = { loss: Infinity, round: 0, trees: 0 }
    for (let round = 1; round <= this.#options.trees; round++) {
      extras.signal?.throwIfAborted()
      const grown = this.#round()
      if (grown.length === 0) break
      trees.push(...grown)
      if (this.#validation) {
        const { margins, target, weights } = this.#validation
        const loss = this.#objective.loss(margins, target, weights)
        losses.push(loss)
        if (loss < best.loss) best = { loss, round, trees: trees.length }
      }
      extras.progress?.(round)
      if (this.#stops(round - best.round)) break
    }
    const kept = this.#validation && this.#options.patience > 0 ? trees.slice(0, best.trees) : trees
    return new TreeEnsemble(this.#training.data.columns, this.#base, kept, this.#grower.importance, losses)
  }

  #stops(rounds: number): boolean {
    const { patience } = this.#options
    return this.#validation !== undefined && patience > 0 && rounds >= patience
  }

  /** One tree per output; those that found nothing to divide are left out. */
  #round(): Tree[] {
    const { data, target, weights, margins } = this.#training
    const { outputs } = this.#objective
    const gradients = new Float64Array(data.rows * outputs)
    const hessians = new Float64Array(data.rows * outputs)
    this.#objective.derive(margins, target, weights, gradients, hessians)
    const rows = drawSorted(data.rows, share(data.rows, this.#options.rowShare), this.#random)
    const trees: Tree[] = []
    for (let output = 0; output < outputs; output++) {
      const columns = drawSorted(data.columns, share(data.columns, this.#options.columnShare), this.#random)
      const part = (values: Float64Array) => values.subarray(output * data.rows, (output + 1) * data.rows)
      const grown = this.#grower.grow(output, part(gradients), part(hessians), rows, columns)
      if (grown.leaves.length > 1) trees.push(this.#answered(grown))
    }
    for (const tree of trees) {
      addTree(tree, this.#training)
      if (this.#validation) addTree(tree, this.#validation)
    }
    return trees
  }

  /** Leaves of a quantile answer with the quantile of their residuals: a Newton step knows nothing of its size. */
  #answered({ tree, leaves }: Grown): Tree {
    const { leafQuantile } = this.#objective
    if (leafQuantile === undefined) return tree
    const { target, margins, weights } = this.#training
    for (const { node, rows } of leaves) {
      const residuals = Float64Array.from(rows, (row) => target[row] - margins[row])
      const counted = Float64Array.from(rows, (row) => weights[row])
      tree.value[node] = this.#options.rate * weightedQuantile(residuals, counted, leafQuantile)
    }
    return tree
  }
}

/**
 * How finely bins look at each row. Bins of equal numbers of rows would blur the edges of a rare class, so that all
 * classes count the same.
 */
function detail({ target }: Fitted, { classes }: Objective): Float64Array {
  const counts = new Float64Array(Math.max(1, classes))
  const code = (row: number) => (classes > 0 ? target[row] : 0)
  for (let row = 0; row < target.length; row++) counts[code(row)]++
  return Float64Array.from(target, (_, row) => 1 / counts[code(row)])
}

/** `count` of the numbers 0 to `length` - 1, ascending, drawn without replacement. */
function drawSorted(length: number, count: number, random: Random): Uint32Array {
  const drawn = new Uint32Array(count)
  let at = 0
  for (let i = 0; i < length && at < count; i++) {
    if (count === length || random.uniform() * (length - i) < count - at) drawn[at++] = i
  }
  return drawn
}

function share(length: number, part: number): number {
  return length === 0 ? 0 : Math.max(1, Math.round(length * part))
}

function addTree(tree: Tree, { data, margins }: Fitted): void {
  const from = tree.output * data.rows
  for (let row = 0; row < data.rows; row++) margins[from + row] += tree.value[leafOf(tree, data, row)]
}
