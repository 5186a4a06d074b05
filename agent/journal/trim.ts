import type { Stream } from '../core/index.ts'
import { headerSize, readHeader, type Header } from './codec.ts'
import type { Removal } from './group.ts'
import type { Store, StoredRecord } from './store.ts'
import type { StreamLog } from './stream.ts'

/** Records that one commit removes at most: the event loop is not held up longer than for that many. */
const chunk = 128

export interface Bounds {
  /** Bytes of all streams together. */
  readonly size: number
  /** ms since arrival. */
  readonly age: number
}

/** The oldest records of a stream that arrived before `horizon`, some of them; undefined where none did. */
export function tooOld(store: Store, log: StreamLog, horizon: number): Removal | undefined {
  return oldest(store, log, (header) => !header || header.arrival < horizon)
}

/** The oldest records altogether that make the journal exceed its size, some of them; undefined where it does not. */
export function tooMuch(store: Store, logs: readonly StreamLog[], size: number): Removal | undefined {
  let excess = logs.reduce((sum, log) => sum + log.counters.bytes, 0) - size
  if (excess <= 0) return undefined
  const log = mostDispensable(store, logs, size)
  return log && oldest(store, log, (_, bytes) => excess > 0 && ((excess -= bytes), true))
}

/** By stream, the offset from which on somebody needs its records. */
export type Needed = Readonly<Partial<Record<Stream, number>>>

/** The oldest records that make up some of `size` bytes: such as nobody needs, and only where there are none, of the others. */
export function dispensable(
  store: Store,
  logs: readonly StreamLog[],
  needed: Needed,
  size: number,
): Removal | undefined {
  let rest = size
  const enough = (bytes: number) => rest > 0 && ((rest -= bytes), true)
  const idle = logs.filter(({ name, counters }) => counters.records > 0 && counters.first < (needed[name] ?? Infinity))
  const log = mostDispensable(store, idle, 0)
  if (log) return oldest(store, log, (_, bytes, offset) => offset < (needed[log.name] ?? Infinity) && enough(bytes))
  const any = mostDispensable(store, logs, 0)
  return any && oldest(store, any, (_, bytes) => enough(bytes))
}

/** Dead letters where they take more than a sixteenth: a flood of them shall not push out good data; else what is oldest. */
function mostDispensable(store: Store, logs: readonly StreamLog[], size: number): StreamLog | undefined {
  let found: StreamLog | undefined
  let earliest = Infinity
  for (const log of logs) {
    if (log.counters.records === 0) continue
    const arrival = log.name === 'dead' && log.counters.bytes > size / 16 ? -Infinity : headArrival(store, log)
    if (found && arrival >= earliest) continue
    found = log
    earliest = arrival
  }
  return found
}

function headArrival(store: Store, log: StreamLog): number {
  for (const { bytes } of store.scan(log.name, log.counters.first, log.counters.next)) {
    return readHeader(bytes)?.arrival ?? -Infinity
  }
  return -Infinity
}

/** Records from the oldest on, as long as `goes` says so of their header and the bytes they take. */
function oldest(
  store: Store,
  log: StreamLog,
  goes: (header: Header | undefined, bytes: number, offset: number) => boolean,
): Removal | undefined {
  const { counters } = log
  const offsets: number[] = []
  let bytes = 0
  let rowsTrimmed = counters.rowsTrimmed
  let kept: StoredRecord | undefined
  for (const record of store.scan(log.name, counters.first, counters.next)) {
    const header = readHeader(record.bytes)
    const size = store.footprint(Math.max(headerSize, record.bytes.length))
    if (offsets.length === chunk || !goes(header, size, record.offset)) {
      kept = record
      break
    }
    offsets.push(record.offset)
    bytes += size
    // By the header where it can be read, which makes up for corrupt ones before it.
    rowsTrimmed = header ? header.rowsBefore + header.rows : rowsTrimmed
  }
  if (offsets.length === 0) return undefined
  const header = kept && readHeader(kept.bytes)
  return {
    log,
    offsets,
    bytes,
    first: kept?.offset ?? counters.next,
    rowsTrimmed: header?.rowsBefore ?? (kept ? rowsTrimmed : counters.rows),
  }
}

/** Adds to the rows removed by stream. */
export function addRows(rows: Partial<Record<Stream, number>>, stream: Stream, amount: number): void {
  if (amount > 0) rows[stream] = (rows[stream] ?? 0) + amount
}
