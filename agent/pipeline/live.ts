import {
  type Clock,
  type DeadReason,
  type Entry,
  type InHand,
  type Journal,
  JournalError,
  type JournalRecord,
  type Logger,
  type Metrics,
  arrivalOf,
  describeError,
  isSuspect,
  keyOfEntries,
  mostEnds,
} from '../core/index.ts'
import type { Pipeline } from './pipeline.ts'
import { poison } from './poison.ts'

export interface LiveOptions {
  readonly journal: Journal
  /** Where it begins; see `swap`. */
  readonly pipeline: Pipeline
  /** Makes the pipeline anew, as it was at a checkpoint; undefined: as it begins. */
  readonly remake: (saved: unknown) => Promise<Pipeline>
  /** Offset in `samples` at which the pipeline goes on: that of its checkpoint. */
  readonly from: number
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  /** ms of wall time between checkpoints. They bound the work after a crash and change no result. */
  readonly checkpointEvery: number
  /** Of entries; absent where there is nothing to mark. */
  readonly inHand?: InHand | undefined
}

/** Appends of results under way at a time. */
const mostOutstanding = 64

/** Entries handled in one go when the pipeline is made anew. */
const remadeAtOnce = 256

/** Under which what is in hand is marked. */
const part = 'pipeline'

/** Name of the cursor that holds the pipeline's checkpoint. */
export const pipelineCursor = 'pipeline'

/**
 * Runs the pipeline over the journal for ever: samples in, results out, each result exactly once.
 * Results are appended all or none per chunk with their origin; after a crash the pipeline computes again from its
 * checkpoint, and what has an origin at or before the newest stored one is not appended a second time.
 */
export class Live {
  readonly #options: LiveOptions
  readonly #done: number
  #pipeline: Pipeline
  /** What runs alone, one after the other: handling a chunk, swapping the pipeline. */
  #turn: Promise<unknown> = Promise.resolve()
  #next: number
  /** Resolves when all results so far are stored. */
  #pending: Promise<void> = Promise.resolve()
  /** Appends that `#pending` waits for. */
  #outstanding = 0
  /** An append failed, and what came after it has not been stored yet either. */
  #behind = false
  #failure: Error | undefined
  #checkpointed: number
  /** Offset up to which there was something to handle when it began. */
  readonly #backlog: number
  #tellCaughtUp: () => void = () => undefined
  /** Resolves when everything is handled that was in the journal at the start: state is what it was before. */
  readonly caughtUp = new Promise<void>((resolve) => (this.#tellCaughtUp = resolve))

  constructor(options: LiveOptions) {
    this.#options = options
    this.#pipeline = options.pipeline
    this.#next = options.from
    this.#done = newestOrigin(options.journal)
    this.#checkpointed = options.clock.now()
    this.#backlog = options.journal.stats('samples').next
  }

  /** Offset of the next samples entry to be handled. */
  get next(): number {
    return this.#next
  }

  /** Ends when `signal` aborts, after what was in hand and a last checkpoint. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#run(signal)
    } catch (error) {
      if (!signal.aborted || !(error instanceof JournalError) || !error.retryable) throw error
      this.#options.log.warn({}, `the newest results are not stored and will be concluded again: ${error.message}`)
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { journal } = this.#options
    if (this.#next >= this.#backlog) this.#tellCaughtUp()
    for await (const chunk of journal.follow('samples', this.#next, signal)) {
      for (const part of splitAt(chunk, this.#done)) await this.#alone(() => this.#handle(part, signal))
      if (this.#next >= this.#backlog) this.#tellCaughtUp()
      this.#options.metrics.gauge('pipeline_lag_records', journal.stats('samples').next - this.#next)
      if (!journal.holding && this.#options.clock.now() - this.#checkpointed >= this.#options.checkpointEvery)
        await this.#checkpoint()
    }
    await this.#pending
    await this.#checkpoint()
  }

  /**
   * Goes on with another pipeline from the next entry on. `make` gets the state of the one before, and the checkpoint that
   * follows is of the new one: after a crash nothing is computed again by settings that were not those of its time.
   */
  swap(make: (saved: unknown) => Promise<Pipeline>): Promise<Pipeline> {
    return this.#alone(async () => {
      const before = this.#pipeline
      this.#pipeline = await make(before.save())
      await this.#checkpoint()
      await before.close()
      return this.#pipeline
    })
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #handle(entries: readonly Entry[], signal: AbortSignal): Promise<void> {
    const { inHand } = this.#options
    // What was among others when the process ended is handled alone: one of them it was, or none.
    if (entries.length > 1 && inHand && isSuspect(entries, inHand.suspects(part))) {
      for (const entry of entries) await this.#handle([entry], signal)
      return
    }
    if (inHand?.take(part, keyOfEntries(entries)) === false) {
      const told = new Error(`the agent ended ${mostEnds} times while it worked on this entry`)
      await this.#putAside(entries[0], 'quarantined', told, signal)
      return
    }
    let records: readonly JournalRecord[]
    try {
      records = await this.#pipeline.handle(entries)
    } catch (error) {
      inHand?.done(part)
      await this.#withoutPoison(entries, error, signal)
      return
    }
    inHand?.done(part)
    await this.#concluded(entries, records, signal)
  }

  /**
   * Something threw, and nobody knows what the pipeline holds now: it is made anew from the checkpoint. Of the entries in hand
   * the one that throws by itself is put aside as a dead letter, the others are handled, and a checkpoint keeps it at that.
   */
  async #withoutPoison(entries: readonly Entry[], error: unknown, signal: AbortSignal): Promise<void> {
    await this.#remake(entries[0].offset)
    if (entries.length > 1) for (const entry of entries) await this.#handle([entry], signal)
    else await this.#putAside(entries[0], 'internal', error, signal)
  }

  async #putAside(entry: Entry, reason: DeadReason, error: unknown, signal: AbortSignal): Promise<void> {
    const { log, journal } = this.#options
    log.error(
      { offset: entry.offset, error },
      `the pipeline fails at an entry, which is put aside: ${describeError(error)}`,
    )
    await this.#insistOn(() => journal.append('dead', [{ kind: 'dead', letter: poison(entry, reason, error) }]), signal)
    this.#next = entry.offset + 1
    await this.#insistOn(() => this.#commit(), signal)
  }

  /** The pipeline as it was before the entry at `offset`; what it concludes on the way is stored already. */
  async #remake(offset: number): Promise<void> {
    const { journal, remake } = this.#options
    await this.#pending
    const before = this.#pipeline
    const checkpoint = journal.cursor(pipelineCursor)
    this.#pipeline = await remake(checkpoint?.state)
    for (let at = checkpoint?.offset ?? journal.stats('samples').first; at < offset;) {
      const entries = journal
        .read('samples', at, Math.min(remadeAtOnce, offset - at))
        .filter((one) => one.offset < offset)
      if (entries.length === 0) break
      await this.#pipeline.handle(entries)
      at = entries[entries.length - 1].offset + 1
    }
    await before.close()
  }

  async #concluded(entries: readonly Entry[], records: readonly JournalRecord[], signal: AbortSignal): Promise<void> {
    const { metrics, clock } = this.#options
    const last = entries[entries.length - 1]
    this.#next = last.offset + 1
    if (last.offset <= this.#done || records.length === 0) return
    const tooMany = this.#outstanding >= mostOutstanding && !this.#options.journal.holding
    if (tooMany || this.#behind) await this.#pending
    if (this.#failure) throw this.#failure
    if (records.some(({ kind }) => kind === 'predictions')) {
      metrics.observe('latency_seconds', Math.max(0, clock.now() - arrivalOf(last)) / 1000)
    }
    this.#append(records, signal)
  }

  /**
   * Appends without waiting for the disk, so that a slow one delays no prediction. The order is kept also where appends
   * fail: the journal refuses what waits behind a failed one, and from then on each waits for the one before.
   */
  #append(records: readonly JournalRecord[], signal: AbortSignal): void {
    const { journal } = this.#options
    const before = this.#pending
    const tried = journal.failing || this.#behind ? undefined : this.#try(records)
    this.#behind ||= tried === undefined
    this.#outstanding++
    this.#pending = this.#complete(before, tried, records, signal)
    this.#pending.catch((error: unknown) => (this.#failure ??= error as Error))
  }

  async #try(records: readonly JournalRecord[]): Promise<boolean> {
    try {
      await this.#options.journal.append('results', records)
      return true
    } catch (error) {
      if (!(error instanceof JournalError) || !error.retryable) throw error
      this.#behind = true
      return false
    }
  }

  async #complete(
    before: Promise<void>,
    tried: Promise<boolean> | undefined,
    records: readonly JournalRecord[],
    signal: AbortSignal,
  ): Promise<void> {
    const stored = await Promise.all([tried, before])
    if (stored[0] !== true) await this.#insist(records, signal)
    if (--this.#outstanding === 0) this.#behind = false
  }

  /** Appends until it succeeds: results are never skipped, the pipeline waits instead. */
  #insist(records: readonly JournalRecord[], signal: AbortSignal): Promise<void> {
    return this.#insistOn(() => this.#options.journal.append('results', records), signal)
  }

  async #insistOn(store: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    for (let delay = 100, failed = false; ; delay = Math.min(delay * 2, 5_000)) {
      try {
        await store()
        if (failed) log.info({}, 'results are stored again')
        return
      } catch (error) {
        if (!(error instanceof JournalError) || !error.retryable || signal.aborted) throw error
        if (!failed) log.error({ code: error.code }, `results wait: ${describeError(error)}`)
        failed = true
        await new Promise((resolve) => setTimeout(resolve, delay))
      }
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#pending
    this.#checkpointed = this.#options.clock.now()
    try {
      await this.#commit()
    } catch (error) {
      // The next one is soon; until then a crash costs more work.
      if (!(error instanceof JournalError) || !error.retryable) throw error
    }
  }

  #commit(): Promise<void> {
    return this.#options.journal.commit(pipelineCursor, { offset: this.#next, state: this.#pipeline.save() })
  }
}

/** The newest offset in `samples` whose results are stored; -1 if none are. */
function newestOrigin(journal: Journal): number {
  const { first, next } = journal.stats('results')
  for (let back = 1; next - back >= first || back === 1; back *= 2) {
    const entry = journal.read('results', Math.max(first, next - back)).at(-1)
    if (entry) return 'origin' in entry ? (entry.origin ?? -1) : -1
    if (next - back <= first) break
  }
  return -1
}

/** The entries up to `offset`, and those after it. */
function splitAt(entries: readonly Entry[], offset: number): (readonly Entry[])[] {
  const at = entries.findIndex((entry) => entry.offset > offset)
  if (at <= 0) return entries.length > 0 ? [entries] : []
  return [entries.slice(0, at), entries.slice(at)]
}
