import { type Entry, type Journal, arrivalOf } from '../core/index.ts'

/** The first offset in `samples` whose record arrived at or after `time`, ms since epoch. Arrivals ascend, so it is found by halving. */
export function offsetAt(journal: Journal, time: number): number {
  const { first, next } = journal.stats('samples')
  let low = first
  for (let high = next; low < high;) {
    const middle = (low + high) >> 1
    const entry = journal.read('samples', middle, 1).at(0)
    if (entry && entry.offset < high && arrivalOf(entry) < time) low = entry.offset + 1
    else high = middle
  }
  return low
}

/** Chunks of the entries of `samples` from one offset to another, exclusive. `progress`: share that was read, 0 to 1. */
export function* entriesBetween(
  journal: Journal,
  from: number,
  to: number,
  progress: (share: number) => void = () => undefined,
): Generator<readonly Entry[]> {
  for (let next = from; next < to;) {
    const chunk = journal.read('samples', next, 256).filter(({ offset }) => offset < to)
    if (chunk.length === 0) return
    yield chunk
    next = chunk[chunk.length - 1].offset + 1
    progress((next - from) / (to - from))
  }
}

/** Event time read before the first window that is used, so that it is complete, ms. */
export function leadIn(window: number | object): number {
  return typeof window === 'number' ? 2 * window : 0
}
