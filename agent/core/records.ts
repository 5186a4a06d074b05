import type { ActionEvent, AlarmEvent } from './alarm.ts'
import type { AuditEvent } from './audit.ts'
import type { Batch } from './batch.ts'
import type { Prediction } from './prediction.ts'

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
}

/** A model was trained, refused or put to work; scoring changes exactly at this record. */
export interface ModelEvent {
  readonly type: 'model'
  readonly time: number
  readonly monitor: string
  readonly step: 'training' | 'active' | 'refused' | 'failed'
  readonly version: string
  readonly detail: string
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

export type JournalEvent = ActionEvent | AlarmEvent | AuditEvent | ModelEvent | GapEvent

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
