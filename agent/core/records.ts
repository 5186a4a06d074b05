import type { ActionEvent, AlarmEvent, ConditionEvent } from './alarm.ts'
import type { AuditEvent } from './audit.ts'
import type { Batch } from './batch.ts'
import type { DecisionEvent, ExecutionEvent, OrderEvent, RestartEvent } from './decision.ts'
import type { CorrectionEvent, InspectionEvent, OpinionEvent, RejectEvent } from './inspection.ts'
import type { Prediction, PredictionKind } from './prediction.ts'

/** `samples`: what came in. `results`: what was concluded. `dead`: what could not be used or delivered, with its reason. */
export type Stream = 'samples' | 'results' | 'dead'
export const streams = ['samples', 'results', 'dead'] as const satisfies readonly Stream[]

/** Why something was put aside. The reference of dead letters is printed from this table. */
export const deadReasons = {
  malformed: 'The payload cannot be decoded in the format the configuration names.',
  empty: 'The payload holds no value.',
  oversized: 'The payload is larger or deeper than the configured bound.',
  unmapped: 'No tag can be named from the topic or fields.',
  type: 'The value is not of the type the tag has had since it first appeared.',
  value: 'The value is not finite or does not fit its type.',
  time: 'The timestamp cannot be read.',
  unit: 'The value is in another unit than its tag.',
  internal: 'The agent failed at it: a fault of ours. The detail has its words.',
  quarantined: 'It ended a process that worked on it, twice: it is put aside and not tried again.',
  unknown: 'It speaks of a station, a part or a class that is not there.',
  rejected: 'The far side will never accept it; the detail has its words.',
} as const satisfies Record<string, string>
export type DeadReason = keyof typeof deadReasons

/** One message, sample or line that was put aside. */
export interface DeadLetter {
  /** Arrival, ms since epoch. */
  readonly time: number
  /** The connector that put it aside. */
  readonly origin: string
  readonly reason: DeadReason
  /** What exactly was wrong, in words for the user. */
  readonly detail: string
  /** Topic, node or tag. */
  readonly subject: string
  /** How many samples or records it stands for. */
  readonly rows: number
  /** The beginning of the payload. */
  readonly payload: Uint8Array
  /** The payload's full size in bytes. */
  readonly size: number
  /** Where the payload is a whole message: what its source needs to read it once more. */
  readonly message?: DeadMessage
  /** Of a sink: the rows themselves, as `packEntries` of the journal writes them, so that they can be sent again. */
  readonly held?: Uint8Array
}

/** The message that a dead letter is of. */
export interface DeadMessage {
  readonly topic: string
  /** The value that could not be used; empty: the letter speaks of the message. */
  readonly field: string
  /** Others of its values are stored. */
  readonly part: boolean
  /** It had waited at the broker, nobody knows for how long. */
  readonly late: boolean
}

/** Steps in the life of a model. */
export const modelSteps = {
  training: 'A training began.',
  failed: 'A training ended without a model.',
  shadow: 'A new model scores beside the active one, without effect.',
  active: 'A model was put to work: from here on it scores.',
  refused: 'A new model was not put to work, because it was not better or cannot be used.',
  retired: 'A model was replaced.',
  rollback: 'A model was taken back because it raised too many alarms, or by an operator; the one before works again.',
} as const
export type ModelStep = keyof typeof modelSteps

/** A model was trained, refused or put to work; scoring changes exactly at this record. */
export interface ModelEvent {
  readonly type: 'model'
  readonly time: number
  readonly monitor: string
  readonly step: ModelStep
  readonly version: string
  readonly detail: string
}

/** A monitor has said nothing of an asset for longer than usual: what it said before holds no more. */
export interface SilenceEvent {
  readonly type: 'silence'
  readonly time: number
  readonly monitor: string
  readonly asset: string
  readonly kind: PredictionKind
  /** End of the newest window, ms since epoch; absent where there was none since the start. */
  readonly since?: number
}

/** The clock of the agent was set: arrivals from here on are by the new one. */
export interface ClockEvent {
  readonly type: 'clock'
  /** By the clock as it was. */
  readonly time: number
  /** ms, forward where positive. */
  readonly step: number
}

/** Samples that are missing for good: the source could not get them back. Times in ms since epoch. */
export interface GapEvent {
  readonly type: 'gap'
  readonly time: number
  readonly source: string
  readonly from: number
  readonly to: number
  readonly detail: string
}

/** A node that is found by its name appeared, vanished, or is another one now, as after a download of a program. */
export interface NodeEvent {
  readonly type: 'node'
  readonly time: number
  readonly source: string
  readonly change: 'appeared' | 'vanished' | 'moved'
  readonly tag: string
  /** Its id on the server, the one before where it vanished. */
  readonly node: string
}

/** What a machine's control says itself: an event, or a change of one of its alarms. It is kept as it was said. */
export interface ReportEvent {
  readonly type: 'report'
  /** When it happened by the machine's clock, ms since epoch. */
  readonly time: number
  readonly source: string
  readonly asset: string
  /** Given by the machine; the same where it is sent again. */
  readonly id: string
  /** Kind of the event, `LimitAlarmType`. */
  readonly kind: string
  /** What of the machine it comes from, in the machine's words. */
  readonly origin: string
  readonly message: string
  /** 1 to 1000 by the standard; 0 where a machine says so. */
  readonly severity: number
  /** Name of the alarm whose change it is; absent: an event that only happens. */
  readonly alarm?: string
  readonly active?: boolean
  readonly acknowledged?: boolean
  readonly confirmed?: boolean
}

/** What a label may say. */
export const labelKinds = {
  failure: 'The asset failed: its run ended. Remaining life counts down to it, and its age starts anew.',
  maintenance: 'The asset was serviced or replaced: its run ended without a failure, and its age starts anew.',
  fault: 'The asset had a fault of the named class, or was sound, from one time to another.',
  value: 'A measured value that a monitor is to estimate, such as one from the laboratory.',
  'false-alarm': 'An alarm was false: the asset was sound from one time to another.',
} as const
export type LabelKind = keyof typeof labelKinds

/** What a person or a laboratory knows; models learn from it. It may come long after the time that it speaks of. */
export interface LabelEvent {
  readonly type: 'label'
  readonly label: LabelKind
  /** The time it speaks of, ms since epoch: the moment, or the end of the span that begins `from`. */
  readonly time: number
  /** Start of the span, exclusive: it speaks of windows that end in (from, time]. Absent: of the moment only. */
  readonly from?: number
  readonly asset: string
  /** The monitor it is meant for; absent: every monitor of the asset. */
  readonly monitor?: string
  /** fault: the class; `normal` is the sound state. */
  readonly class?: string
  /** value: what was measured, in the unit of the monitor's estimate. */
  readonly value?: number
  readonly by: string
  readonly note?: string
}

/** The class of a fault model that is no fault. */
export const soundClass = 'normal'

/** What a reading is of: the process, the disk, a stream of the journal, a source or a sink. */
export type AgentPart = 'process' | 'disk' | 'journal' | 'source' | 'sink'

/** How the agent itself was at one moment. */
export interface AgentEvent {
  readonly type: 'agent'
  readonly time: number
  readonly readings: readonly {
    readonly part: AgentPart
    /** Of the stream or connector; empty for the process and the disk. */
    readonly name: string
    readonly values: Readonly<Record<string, number>>
  }[]
}

export type JournalEvent =
  | ActionEvent
  | AlarmEvent
  | ConditionEvent
  | AuditEvent
  | ModelEvent
  | ClockEvent
  | SilenceEvent
  | GapEvent
  | NodeEvent
  | ReportEvent
  | LabelEvent
  | AgentEvent
  | InspectionEvent
  | CorrectionEvent
  | OpinionEvent
  | RejectEvent
  | DecisionEvent
  | OrderEvent
  | ExecutionEvent
  | RestartEvent

/**
 * What the journal stores. A `samples` batch of length 0 says that time has passed without data.
 * `origin` of a result is the offset in `samples` that caused it: results up to there are complete.
 */
export type JournalRecord =
  | { readonly kind: 'samples'; readonly batch: Batch; readonly origin?: number }
  | { readonly kind: 'predictions'; readonly predictions: readonly Prediction[]; readonly origin: number }
  | { readonly kind: 'event'; readonly event: JournalEvent; readonly arrival: number; readonly origin?: number }
  | { readonly kind: 'dead'; readonly letter: DeadLetter }

/** A record in the journal, at its offset. */
export type Entry = JournalRecord & { readonly offset: number }

/** How many samples, predictions, events or letters a record holds: the unit of the ledger. */
export function rowsOf(record: JournalRecord): number {
  switch (record.kind) {
    case 'samples':
      return record.batch.length
    case 'predictions':
      return record.predictions.length
    case 'dead':
      return record.letter.rows
    case 'event':
      return 1
  }
}

/** When the agent received what an entry holds, ms since epoch. */
export function arrivalOf(entry: Entry): number {
  if (entry.kind === 'samples') return entry.batch.arrival
  return entry.kind === 'event' ? entry.arrival : NaN
}
