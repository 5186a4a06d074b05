import {
  JournalError,
  type JournalRecord,
  type Logger,
  type Metrics,
  type TagTable,
  describeError,
} from '../core/index.ts'
import { Group, type Removal } from './group.ts'
import type { Store } from './store.ts'
import type { StreamLog } from './stream.ts'

/** After a full disk was met, how long appends are refused without trying, in ms: each try costs a line on stderr. */
const holdAfterFull = 250

export interface QueueOptions {
  readonly store: Store
  readonly logs: readonly StreamLog[]
  readonly tags: TagTable
  readonly tagsStored: number
  readonly metrics: Metrics
  readonly log: Logger
  /** Called after each successful commit. */
  committed(): void
}

/**
 * Group commit: whatever comes while a commit runs is the next one, which starts as soon as that has ended; without one
 * running, it starts at the end of this turn of the event loop, so that messages read together share it. Never on a timer.
 */
export class CommitQueue {
  readonly #options: QueueOptions
  #waiting = new Group()
  #spare = new Group()
  #tagsStored: number
  #running: Promise<void> | undefined
  #full: { readonly error: JournalError; readonly until: number } | undefined
  #failing = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#tagsStored = options.tagsStored
  }

  /** Resolves once the records are durable. Throws at once, and takes none, where one cannot be encoded. */
  append(log: StreamLog, records: readonly JournalRecord[]): Promise<void> {
    this.#waiting.append(log, records)
    return this.#join(log)
  }

  cursor(name: string, bytes: Uint8Array): Promise<void> {
    this.#waiting.cursors.set(name, bytes)
    return this.#join()
  }

  remove(removal: Removal): Promise<void> {
    this.#waiting.removals.push(removal)
    return this.#join()
  }

  /** A commit of whatever waits, be it nothing. */
  flush(): Promise<void> {
    return this.#join()
  }

  /** Resolves when nothing waits any more, stored or not. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Whether the newest commit failed. */
  get failing(): boolean {
    return this.#failing
  }

  #join(log?: StreamLog): Promise<void> {
    const group = this.#waiting
    this.#running ??= this.#run()
    return new Promise((resolve, reject) => group.waiters.push({ log, resolve, reject }))
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate)
    while (!this.#waiting.isEmpty) {
      const group = this.#waiting
      this.#waiting = this.#spare
      await this.#commit(group)
      group.clear()
      this.#spare = group
    }
    this.#running = undefined
  }

  async #commit(group: Group): Promise<void> {
    const { store, tags, logs } = this.#options
    try {
      // Removing makes room, so it is always tried.
      if (this.#full && group.removals.length === 0 && performance.now() < this.#full.until) throw this.#full.error
      const { changes, after, tags: tagsStored } = group.close(store, tags, this.#tagsStored, logs)
      await store.commit(changes)
      this.#tagsStored = tagsStored
      for (const [log, counters] of after) this.#stored(log, counters)
      for (const { log, first } of group.removals) log.ring.forget(first)
    } catch (error) {
      this.#failed(group, error)
      return
    }
    this.#full = undefined
    if (this.#failing) this.#options.log.info({}, 'the journal stores again')
    this.#failing = false
    for (const waiter of group.waiters) waiter.resolve()
    this.#options.committed()
  }

  #stored(log: StreamLog, counters: StreamLog['counters']): void {
    const { metrics } = this.#options
    log.counters = counters
    log.behind = false
    log.ring.shrink(counters.next)
    metrics.gauge('journal_bytes', counters.bytes, { stream: log.name })
    metrics.gauge('journal_records', counters.records, { stream: log.name })
  }

  #failed(group: Group, reason: unknown): void {
    const error =
      reason instanceof JournalError
        ? reason
        : new JournalError('JOURNAL_IO', `the journal could not be written: ${describeError(reason)}`, {
            cause: reason,
          })
    const waiters = [...group.waiters]
    for (const log of group.ranges().keys()) {
      for (const one of [group, this.#waiting]) forget(log, one)
      // What waits behind it would leave a hole before it.
      waiters.push(...this.#waiting.withdraw(log))
    }
    if (error.code === 'JOURNAL_FULL' && error !== this.#full?.error) {
      this.#full = { error, until: performance.now() + holdAfterFull }
    }
    if (!this.#failing) this.#options.log.error({ code: error.code }, `nothing is stored: ${describeError(error)}`)
    this.#failing = true
    for (const waiter of waiters) waiter.reject(error)
  }
}

/** Takes what a group appended to `log` out of what readers see. */
function forget(log: StreamLog, group: Group): void {
  const range = group.ranges().get(log)
  if (!range) return
  log.ring.remove(range.from, range.to)
  log.rows -= range.rows
  log.behind = true
}
