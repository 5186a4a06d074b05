import { type Interval, type Residuals } from '../regression/interval.ts'
import { type Selection } from '../regression/selection.ts'
import { type LabelRows } from './labels.ts'

/** All that a training found. */
export interface TrainedEstimate {
  readonly data: LabelRows
  readonly selection: Selection
  /** Of the rows that a fit to older ones told, in the unit of the value. */
  readonly residuals: Residuals
  readonly interval: Interval
  /** Share of the newest block within the interval fitted to the blocks before. */
  readonly coverage: number
  readonly rmse: number
  /** Share of the variance that the estimate explains, on rows newer than those learned from; below 0: worse than the mean. */
  readonly r2: number
}
