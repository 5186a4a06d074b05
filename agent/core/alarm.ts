/** ISA-18.2 states: unacknowledged and acknowledged while active, unacknowledged return to normal, normal. */
export type AlarmState = 'raised' | 'acknowledged' | 'cleared' | 'normal'

/** A change of an alarm. */
export interface AlarmEvent {
  readonly type: 'alarm'
  /** Event time of the change, ms since epoch. */
  readonly time: number
  /** `monitor/asset/raised time`: the same in every replay. */
  readonly id: string
  readonly asset: string
  readonly monitor: string
  readonly change: 'raised' | 'acknowledged' | 'cleared' | 'shelved' | 'unshelved'
  readonly state: AlarmState
  readonly raised: number
  readonly score: number
  readonly threshold: number
  readonly contributions: Readonly<Record<string, number>>
  readonly by?: string
  readonly reason?: string
  /** Of a condition: what it is, with figures and what can be done. */
  readonly detail?: string
}

/**
 * Something that no model judges has begun or ended, and is an alarm as long as it lasts. It reaches the alarms through the
 * samples stream, so a replay has it again. What has begun already or ended already changes nothing.
 */
export interface ConditionEvent {
  readonly type: 'condition'
  readonly time: number
  /** What is watched, in the place of a monitor: `disk`. */
  readonly monitor: string
  readonly asset: string
  readonly state: 'begun' | 'ended'
  /** A figure of it, and the limit that it passed. */
  readonly score: number
  readonly threshold: number
  readonly detail: string
}

/** What an operator does to an alarm; it reaches the alarm through the samples stream, so a replay does it again. */
export interface ActionEvent {
  readonly type: 'action'
  readonly time: number
  readonly action: 'acknowledge' | 'shelve' | 'unshelve'
  readonly alarm: string
  readonly by: string
  readonly reason?: string
  /** Shelved until then, ms since epoch. */
  readonly until?: number
}
