/** Before the year 2000 no plant was online: such a time comes from a clock that was never set. */
const earliest = Date.UTC(2000, 0, 1)
const furthestAhead = 24 * 3_600_000
/** The latest that is believed while the agent's own clock was never set. */
const latest = Date.UTC(2100, 0, 1)

/** A clock that shows less was never set, as that of a gateway without a battery before its time service answers; ms since epoch. */
export const clockUnsetBefore = Date.UTC(2025, 0, 1)

/** Whether the time that a sample carries can be one of the plant; both in ms since epoch. */
export function isBelieved(time: number, arrival: number): boolean {
  return time >= earliest && time <= (arrival < clockUnsetBefore ? latest : arrival + furthestAhead)
}
