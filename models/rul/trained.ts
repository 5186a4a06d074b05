import type { Matrix } from '../matrix.ts'
import { type Interval, type Residuals } from '../regression/interval.ts'
import { type Selection } from '../regression/selection.ts'
import type { Shift } from './early.ts'
import { type RunRows } from './runs.ts'

/** All that a training found. Lives are shares of the cap inside, ms outside. */
export interface TrainedRul {
  readonly data: RunRows
  readonly matrix: Matrix
  readonly cap: number
  readonly warnBelow: number
  readonly selection: Selection
  readonly residuals: Residuals
  readonly shift: Shift
  readonly interval: Interval
  /** Share of the held-out rows within the interval fitted to the other folds. */
  readonly coverage: number
  /** The same in each third of the lives told, the shortest first. */
  readonly thirds: readonly number[]
  /** Root mean square error on held-out runs, ms. */
  readonly rmse: number
}
