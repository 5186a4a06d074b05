import type { Signature } from './audit.ts'

/** What an action gives: a number, a text, true or false. */
export type Setpoint = number | string | boolean

/** What became of a decision, in order; the last five, and `blocked`, `refused` and `expired`, end it. */
export const decisionSteps = {
  proposed: 'The condition held: it is to be done.',
  approved: 'Somebody approved it.',
  due: 'It is to be carried out now.',
  intended: 'It is on disk that it is about to be carried out.',
  refused: 'Somebody refused it.',
  expired: 'Nobody approved it in time, or it could not be begun in time.',
  blocked: 'A guard held it back; `guard` says which.',
  rehearsed: 'Nothing was done: the action only rehearses (dry-run).',
  confirmed: 'Done: read back as written, or acknowledged by the far side.',
  failed: 'Not done, or it reads back as something else.',
  unknown:
    'Begun, and nobody knows whether it was done: the agent or the far side ended in between. It is not done again.',
} as const
export type DecisionStep = keyof typeof decisionSteps

/** Which guard held a decision back. */
export const guards = {
  stop: 'All actions are stopped.',
  open: 'The decision before it is still open.',
  at_most: 'It was done as often as it may be.',
  value: 'The value is not known, or no number.',
  limits: 'The value is beyond the limits, or too large a step.',
  interlock: 'The interlock is not true, or not known.',
  target: 'The name of the asset cannot be part of an address.',
  changed: 'What was written is not there any more: somebody else has changed it.',
} as const
export type Guard = keyof typeof guards

/** `do`: because its condition held; `revert`: takes it back; `safe`: goes to the safe value. */
export type Purpose = 'do' | 'revert' | 'safe'

/** Something that a condition read, as it is written in it, with its value. */
export interface Reading {
  readonly what: string
  readonly value: Setpoint
}

/** A step of a decision: what the agent concludes from the journal, in the results. */
export interface DecisionEvent {
  readonly type: 'decision'
  /** ms since epoch. */
  readonly time: number
  /** `action/asset/time`: the same in every replay. */
  readonly id: string
  readonly action: string
  /** Empty of an action for the plant. */
  readonly asset: string
  readonly purpose: Purpose
  readonly step: DecisionStep
  readonly value?: Setpoint
  /** Of `proposed`: what the condition read. */
  readonly why?: readonly Reading[]
  readonly guard?: Guard
  /** Who approved or refused it. */
  readonly by?: string
  readonly previous?: Setpoint
  readonly read?: Setpoint
  /** From its beginning until it was known, ms. */
  readonly ms?: number
  readonly detail: string
}

/** What somebody orders about decisions; it reaches them through the samples, so a replay has it again. */
export interface OrderEvent extends Pick<Signature, 'by'> {
  readonly type: 'order'
  readonly time: number
  /** `stop`: nothing acts any more, until `resume`. */
  readonly order: 'approve' | 'refuse' | 'stop' | 'resume'
  /** Id of the decision that is approved or refused. */
  readonly decision?: string
  readonly reason?: string
}

/** Where something is written or sent to, once its places are filled in. */
export interface Target {
  readonly kind: 'write' | 'call' | 'publish' | 'post'
  /** Connector, or address. */
  readonly to: string
  /** Node, method or topic; empty of an address. */
  readonly at: string
}

/** What carrying out a decision came to, in the samples: on disk before anything is written (`intent`), and after it. */
export interface ExecutionEvent {
  readonly type: 'execution'
  readonly time: number
  readonly id: string
  readonly step: 'intent' | 'withheld' | 'confirmed' | 'failed' | 'unknown'
  readonly target?: Target
  readonly value?: Setpoint
  /** What the node held before. */
  readonly previous?: Setpoint
  readonly read?: Setpoint
  readonly guard?: Guard
  readonly ms?: number
  readonly detail: string
}

/** The agent begins again after a process that ended without a stop. */
export interface RestartEvent {
  readonly type: 'restart'
  readonly time: number
  readonly detail: string
}
