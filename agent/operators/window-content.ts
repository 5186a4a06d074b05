import { type Series, SeriesView } from '../core/index.ts'
import type { RoleState } from './window-asset.ts'
import { countCoverage, timeCoverage } from './window-coverage.ts'

export const noSamples: Series = { time: new Float64Array(0), value: new Float64Array(0) }

/**
 * The samples of a role in a window, as `setRanges` found them; where there are none, the value that holds at the start.
 * `serial` numbers the batch for which the views must stay as they are.
 */
export function seriesOf(role: RoleState, start: number, before: number, serial: number): Series {
  const { good, bad, low, high } = role
  if (high > low) {
    good.pinned = serial
    return new SeriesView(good.time, good.value, low, high, role)
  }
  const since = low > good.head ? good.time[low - 1] : -Infinity
  const badRow = bad.find(start)
  const ended = bad.isAt(badRow, start) || (badRow > bad.head && bad.time[badRow - 1] > since)
  if (ended || !(start - since < (role.hold ?? before - start))) return noSamples
  return { time: Float64Array.of(start), value: Float64Array.of(good.value[low - 1]) }
}

/** Share of a window in which the role's last known sample is good and held: by time, or `bySample` by event times. */
export function coverageOf(role: RoleState, bySample: boolean, start: number, before: number): number {
  const { low, high } = role
  const { clock, clockRow } = role.state
  const hold = role.hold ?? before - start
  if (!bySample) return timeCoverage(role, start, before, low, high, hold)
  const to = clock!.seek(before, clockRow)
  return countCoverage(role, clock!, clock!.seek(start, to), to, low, high, hold)
}
