import type { Observable, OperatorFunction } from 'rxjs'
import type { z } from 'zod'
import type { Batch } from './batch.ts'
import type { DeadLetter, Entry, JournalEvent, JournalRecord, Stream } from './records.ts'
import type { InHand } from './in-hand.ts'
import type { Metrics } from './metrics.ts'
import type { PredictionKind } from './prediction.ts'
import type { TagTable } from './tags.ts'
import type { FeatureBatch, FeatureDistribution, Scores } from './window.ts'

/** The part of pino that components use. Log changes of state, never items. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Wall time in ms since epoch. Only sources, delivery and the supervisor may read it; operators never. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }

// ---------------------------------------------------------------- journal

/** The extent of a stream. Counts survive restarts. */
export interface StreamStats {
  /** Offset of the oldest record kept. */
  readonly first: number
  /** Offset that the next record will get. */
  readonly next: number
  /** Rows ever appended, before the oldest kept record and altogether. */
  readonly rowsTrimmed: number
  readonly rows: number
  /** Bytes stored now. */
  readonly bytes: number
  readonly corrupt: number
  /** Rows ever appended, by `totalKey` of their record. */
  readonly totals: Readonly<Record<string, number>>
}

/** A named place in a stream, with what its owner wants to find again. */
export interface Cursor {
  readonly offset: number
  /** CBOR-encodable. */
  readonly state?: unknown
}

/**
 * The append-only, bounded, durable log that everything reads from.
 * One writer process; other processes may open it read-only while it is written.
 */
export interface Journal {
  /** Tags as stored; new ones are stored with the first append after they appear. */
  readonly tags: TagTable
  /**
   * Appends records, in order and all or none; resolves with the offset of the first once they are on disk.
   * Readers in this process see them at once, before the disk has them. Concurrent appends share one commit.
   * Rejects with a JournalError: nothing of the append is stored then, and its offsets stay empty; nor is anything of the
   * appends to the same stream that waited behind it, which reject as well.
   */
  append(stream: Stream, records: readonly JournalRecord[]): Promise<number>
  /** Whether the newest commit failed. */
  readonly failing: boolean
  /** Whether the disk is full: what is appended waits in memory, within bounds, and resolves when there is room again. */
  readonly holding: boolean
  /** From now on what has no room is refused at once instead: before a stop. */
  hurry(): void
  /** By stream, the offset from which on records are still needed: on a full disk those before go first. */
  spare(needed: () => Readonly<Partial<Record<Stream, number>>>): void
  /** Entries from `offset` on, at most `limit` of them; empty at the end. Corrupt records are skipped and counted. */
  read(stream: Stream, offset: number, limit?: number): Entry[]
  /** Chunks of entries from `offset` on, for ever: waits at the end for the next append. Ends when `signal` aborts. */
  follow(stream: Stream, offset: number, signal: AbortSignal): AsyncIterable<readonly Entry[]>
  /** Rows of the stream before `offset`, those already trimmed included. */
  rowsBefore(stream: Stream, offset: number): number
  cursor(name: string): Cursor | undefined
  /** Moves a named cursor; durable when it resolves, and never before the appends made before it. */
  commit(name: string, cursor: Cursor): Promise<void>
  /** Removes what exceeds the bounds of size and age, oldest first. Resolves with the rows removed per stream. */
  trim(now: number): Promise<Readonly<Partial<Record<Stream, number>>>>
  stats(stream: Stream): StreamStats
  close(): Promise<void>
}

// ---------------------------------------------------------------- sources

/** What a source received in one go. */
export interface Arrival {
  readonly batch: Batch
  /** What could not be used; stored as dead letters before `settled`. */
  readonly rejected?: readonly DeadLetter[]
  readonly events?: readonly JournalEvent[]
  /**
   * Called once: `true` when batch, events and dead letters are on disk, so the far side may be told; `false` when they
   * could not be stored: then the far side must keep them. A source bounds how much it has unsettled and stops reading there.
   */
  settled?(stored: boolean): void
}

/** How a connector is, in words for the user. */
export interface Status {
  readonly state: 'connecting' | 'up' | 'degraded' | 'down'
  readonly message: string
  /** What the user can do. */
  readonly remedy?: string
  /** Items that are not fine, by node or topic. */
  readonly items?: Readonly<Record<string, string>>
}

/** What a connector gets to work with. */
export interface ConnectorContext {
  /** The connector's name in the configuration. */
  readonly name: string
  readonly site: string
  readonly log: Logger
  readonly metrics: Metrics
  readonly clock: Clock
  readonly tags: TagTable
  /** A folder of its own, which survives restarts. */
  readonly folder: string
  /** Of what is decoded; absent where there is nothing to mark or to look for. */
  readonly inHand?: InHand
  report(status: Status): void
}

/** Connects on subscribe, reconnects by itself for ever, disconnects on unsubscribe. Completes only if its data ends (a file). */
export interface Source {
  batches(): Observable<Arrival>
  /** Resolves when what the unsubscribe has begun is done: sessions and connections are closed. */
  closed?(): Promise<void>
  /** Reads what it had put aside once more, by the settings of today; a text says why it cannot. */
  again?(letter: DeadLetter): Arrival | string
  /** The clock is about to be set forward by `step` ms; back where negative. */
  stepped?(step: number): void
}

/** Something that was looked at, and what to do about it. */
export interface Finding {
  readonly level: 'good' | 'warning' | 'trouble'
  readonly text: string
  readonly remedy?: string
}

// ---------------------------------------------------------------- sinks

/** Something a sink will never deliver: `row` of `entry` (all of it where absent), with the far side's words. */
export interface Rejection {
  readonly entry: Entry
  readonly row?: number
  readonly detail: string
  /** What mends the cause, so that the rows may be sent again. */
  readonly remedy?: string
  /** Not refused, and yet not there: another row of the same series and microsecond has taken its place. */
  readonly overwritten?: true
  /** Not refused: the process ended while the sink wrote it. */
  readonly quarantined?: boolean
}

/**
 * Writes entries of the results stream to the far side.
 * `write` resolves when the far side has them, with the rows it will never accept; it rejects with a DeliveryError
 * (`retryable`) when they have to be written again, all of them: writing twice changes nothing.
 */
export interface Sink {
  /** ms between two writes of little, where the sink has a wish; what an operator waits for does not wait. */
  readonly linger?: number
  /** A row may come long after later ones and takes its own place there: what was refused can be written again. */
  readonly placesByTime?: boolean
  write(entries: readonly Entry[], signal: AbortSignal): Promise<readonly Rejection[]>
  close(): Promise<void>
}

/** A connector: one folder, one word in the configuration. `source` and `sink` check settings and never connect. */
export interface ConnectorDefinition<Schema extends z.ZodType = z.ZodType> {
  readonly type: string
  readonly config: Schema
  /** Undefined where these settings make no source. */
  source?(settings: z.output<Schema>, context: ConnectorContext): Source | undefined
  sink?(settings: z.output<Schema>, context: ConnectorContext): Sink | undefined
  /** What these settings may not be meant to do, without a look at the far side. */
  advise?(settings: z.output<Schema>): Iterable<Finding>
  /** Looks at the far side for someone who has trouble with it; changes nothing there and never rejects. */
  examine?(settings: z.output<Schema>, context: ConnectorContext): AsyncIterable<Finding>
}

export function defineConnector<Schema extends z.ZodType>(
  definition: ConnectorDefinition<Schema>,
): ConnectorDefinition<Schema> {
  return definition
}

// ---------------------------------------------------------------- operators

/** State that survives a restart: saved with each checkpoint, loaded at subscription where one was saved. */
export interface Keeper {
  /** `save` returns CBOR-encodable data (typed arrays included) and leaves the state as it is. */
  keep<Saved>(key: string, state: { save(): Saved; load(saved: Saved): void }): void
}

export interface OperatorContext {
  /** Unique in the pipeline, `pump-health/1-despike`. */
  readonly name: string
  readonly tags: TagTable
  readonly metrics: Metrics
  readonly keeper: Keeper
}

/** Synchronous, deterministic, state per subscription in arrays by tag index. Reads no clock; mutates no batch. */
export type Operator = OperatorFunction<Batch, Batch>

export interface OperatorDefinition<Schema extends z.ZodType = z.ZodType> {
  readonly type: string
  readonly config: Schema
  create(settings: z.output<Schema>, context: OperatorContext): Operator
}

export function defineOperator<Schema extends z.ZodType>(
  definition: OperatorDefinition<Schema>,
): OperatorDefinition<Schema> {
  return definition
}

// ---------------------------------------------------------------- models

/**
 * Scores feature vectors; changes nothing by it. A row's scores depend on that row alone, to the bit, whatever rows
 * are scored with it. NaN = no opinion. Rejects with a DetectorError.
 */
export interface Detector {
  /** Version of the bundle. */
  readonly version: string
  readonly kind: PredictionKind
  /** The feature columns it reads, in order: features are computed for exactly these. */
  readonly inputs: readonly string[]
  /** What it learned from, for comparison with what comes; by column of `inputs`. */
  readonly distribution?: FeatureDistribution
  score(features: FeatureBatch): Promise<Scores>
  close(): Promise<void>
}

/** What a training learns from: feature vectors ascending by end time. */
export interface TrainingSet {
  readonly features: FeatureBatch
  readonly monitor: string
}
