import { setTimeout as delay } from 'node:timers/promises'
import {
  JournalError,
  type JournalRecord,
  type Logger,
  type Metrics,
  type TagTable,
  describeError,
  rowsOf,
} from '../core/index.ts'
import { Group, type Removal } from './group.ts'
import { CommitPace } from './pace.ts'
import type { Store } from './store.ts'
import type { StreamLog } from './stream.ts'

/** How often storing is tried again while the disk is full, ms. */
const tryAgain = 250
/** Bytes that may wait in memory meanwhile; what comes then is refused. */
const mostWaiting = 64e6

export interface QueueOptions {
  readonly store: Store
  readonly logs: readonly StreamLog[]
  readonly tags: TagTable
  readonly tagsStored: number
  readonly metrics: Metrics
  readonly log: Logger
  /** ms for which what comes may wait for more. */
  readonly gather: number
  /** Called after each successful commit. */
  committed(): void
  /** Called while so many bytes have no room: whoever can makes some, by `remove`. */
  full(bytes: number): void
}

/**
 * Group commit: whatever comes while a commit runs, or before it is time for the next one, shares it (`pace.ts`). With
 * `gather` 0 a commit starts at the end of this turn of the event loop, or as soon as the one before has ended.
 */
export class CommitQueue {
  readonly #options: QueueOptions
  #waiting = new Group()
  #spare = new Group()
  #tagsStored: number
  #running: Promise<void> | undefined
  #failing = false
  /** Why what waits cannot be stored now. */
  #shortage: JournalError | undefined
  #hurried = false
  readonly #pace: CommitPace
  /** Since when something waits, and whether somebody waits for some of it, or it must not wait. */
  #since = 0
  #pressing = false
  #urgent = false
  /** Ends the wait for more. */
  #wake: (() => void) | undefined

  constructor(options: QueueOptions) {
    this.#options = options
    this.#pace = new CommitPace(options.gather)
    this.#tagsStored = options.tagsStored
  }

  /** Resolves once the records are durable. Throws at once, and takes none, where one cannot be encoded or too much waits. */
  append(log: StreamLog, records: readonly JournalRecord[]): Promise<void> {
    if (this.#shortage && this.#waiting.bytes > mostWaiting) throw this.#shortage
    this.#waiting.append(log, records)
    if (log.name === 'samples') this.#pace.arrived(records.reduce((rows, record) => rows + rowsOf(record), 0))
    this.#pressing ||= records.some(isPressing)
    return this.#join(log)
  }

  cursor(name: string, bytes: Uint8Array): Promise<void> {
    this.#waiting.cursors.set(name, bytes)
    return this.#join()
  }

  remove(removal: Removal): Promise<void> {
    this.#waiting.removals.push(removal)
    return this.#join(undefined, true)
  }

  /** A commit of whatever waits, be it nothing. */
  flush(): Promise<void> {
    return this.#join(undefined, true)
  }

  /** From now on what has no room is refused at once. */
  hurry(): void {
    this.#hurried = true
    this.#wake?.()
  }

  /** Resolves when nothing waits any more, stored or not. */
  async idle(): Promise<void> {
    this.#urgent = true
    this.#wake?.()
    while (this.#running) await this.#running
  }

  /** Whether the newest commit failed. */
  get failing(): boolean {
    return this.#failing
  }

  /** Whether what comes waits in memory until the disk has room again. */
  get holding(): boolean {
    return this.#shortage !== undefined
  }

  #join(log?: StreamLog, urgent = false): Promise<void> {
    const group = this.#waiting
    if (group.isEmpty) this.#since = performance.now()
    this.#urgent ||= urgent
    this.#running ??= this.#run()
    if (this.#wake && this.#left() === 0) this.#wake()
    return new Promise((resolve, reject) => group.waiters.push({ log, urgent, resolve, reject }))
  }

  async #run(): Promise<void> {
    await new Promise(setImmediate)
    while (!this.#waiting.isEmpty) {
      const left = this.#left()
      if (left > 0) await this.#more(left)
      const group = this.#waiting
      this.#waiting = this.#spare
      this.#pressing = this.#urgent = false
      this.#pace.begun()
      await this.#store(group)
      this.#pace.ended()
      group.clear()
      this.#spare = group
    }
    this.#running = undefined
  }

  /** ms for which what waits may wait for more. */
  #left(): number {
    return this.#urgent || this.#hurried ? 0 : this.#pace.left(this.#since, this.#waiting.bytes, this.#pressing)
  }

  /** Waits until it is time, by the clock or because enough has come. */
  async #more(left: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, left)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  /** Commits a group, on a full disk as soon as there is room: what waits is read, judged and shown from memory meanwhile. */
  async #store(group: Group): Promise<void> {
    for (;;) {
      const error = await this.#commit(group)
      if (!error) break
      if (error.code !== 'JOURNAL_FULL' || this.#hurried) {
        this.#failed(group, error)
        return
      }
      await this.#makeRoom(group, error)
    }
    this.#works()
  }

  /** Says so, once, where none could be made. */
  async #makeRoom(group: Group, shortage: JournalError): Promise<void> {
    this.#options.full(group.bytes + this.#waiting.bytes)
    await new Promise(setImmediate)
    let made = false
    for (const one of [group, this.#waiting]) {
      const urgent = one.takeUrgent()
      if (urgent.isEmpty) continue
      const error = await this.#commit(urgent)
      if (error) for (const waiter of urgent.waiters) waiter.reject(error)
      made ||= !error
    }
    if (made) return
    if (!this.#shortage) {
      const { code, remedy } = shortage
      this.#options.log.error({ code, remedy }, `nothing is acknowledged, what comes waits: ${describeError(shortage)}`)
    }
    this.#shortage = shortage
    await delay(tryAgain)
  }

  /** Undefined where it is stored, and those who wait for it know. */
  async #commit(group: Group): Promise<JournalError | undefined> {
    const { store, tags, logs } = this.#options
    try {
      const { changes, after, tags: tagsStored } = group.close(store, tags, this.#tagsStored, logs)
      await store.commit(changes)
      this.#tagsStored = tagsStored
      for (const [log, counters] of after) this.#stored(log, counters)
      for (const { log, first } of group.removals) log.ring.forget(first)
    } catch (error) {
      return error instanceof JournalError
        ? error
        : new JournalError('JOURNAL_IO', `the journal could not be written: ${describeError(error)}`, { cause: error })
    }
    for (const waiter of group.waiters) waiter.resolve()
    return undefined
  }

  #works(): void {
    if (this.#failing || this.#shortage) this.#options.log.info({}, 'the journal stores again')
    this.#failing = false
    this.#shortage = undefined
    this.#options.committed()
  }

  #stored(log: StreamLog, counters: StreamLog['counters']): void {
    const { metrics } = this.#options
    log.counters = counters
    log.behind &&= log.next > counters.next
    log.ring.shrink(counters.next)
    metrics.gauge('journal_bytes', counters.bytes, { stream: log.name })
    metrics.gauge('journal_records', counters.records, { stream: log.name })
  }

  #failed(group: Group, error: JournalError): void {
    const waiters = [...group.waiters]
    for (const log of group.ranges().keys()) {
      for (const one of [group, this.#waiting]) forget(log, one)
      // What waits behind it would leave a hole before it.
      waiters.push(...this.#waiting.withdraw(log))
    }
    if (!this.#failing && !this.#shortage)
      this.#options.log.error({ code: error.code }, `nothing is stored: ${describeError(error)}`)
    this.#failing = true
    this.#shortage = undefined
    for (const waiter of waiters) waiter.reject(error)
  }
}

/** Alarms and verdicts on parts: a person or a machine waits for them. */
function isPressing(record: JournalRecord): boolean {
  return record.kind === 'event' && (record.event.type === 'alarm' || record.event.type === 'inspection')
}

/** Takes what a group appended to `log` out of what readers see. */
function forget(log: StreamLog, group: Group): void {
  const range = group.ranges().get(log)
  if (!range) return
  log.ring.remove(range.from, range.to)
  log.rows -= range.rows
  log.behind = true
}
