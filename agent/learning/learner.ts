import type { Decision, Posts } from './life-cycle.ts'

/** Something whose model the agent may train: a monitor or a station. */
export interface Learner {
  readonly name: string
  /** Whether the agent trains its model. */
  readonly learns: boolean
  /** Version of the model at work. */
  readonly model: string | undefined
  /** Whether that can be used. */
  readonly working: boolean
  readonly rival: Posts['rival']
  /** Event time of the newest that it has seen, ms since epoch; NaN before the first. */
  readonly newest: number
  /** Event time from which on a training reads the journal, ms since epoch. */
  readonly since: number
  /** Heap that a training may use, bytes. */
  readonly memory: number
  /** Why a training whose date has come does not begin; undefined where none waits. */
  readonly overdue: string | undefined
  /** What is to happen next. */
  decide(): Decision | undefined
}
