import { type Thresholds } from './calibration.ts'
import { type Trial } from './candidates.ts'
import { type Normal, type Subject } from './normal.ts'
import { type DroppedBlock } from './purge.ts'
import { type LabelledRows } from './scaling.ts'

/** All that a training found. */
export interface Findings {
  readonly subject: Subject
  readonly labelled: LabelledRows
  /** Features that were left out because they are mostly missing: share of the windows without a value, by name. */
  readonly left: ReadonlyMap<string, number>
  /** Rows that were learned from. */
  readonly rows: Uint32Array
  readonly dropped: readonly DroppedBlock[]
  readonly trials: readonly Trial[]
  readonly chosen: Trial
  readonly normal: Normal
  readonly thresholds: Thresholds
}
