import { type Entry, type Journal, type Stream, rowsOf } from '../core/index.ts'

/** Rows that one turn of the event loop may read; some milliseconds. */
const rowsPerTurn = 20_000
/** An entry costs about as much as so many of its rows. */
const entryCost = 16

/** Entries from `offset` on. Waits where the store cannot be read for the moment, in the middle of a commit. */
export async function readSoon(journal: Journal, stream: Stream, offset: number, limit: number): Promise<Entry[]> {
  for (let turn = 0; turn < 200; turn++) {
    const entries = journal.read(stream, offset, limit)
    if (entries.length > 0 || offset >= journal.stats(stream).next) return entries
    await new Promise(setImmediate)
  }
  return []
}

/** When an entry came to be, ms since epoch: its arrival, or the newest of its windows. */
export function timeOf(entry: Entry): number {
  switch (entry.kind) {
    case 'samples':
      return entry.batch.arrival
    case 'event':
      return entry.arrival
    case 'dead':
      return entry.letter.time
    case 'predictions':
      return entry.predictions.at(-1)?.time ?? 0
  }
}

/** The offset of the first entry of `time` or later, by bisection: a few dozen reads however long the stream is. */
export async function seek(journal: Journal, stream: Stream, time: number): Promise<number> {
  let { first: low, next: high } = journal.stats(stream)
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const entry = (await readSoon(journal, stream, middle, 1)).at(0)
    // Offsets may be empty: what is found beyond `middle` speaks for all of them.
    if (entry === undefined || timeOf(entry) >= time) high = middle
    else low = entry.offset + 1
  }
  return low
}

export interface Scan {
  readonly stream: Stream
  /** Offsets, the second exclusive. */
  readonly from: number
  readonly to: number
  /** Rows to read at most, roughly. */
  readonly budget: number
  /** Into how many equal parts the offsets are cut where there is more to read than that. */
  readonly parts: number
}

/**
 * Visits the entries of a range, in small turns that leave the event loop to others. Where the range holds more than the
 * budget, the beginning of each part is read, the same share of all. Resolves with that share.
 */
export async function scan(journal: Journal, range: Scan, visit: (entry: Entry) => void): Promise<number> {
  const { stream, from, to, budget } = range
  const cost = journal.rowsBefore(stream, to) - journal.rowsBefore(stream, from) + (to - from) * entryCost
  const share = Math.min(1, budget / Math.max(1, cost))
  const parts = share < 1 ? Math.max(1, Math.min(range.parts, Math.ceil(to - from))) : 1
  const length = (to - from) / parts
  for (let part = 0; part < parts; part++) {
    const begin = Math.floor(from + part * length)
    const end = Math.min(to, begin + Math.max(1, Math.ceil(length * share)))
    await visitRange(journal, stream, begin, end, visit)
  }
  return share
}

async function visitRange(
  journal: Journal,
  stream: Stream,
  from: number,
  to: number,
  visit: (entry: Entry) => void,
): Promise<void> {
  let limit = 16
  for (let at = from; at < to;) {
    const entries = await readSoon(journal, stream, at, Math.min(limit, to - at))
    if (entries.length === 0) return
    let rows = 0
    for (const entry of entries) {
      if (entry.offset >= to) return
      rows += rowsOf(entry) + entryCost
      visit(entry)
    }
    at = entries[entries.length - 1].offset + 1
    limit = Math.max(1, Math.min(1_000, Math.floor((limit * rowsPerTurn) / rows)))
    await new Promise(setImmediate)
  }
}
