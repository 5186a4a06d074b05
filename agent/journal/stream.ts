import { type Entry, type JournalRecord, type Stream, type StreamStats, rowsOf } from '../core/index.ts'
import { readRecord } from './codec.ts'
import { Ring } from './ring.ts'
import type { Store } from './store.ts'

/** Bytes of the newest entries kept as objects, by stream. */
const ringBytes: Readonly<Record<Stream, number>> = { samples: 4e6, results: 4e6, dead: 1e6 }

/** The counters of a stream, stored with every commit that touches it. */
export interface Counters {
  /** Offset of the oldest record kept; `next` where there is none. */
  first: number
  next: number
  records: number
  rows: number
  rowsTrimmed: number
  bytes: number
  /** Arrival of the newest record that has one. */
  arrival: number
  totals: Record<string, number>
}

const none: Counters = { first: 0, next: 0, records: 0, rows: 0, rowsTrimmed: 0, bytes: 0, arrival: 0, totals: {} }

/** One stream of the journal as this process sees it: what is on disk, what is on its way, the newest entries. */
export class StreamLog {
  readonly name: Stream
  /** As on disk. */
  counters: Counters
  /** Offset that the next record gets. */
  next: number
  /** Rows with those on their way. */
  rows: number
  arrival: number
  /** The stored counters are behind: offsets were given to records that could not be stored. */
  behind = false
  readonly ring: Ring
  readonly #corrupt = new Set<number>()

  constructor(name: Stream, counters: Counters = none) {
    this.name = name
    this.counters = counters
    this.next = counters.next
    this.rows = counters.rows
    this.arrival = counters.arrival
    this.ring = new Ring(counters.next, ringBytes[name])
  }

  /** Takes over what another process has stored. */
  reload(counters: Counters): void {
    this.counters = counters
    this.next = counters.next
    this.rows = counters.rows
    this.ring.from = counters.next
  }

  /** True the first time a record is reported. */
  reportCorrupt(offset: number): boolean {
    if (this.#corrupt.has(offset)) return false
    this.#corrupt.add(offset)
    return true
  }

  stats(): StreamStats {
    const { records, first, rowsTrimmed, rows, bytes, totals } = this.counters
    const { next } = this
    return {
      first: records === 0 ? next : first,
      next,
      rowsTrimmed,
      rows,
      bytes,
      corrupt: this.#corrupt.size,
      totals: { ...totals },
    }
  }

  /** Entries from `offset` on: at most `limit`, and no more once they have `maxRows` rows. */
  collect(store: Store, offset: number, limit: number, maxRows: number, corrupt: (offset: number) => void): Entry[] {
    const entries: Entry[] = []
    let rows = 0
    const add = (entry: Entry): boolean => {
      entries.push(entry)
      rows += rowsOf(entry)
      return entries.length < limit && rows < maxRows
    }
    if (limit <= 0) return entries
    if (offset < this.ring.from) {
      // Not now; whoever follows the stream asks again when it grows.
      if (!store.readable) return entries
      for (const stored of store.scan(this.name, offset, this.ring.from)) {
        const record = readRecord(stored.bytes)
        if (!record) corrupt(stored.offset)
        else if (!add({ ...record, offset: stored.offset })) return entries
      }
    }
    let index = this.ring.index(offset)
    for (let item = this.ring.at(index); item; item = this.ring.at(++index)) if (!add(item.entry)) break
    return entries
  }
}

/** Under which name `totals` counts a record. */
export function totalKey(stream: Stream, record: JournalRecord): string {
  switch (record.kind) {
    case 'samples':
      return stream === 'samples' ? record.batch.source : 'samples'
    case 'event':
      return `event/${record.event.type}`
    case 'dead':
      return `${record.letter.origin}/${record.letter.reason}`
    default:
      return record.kind
  }
}

/** When a record arrived; what was concluded has no arrival of its own and gets that of the newest record before. */
export function arrivalOf(record: JournalRecord, newest: number): number {
  switch (record.kind) {
    case 'samples':
      return record.batch.arrival
    case 'event':
      return record.arrival
    case 'dead':
      return record.letter.time
    case 'predictions':
      return newest || (record.predictions.at(-1)?.time ?? 0)
  }
}
