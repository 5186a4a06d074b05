import { setTimeout as wait } from 'node:timers/promises'
import {
  type Clock,
  DeliveryError,
  type Entry,
  type InHand,
  JournalError,
  type Logger,
  type Metrics,
  MillwrightError,
  type Rejection,
  type Sink,
  type Status,
  describeError,
  rowsOf,
} from '../core/index.ts'
import { Lanes, type Chunk, type DeliveryJournal } from './lanes.ts'
import { sinkLedger } from './ledger.ts'
import { lettersOf } from './letters.ts'
import { Overwritten, rowsOverwritten } from './overwritten.ts'
import { type Pace, shortLinger, usualPace } from './pace.ts'
import { Refusals } from './refusals.ts'
import { Urgency } from './urgency.ts'
import { Quarantined, Writer } from './writer.ts'

export { owedFrom, sinkLedger, type SinkLedger } from './ledger.ts'

/** How soon a write to the journal that takes long is found to wait for room, ms. */
const lookForRoom = 250
/** A far side may ask for more patience than `slowest`, but not for a day. */
const longestRetryAfter = 600_000

export interface DeliveryOptions {
  /** The connector's name; the cursor is `sink/<name>`. */
  readonly name: string
  readonly sink: Sink
  readonly journal: DeliveryJournal
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  /** Ends the delivery; what is not delivered by then waits in the journal. */
  readonly signal: AbortSignal
  readonly pace?: Partial<Pace>
  /** Of what the sink writes; absent where there is nothing to mark. */
  readonly inHand?: InHand | undefined
}

export interface Delivery {
  /** Resolves after the stop; rejects with a JournalError where the journal will never serve again. Does not close the sink. */
  readonly done: Promise<void>
  state(): Status
  /**
   * Writes entries that were put aside once more, between two other writes. Resolves with what is refused again; rejects with
   * a DeliveryError where the far side cannot take anything now.
   */
  resend(entries: readonly Entry[]): Promise<readonly Rejection[]>
  /** Counts rows that were dead as delivered; durable when it resolves. */
  revived(rows: number): Promise<void>
}

/**
 * Delivers the results stream to one sink, at least once, from its cursor on: retries with back-off, one write at a time;
 * puts what the far side will never accept into the dead letters; drains a backlog beside the newest results.
 */
export function deliver(options: DeliveryOptions): Delivery {
  const runner = new Runner(options)
  return {
    done: runner.run(),
    state: () => runner.status,
    resend: (entries) => runner.resend(entries),
    revived: (rows) => runner.revived(rows),
  }
}

class Runner {
  #status: Status = { state: 'connecting', message: 'nothing delivered yet' }
  readonly #refusals = new Refusals()
  readonly #urgency = new Urgency()
  readonly #options: DeliveryOptions
  readonly #pace: Pace
  readonly #lanes: Lanes
  readonly #abandon = new AbortController()
  readonly #writer: Writer
  readonly #overwritten: Overwritten
  #failures = 0
  #code: string | undefined
  #lastWrite = -Infinity
  /** Entries to be written one by one: a sink refused their chunk as a whole. */
  #single = 0
  #broken: Error | undefined

  constructor(options: DeliveryOptions) {
    this.#options = options
    const { linger = usualPace.linger } = options.sink
    this.#pace = { ...usualPace, linger, ...options.pace }
    this.#writer = new Writer(options.sink, this.#abandon.signal, options.inHand, `sink ${options.name}`)
    this.#overwritten = new Overwritten(options)
    this.#lanes = new Lanes(options.journal, options.name, this.#pace.rows)
  }

  /** How the sink is; one that delivers is degraded as long as the far side refused rows lately. */
  get status(): Status {
    const refused = this.#status.state === 'up' ? this.#refusals.status(this.#options.clock.now()) : undefined
    return refused ?? this.#status
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    let timer: NodeJS.Timeout | undefined
    const stop = () => (timer = setTimeout(() => this.#abandon.abort(), this.#pace.grace))
    signal.addEventListener('abort', stop, { once: true })
    try {
      await this.#stored(() => this.#lanes.save())
      this.#gauge()
      while (!signal.aborted) {
        if (this.#broken) throw this.#broken
        const chunk = await this.#next()
        if (chunk) await this.#deliver(chunk)
      }
    } finally {
      signal.removeEventListener('abort', stop)
      clearTimeout(timer)
    }
  }

  resend(entries: readonly Entry[]): Promise<readonly Rejection[]> {
    return this.#writer.resend(entries)
  }

  async revived(rows: number): Promise<void> {
    this.#lanes.revive(rows)
    await this.#lanes.save()
    this.#options.metrics.count('delivered_rows_total', rows, { sink: this.#options.name })
  }

  /** The next chunk, as soon as there is one; undefined after the stop, or when it is worth looking again. */
  async #next(): Promise<Chunk | undefined> {
    const { journal, signal } = this.#options
    const chunk = this.#lanes.next(this.#single > 0 ? 1 : Infinity)
    if (!chunk) {
      if (this.#lanes.unsaved) await this.#stored(() => this.#lanes.save())
      const following = journal.follow('results', this.#lanes.from, signal)[Symbol.asyncIterator]()
      await following.next()
      await following.return?.()
      return undefined
    }
    return this.#collect(chunk)
  }

  /** Lets little collect for a while, as long as there is nothing in it that somebody waits for. */
  async #collect(first: Chunk): Promise<Chunk | undefined> {
    const { signal } = this.#options
    let chunk: Chunk | undefined = first
    while (chunk && !signal.aborted) {
      const since = performance.now() - this.#lastWrite
      const least = Math.min(this.#pace.linger, shortLinger)
      const wait = this.#urgency.of(chunk.entries) ? least : this.#pace.linger
      if (chunk.full || chunk.lane !== 'live' || this.#lanes.behind || this.#single > 0 || since >= wait) return chunk
      await this.#sleep(Math.min(wait - since, shortLinger))
      chunk = this.#lanes.next()
    }
    return undefined
  }

  async #deliver(chunk: Chunk): Promise<void> {
    if (chunk.entries.every((entry) => rowsOf(entry) === 0)) {
      // Nothing to write, so nothing to learn about the far side either.
      await this.#settle(chunk, [])
      return
    }
    this.#lastWrite = performance.now()
    let rejections: readonly Rejection[]
    try {
      rejections = await this.#writer.write(chunk.entries)
    } catch (error) {
      if (this.#options.signal.aborted) return
      const refused = this.#refusal(error, chunk)
      if (!refused) return this.#failed(error)
      if (refused.length === 0) return
      rejections = refused
    }
    this.#works()
    this.#urgency.told(chunk.entries)
    await this.#settle(chunk, rejections)
  }

  /** For an error that forbids trying again: the entry it is about, or none yet where the chunk has to be taken apart. */
  #refusal(error: unknown, chunk: Chunk): readonly Rejection[] | undefined {
    if (!(error instanceof DeliveryError) || error.retryable) return undefined
    if (chunk.entries.length === 1)
      return [{ entry: chunk.entries[0], detail: describeError(error), quarantined: error instanceof Quarantined }]
    this.#single = chunk.entries.length
    return []
  }

  /** Dead letters first, then the cursor: a crash in between writes both again and loses nothing. */
  async #settle(chunk: Chunk, rejections: readonly Rejection[]): Promise<void> {
    const { name, journal, metrics, clock, log } = this.#options
    const revisited = chunk.lane === 'revisions'
    const refused = revisited ? [] : rejections.filter((rejection) => !rejection.overwritten)
    const overwritten = revisited ? 0 : rowsOverwritten(rejections)
    const { letters, rows } = lettersOf(refused, name, clock.now(), journal.tags)
    const records = letters.map((letter) => ({ kind: 'dead', letter }) as const)
    if (records.length > 0 && !(await this.#kept(() => journal.append('dead', records)))) return
    const { delivered, trimmed } = this.#lanes.advance(chunk, rows, overwritten)
    await this.#kept(() => this.#lanes.save())
    this.#single = Math.max(0, this.#single - chunk.entries.length)
    metrics.count('delivered_rows_total', delivered, { sink: name })
    if (rows > 0) metrics.count('dead_rows_total', rows, { sink: name })
    this.#overwritten.tell(overwritten)
    this.#tellRefusals(refused)
    if (trimmed > 0) {
      metrics.count('undelivered_rows_total', trimmed, { sink: name })
      log.error({ sink: name, rows: trimmed }, `${trimmed} rows were gone from the journal before ${name} had them`)
    }
    this.#gauge()
  }

  /** Once for each kind: what the far side refuses, in its words, and what mends it. */
  #tellRefusals(rejections: readonly Rejection[]): void {
    const { name, clock, log, sink } = this.#options
    const again = sink.placesByTime ? ` Then: millwright dead-letters resend --origin ${name}` : ''
    const told = rejections.map((rejection) => ({
      ...rejection,
      ...(rejection.remedy !== undefined && { remedy: `${rejection.remedy}${again}` }),
    }))
    for (const { detail, remedy } of this.#refusals.take(told, clock.now())) {
      const fields = { sink: name, ...(remedy !== undefined && { remedy }) }
      log.warn(fields, `${name} refuses rows, which are put aside as dead letters: ${detail}`)
    }
  }

  /** Like `#stored`, but does not wait for room on a full disk: what the journal holds in memory keeps its order. */
  async #kept(store: () => Promise<unknown>): Promise<boolean> {
    const way = { done: false }
    const stored = this.#stored(store).finally(() => (way.done = true))
    stored.catch((error: unknown) => (this.#broken ??= error as Error))
    while (!way.done && !this.#options.journal.holding)
      await Promise.race([stored, wait(lookForRoom, undefined, { ref: false })])
    return way.done ? stored : true
  }

  /** Tries until the journal has stored it; false where the stop came first. Throws where the journal never will. */
  async #stored(store: () => Promise<unknown>): Promise<boolean> {
    for (let failures = 0; ; failures++) {
      try {
        await store()
        return true
      } catch (error) {
        if (!(error instanceof JournalError) || !error.retryable) throw error
        if (this.#options.signal.aborted) return false
        if (failures === 0)
          this.#options.log.error({ sink: this.#options.name, code: error.code }, describeError(error))
        await this.#sleep(this.#backoff(failures))
      }
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { name, metrics, log } = this.#options
    const code = error instanceof MillwrightError ? error.code : 'unexpected'
    const remedy = error instanceof MillwrightError ? error.remedy : undefined
    this.#status = { state: 'degraded', message: describeError(error), ...(remedy !== undefined && { remedy }) }
    if (code !== this.#code) {
      this.#code = code
      const fields = { sink: name, code, ...(remedy !== undefined && { remedy }) }
      log.warn(fields, `results for ${name} wait: ${describeError(error)}`)
    }
    metrics.count('delivery_retries_total', 1, { sink: name, code })
    metrics.gauge('sink_up', 0, { sink: name })
    this.#gauge()
    const asked = error instanceof DeliveryError ? Math.min(error.retryAfter ?? 0, longestRetryAfter) : 0
    await this.#sleep(Math.max(asked + Math.random() * Math.min(asked, 1_000), this.#backoff(this.#failures++)))
  }

  #works(): void {
    const { name, metrics, log } = this.#options
    if (this.#code !== undefined) log.info({ sink: name }, `${name} accepts results again`)
    this.#failures = 0
    this.#code = undefined
    if (this.#status.state === 'up') return
    this.#status = { state: 'up', message: 'delivers' }
    metrics.gauge('sink_up', 1, { sink: name })
  }

  /** Exponential back-off with full jitter (M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015). */
  #backoff(failures: number): number {
    return Math.random() * Math.min(this.#pace.slowest, this.#pace.retry * 2 ** failures)
  }

  #gauge(): void {
    const { name, journal, metrics } = this.#options
    metrics.gauge('waiting_rows', sinkLedger(journal, name).waiting, { sink: name })
  }

  /** Until the time is over or the stop comes. */
  async #sleep(time: number): Promise<void> {
    await wait(time, undefined, { signal: this.#options.signal }).catch(() => undefined)
  }
}
