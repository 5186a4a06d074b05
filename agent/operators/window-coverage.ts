import type { RoleState } from './window-asset.ts'
import type { Column } from './window-column.ts'

/**
 * Share of [start, before), by time, in which the role's last known sample is good and younger than `hold`, in ms.
 * `low` and `high` are the rows of `good` in the window.
 */
export function timeCoverage(
  { good, bad }: RoleState,
  start: number,
  before: number,
  low: number,
  high: number,
  hold: number,
): number {
  const since = low > good.head ? good.time[low - 1] : -Infinity
  // No bad sample since the one that holds at the start, and every gap within is shorter than the hold.
  if ((bad.length === 0 || bad.last < since) && hold >= before - start) {
    const until = since === -Infinity ? start : Math.max(start, since + hold)
    const first = low < high ? good.time[low] : before
    return until >= first ? 1 : 1 - (first - until) / (before - start)
  }
  let row = low
  let badRow = bad.find(start)
  const held = since > (badRow > bad.head ? bad.time[badRow - 1] : -Infinity)
  let until = held ? Math.max(start, since + hold) : start
  let uncovered = 0
  for (;;) {
    const nextGood = row < high ? good.time[row] : before
    const nextBad = badRow < bad.tail && bad.time[badRow] < before ? bad.time[badRow] : before
    const next = nextBad < nextGood ? nextBad : nextGood
    if (next > until) uncovered += next - until
    if (next === before) break
    if (next === nextBad && next !== nextGood) {
      badRow++
      until = next
    } else {
      row++
      until = next + hold
    }
  }
  return 1 - uncovered / (before - start)
}

/** Share of the event times in rows `from` to `to` of `clock` at which the role's last known sample is good and held. */
export function countCoverage(
  { good, bad, onChange }: RoleState,
  clock: Column,
  from: number,
  to: number,
  low: number,
  high: number,
  hold: number,
): number {
  // The first sample of a tag that reports by change is no event time of the asset.
  if (high - low === to - from && !onChange) return 1
  const start = clock.time[from]
  let row = low
  let badRow = bad.find(start)
  let known = low > good.head ? good.time[low - 1] : -Infinity
  let badSince = badRow > bad.head ? bad.time[badRow - 1] : -Infinity
  let covered = 0
  for (let i = from; i < to; i++) {
    const time = clock.time[i]
    while (row < high && good.time[row] <= time) known = good.time[row++]
    while (badRow < bad.tail && bad.time[badRow] <= time) badSince = bad.time[badRow++]
    if (known > badSince && (known === time || time - known < hold)) covered++
  }
  return covered / (to - from)
}
