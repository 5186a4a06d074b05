// Longer than others: appending, reading, trimming and making room are one contract over one store.
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Cursor,
  type Entry,
  type Journal,
  JournalError,
  type JournalRecord,
  type Logger,
  type Metrics,
  type Stream,
  type StreamStats,
  type Tag,
  TagTable,
  describeError,
  streams,
} from '../core/index.ts'
import { readHeader } from './codec.ts'
import type { Removal } from './group.ts'
import { decodeMeta, encodeMeta } from './meta.ts'
import { CommitQueue } from './queue.ts'
import type { Store } from './store.ts'
import { type Counters, StreamLog } from './stream.ts'
import { addRows, type Bounds, dispensable, type Needed, tooMuch, tooOld } from './trim.ts'

const chunkEntries = 256
const chunkRows = 65_536
/** How often it is said that records are given up for want of room, ms. */
const tellRoom = 600_000
/** What is given up at a time on a full disk, bytes: rarely, and so that the room is found again. */
const leastRoom = 2e6
/** How often a reader in another process looks for new entries, in ms. */
const lookAgain = 100

export interface JournalOptions {
  readonly store: Store
  readonly bounds: Bounds
  readonly metrics: Metrics
  readonly log: Logger
  readonly readOnly: boolean
  /** ms for which what comes may wait for more to share its commit; 0 where absent. */
  readonly gather?: number
}

/** The journal over a store: offsets, counters, the newest entries in memory, group commit, trimming. */
export class StoredJournal implements Journal {
  readonly tags = new TagTable()
  readonly #options: JournalOptions
  readonly #store: Store
  readonly #logs: readonly StreamLog[]
  readonly #queue: CommitQueue
  /** What to call when a stream grows. */
  readonly #wakes: Readonly<Record<Stream, Set<() => void>>> = {
    samples: new Set(),
    results: new Set(),
    dead: new Set(),
  }
  #trimming: Promise<unknown> = Promise.resolve()
  #bounding = false
  #toldRoom = -Infinity
  #needed: () => Needed = () => ({})
  #closed = false

  /** Throws an Error where counters or tags in the store are damaged. */
  constructor(options: JournalOptions) {
    const { store, metrics, log, gather = 0 } = options
    this.#options = options
    this.#store = store
    this.#logs = streams.map((name) => new StreamLog(name, this.#counters(name)))
    this.#loadTags()
    this.#queue = new CommitQueue({
      store,
      logs: this.#logs,
      tags: this.tags,
      tagsStored: this.tags.size,
      metrics,
      log,
      gather,
      committed: () => this.#bound(),
      full: (bytes) => this.#makeRoom(bytes),
    })
  }

  #counters(stream: Stream): Counters | undefined {
    return decodeMeta(this.#store.meta(`stream/${stream}`)) as Counters | undefined
  }

  #loadTags(): void {
    for (;;) {
      const tag = decodeMeta(this.#store.meta(`tag/${this.tags.size}`)) as Tag | undefined
      if (!tag) return
      this.tags.restore(tag)
    }
  }

  /** The stream, as it is now where another process writes it. Throws a JournalError where the journal is closed. */
  #log(stream: Stream): StreamLog {
    if (this.#closed) throw closedError()
    const log = this.#logs[streams.indexOf(stream)]
    if (this.#options.readOnly) {
      this.#store.refresh()
      const counters = this.#counters(stream)
      if (counters) log.reload(counters)
      this.#loadTags()
    }
    return log
  }

  async append(stream: Stream, records: readonly JournalRecord[]): Promise<number> {
    const log = this.#writable(stream)
    const first = log.next
    const stored = this.#queue.append(log, records)
    const wakes = this.#wakes[stream]
    for (const wake of wakes) wake()
    wakes.clear()
    await stored
    return first
  }

  get failing(): boolean {
    return this.#queue.failing
  }

  get holding(): boolean {
    return this.#queue.holding
  }

  hurry(): void {
    this.#queue.hurry()
  }

  spare(needed: () => Needed): void {
    this.#needed = needed
  }

  #writable(stream: Stream): StreamLog {
    const log = this.#log(stream)
    if (this.#options.readOnly) throw new JournalError('JOURNAL_READ_ONLY', 'the journal was opened to read only')
    return log
  }

  read(stream: Stream, offset: number, limit = Infinity): Entry[] {
    return this.#collect(this.#log(stream), offset, limit, Infinity)
  }

  #collect(log: StreamLog, offset: number, limit: number, maxRows: number): Entry[] {
    return log.collect(this.#store, Math.max(0, offset), limit, maxRows, (at) => this.#corrupt(log, at))
  }

  #corrupt(log: StreamLog, offset: number): void {
    if (!log.reportCorrupt(offset)) return
    const { metrics, log: logger } = this.#options
    metrics.count('journal_corrupt_total', 1, { stream: log.name })
    logger.error({ stream: log.name, offset }, `record ${offset} of ${log.name} is corrupt and was skipped`)
  }

  async *follow(stream: Stream, offset: number, signal: AbortSignal): AsyncGenerator<readonly Entry[], void, void> {
    let at = offset
    while (!signal.aborted && !this.#closed) {
      const entries = this.#collect(this.#log(stream), at, chunkEntries, chunkRows)
      if (entries.length === 0) {
        await this.#growth(stream, signal)
        continue
      }
      at = entries[entries.length - 1].offset + 1
      yield entries
      // Catching up must leave the event loop its turns; a reader that is up to date waits above.
      if (at < this.#logs[streams.indexOf(stream)].next) await new Promise(setImmediate)
    }
  }

  /** Resolves when the stream may have grown, the signal aborts, or the journal closes. */
  async #growth(stream: Stream, signal: AbortSignal): Promise<void> {
    if (this.#options.readOnly) {
      await delay(lookAgain, undefined, { signal }).catch(() => undefined)
      return
    }
    const wakes = this.#wakes[stream]
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        wakes.delete(wake)
        resolve()
      }
      wakes.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  rowsBefore(stream: Stream, offset: number): number {
    const log = this.#log(stream)
    const { ring, counters } = log
    if (offset <= counters.first && counters.records > 0) return counters.rowsTrimmed
    if (offset < ring.from) {
      for (const { bytes } of this.#store.scan(stream, offset, ring.from)) {
        const header = readHeader(bytes)
        if (header) return header.rowsBefore
      }
    }
    return ring.at(ring.index(offset))?.rowsBefore ?? log.rows
  }

  cursor(name: string): Cursor | undefined {
    if (this.#closed) throw closedError()
    if (this.#options.readOnly) this.#store.refresh()
    try {
      return decodeMeta(this.#store.meta(`cursor/${name}`)) as Cursor | undefined
    } catch (error) {
      this.#options.log.error({ cursor: name }, `the place of ${name} cannot be read: ${describeError(error)}`)
      return undefined
    }
  }

  async commit(name: string, cursor: Cursor): Promise<void> {
    this.#writable('samples')
    await this.#queue.cursor(`cursor/${name}`, encodeMeta(cursor))
  }

  trim(now: number): Promise<Readonly<Partial<Record<Stream, number>>>> {
    const { age, size } = this.#options.bounds
    return this.#trim((logs) => {
      const horizon = now - age
      for (const log of logs) {
        const removal = tooOld(this.#store, log, horizon)
        if (removal) return removal
      }
      return tooMuch(this.#store, logs, size)
    })
  }

  /** One trimming at a time, each commit planned when the one before is done. */
  async #trim(plan: (logs: readonly StreamLog[]) => Removal | undefined): Promise<Partial<Record<Stream, number>>> {
    this.#writable('samples')
    const before = this.#trimming
    const trimmed = before.then(async () => {
      const rows: Partial<Record<Stream, number>> = {}
      for (let removal = plan(this.#logs); removal && !this.#closed; removal = plan(this.#logs)) {
        await this.#remove(removal, rows)
      }
      // LMDB uses freed pages again from the second commit after; on a full disk the next append would fail without it.
      if (Object.keys(rows).length > 0 && !this.#closed) await this.#queue.flush()
      if (!this.#closed) this.#store.trimmed()
      return rows
    })
    this.#trimming = trimmed.catch(() => undefined)
    return trimmed
  }

  async #remove(removal: Removal, rows: Partial<Record<Stream, number>>): Promise<void> {
    const { log } = removal
    const amount = removal.rowsTrimmed - log.counters.rowsTrimmed
    await this.#queue.remove(removal)
    addRows(rows, log.name, amount)
    this.#options.metrics.count('journal_trimmed_rows_total', amount, { stream: log.name })
  }

  /** Keeps the size in bounds even where nobody calls `trim`: only well beyond, so that it is done in one go. */
  #bound(): void {
    const { size } = this.#options.bounds
    const bytes = this.#logs.reduce((sum, log) => sum + log.counters.bytes, 0)
    if (this.#bounding || this.#closed || bytes <= size * 1.0625) return
    this.#bounding = true
    this.#trim((logs) => tooMuch(this.#store, logs, size))
      .catch((error: unknown) =>
        this.#options.log.warn({}, `the journal could not be trimmed: ${describeError(error)}`),
      )
      .finally(() => (this.#bounding = false))
  }

  /** On a disk that is fuller than the bounds suppose: gives up what is oldest, first of that which nobody needs any more. */
  #makeRoom(bytes: number): void {
    if (this.#bounding || this.#closed) return
    this.#bounding = true
    let excess = leastRoom + 4 * bytes
    const rows = this.#trim((logs) => {
      const removal = excess > 0 ? dispensable(this.#store, logs, this.#needed(), excess) : undefined
      excess -= removal?.bytes ?? 0
      return removal
    })
    const { log } = this.#options
    void rows
      .then((removed) => {
        if (Object.keys(removed).length === 0 || performance.now() - this.#toldRoom < tellRoom) return
        this.#toldRoom = performance.now()
        log.warn(removed, 'the disk is full: the oldest records of the journal make room for new ones')
      })
      .catch((error: unknown) => log.debug({}, `no room could be made: ${describeError(error)}`))
      .finally(() => (this.#bounding = false))
  }

  stats(stream: Stream): StreamStats {
    return this.#log(stream).stats()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const wakes of Object.values(this.#wakes)) for (const wake of [...wakes]) wake()
    await this.#queue.idle()
    await this.#trimming
    await this.#store.close()
  }
}

function closedError(): JournalError {
  return new JournalError('JOURNAL_CLOSED', 'the journal is closed')
}
