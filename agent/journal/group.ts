import { type JournalRecord, type TagTable, rowsOf } from '../core/index.ts'
import { ByteWriter } from './bytes.ts'
import { seal, writeRecord } from './codec.ts'
import { encodeMeta } from './meta.ts'
import type { Changes, Store } from './store.ts'
import { arrivalOf, type Counters, type StreamLog, totalKey } from './stream.ts'

/** Records to remove from the old end of a stream. */
export interface Removal {
  readonly log: StreamLog
  readonly offsets: readonly number[]
  readonly bytes: number
  /** What is oldest afterwards. */
  readonly first: number
  readonly rowsTrimmed: number
}

interface Appended {
  readonly log: StreamLog
  readonly offset: number
  readonly start: number
  readonly end: number
  readonly rows: number
  readonly key: string
}

interface Waiter {
  /** The stream that was appended to; undefined for cursors and removals. */
  readonly log: StreamLog | undefined
  /** It makes room: not held up by what waits for room. */
  readonly urgent: boolean
  resolve(): void
  reject(error: unknown): void
}

/** A buffer that grew beyond this for once is given back. */
const largestKept = 8e6

/** What goes into one commit: collected while the one before runs. Its buffer is used again. */
export class Group {
  readonly removals: Removal[] = []
  readonly cursors = new Map<string, Uint8Array>()
  waiters: Waiter[] = []
  #appended: Appended[] = []
  #writer = new ByteWriter(1 << 16)
  /** Where the streams stood when it was closed first: what came later belongs to groups behind it. */
  #ends: ReadonlyMap<StreamLog, StreamEnd> | undefined

  get isEmpty(): boolean {
    return this.waiters.length === 0
  }

  /** Of the records. */
  get bytes(): number {
    return this.#writer.length
  }

  /** Encodes records and shows them to the readers of this process. Throws, and takes nothing, where one cannot be encoded. */
  append(log: StreamLog, records: readonly JournalRecord[]): void {
    const { length } = this.#writer
    const count = this.#appended.length
    try {
      let offset = log.next
      for (const record of records) this.#encode(log, record, offset++)
    } catch (error) {
      this.#writer.length = length
      this.#appended.length = count
      throw error
    }
    for (let i = 0; i < records.length; i++) {
      const { rows, offset } = this.#appended[count + i]
      log.ring.push({ ...records[i], offset }, rows, log.rows)
      log.rows += rows
    }
    log.next += records.length
  }

  #encode(log: StreamLog, record: JournalRecord, offset: number): void {
    const start = this.#writer.length
    log.arrival = arrivalOf(record, log.arrival)
    writeRecord(this.#writer, record, log.arrival)
    const end = this.#writer.length
    this.#appended.push({ log, offset, start, end, rows: rowsOf(record), key: totalKey(log.name, record) })
  }

  /** Seals the records and counts them. Only now is it certain which records come before: those of a failed group do not. */
  close(store: Store, tags: TagTable, tagsStored: number, logs: Iterable<StreamLog>): Commit {
    const after = new Map<StreamLog, Counters>()
    const all = [...logs]
    this.#ends ??= new Map(all.map((log) => [log, { next: log.next, arrival: log.arrival }]))
    const ends = this.#ends
    for (const log of all) if (log.behind) counters(after, ends, log)
    const puts = this.#appended.map((appended) => {
      const { log, offset, start, end } = appended
      const bytes = this.#writer.bytes.subarray(start, end)
      const state = counters(after, ends, log)
      seal(bytes, state.rows)
      count(state, appended, store.footprint(bytes.length))
      return { stream: log.name, offset, bytes }
    })
    for (const removal of this.removals) subtract(counters(after, ends, removal.log), removal)
    const meta = new Map(this.cursors)
    for (const [log, state] of after) meta.set(`stream/${log.name}`, encodeMeta(state))
    for (let i = tagsStored; i < tags.size; i++) meta.set(`tag/${i}`, encodeMeta(tags.at(i)))
    const removals = this.removals.map(({ log, offsets, bytes }) => ({ stream: log.name, offsets, bytes }))
    return { changes: { puts, removals, meta }, after, tags: tags.size }
  }

  /** The offsets of the group by stream, from the first to behind the last. */
  ranges(): Map<StreamLog, { from: number; to: number; rows: number }> {
    const ranges = new Map<StreamLog, { from: number; to: number; rows: number }>()
    for (const { log, offset, rows } of this.#appended) {
      const range = ranges.get(log)
      if (!range) ranges.set(log, { from: offset, to: offset + 1, rows })
      else {
        range.to = offset + 1
        range.rows += rows
      }
    }
    return ranges
  }

  /** Takes back what was appended to `log`, and gives those who wait for it. */
  withdraw(log: StreamLog): readonly Waiter[] {
    const waiters = this.waiters.filter((waiter) => waiter.log === log)
    this.waiters = this.waiters.filter((waiter) => waiter.log !== log)
    this.#appended = this.#appended.filter((appended) => appended.log !== log)
    return waiters
  }

  /** Takes out what makes room, with those who wait for it. */
  takeUrgent(): Group {
    const urgent = new Group()
    urgent.removals.push(...this.removals.splice(0))
    // What is stored stays as it is, but for the removals.
    urgent.#ends = new Map()
    urgent.waiters = this.waiters.filter((waiter) => waiter.urgent)
    this.waiters = this.waiters.filter((waiter) => !waiter.urgent)
    return urgent
  }

  clear(): void {
    this.removals.length = 0
    this.#ends = undefined
    this.waiters.length = 0
    this.#appended.length = 0
    this.cursors.clear()
    if (this.#writer.bytes.length > largestKept) this.#writer = new ByteWriter(1 << 16)
    this.#writer.length = 0
  }
}

/** A group made ready, and how things stand once it is stored. */
export interface Commit {
  readonly changes: Changes
  readonly after: ReadonlyMap<StreamLog, Counters>
  readonly tags: number
}

type StreamEnd = Pick<Counters, 'next' | 'arrival'>

function counters(after: Map<StreamLog, Counters>, ends: ReadonlyMap<StreamLog, StreamEnd>, log: StreamLog): Counters {
  let state = after.get(log)
  if (!state) {
    state = { ...log.counters, totals: { ...log.counters.totals }, ...ends.get(log) }
    after.set(log, state)
  }
  return state
}

function count(state: Counters, { offset, rows, key }: Appended, bytes: number): void {
  if (state.records++ === 0) state.first = offset
  state.rows += rows
  state.bytes += bytes
  if (rows > 0) state.totals[key] = (state.totals[key] ?? 0) + rows
}

function subtract(state: Counters, { offsets, bytes, first, rowsTrimmed }: Removal): void {
  state.records -= offsets.length
  state.bytes -= bytes
  state.first = first
  state.rowsTrimmed = rowsTrimmed
}
