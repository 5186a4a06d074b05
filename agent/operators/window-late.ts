import type { RoleState } from './window-asset.ts'
import { nextUp } from './window-column.ts'

/** What late data did to a closed window: at most its coverage, or its samples. */
export const Dirty = { coverage: 1, samples: 2 } as const

/**
 * Marks the closed windows that a late sample at `time` changes: those around it, and those in which it holds at the
 * start. `since`: time of the good sample that holds now, or did before. `inside`: the samples of the windows around it
 * changed, not only their coverage. Windows that ended before `expired` are left alone, unless they come again anyway.
 * True where there is any.
 */
export function markChanged(role: RoleState, time: number, since: number, inside: boolean, expired: number): boolean {
  const { closed } = role.state
  const after = nextUp(time)
  const next = role.next(after)
  const good = role.good.find(after)
  const nextGood = good < role.good.tail ? role.good.time[good] : Infinity
  let any = false
  for (let row = closed.tail - 1; row >= closed.head; row--) {
    const before = closed.before[row]
    if (before <= time) break
    if (before < expired && closed.dirty[row] === 0) continue
    const start = closed.start[row]
    const around = start <= time
    const holds = start >= time && start < next && start - since < (role.hold ?? before - start)
    if (!around && !holds) continue
    // A value that only holds at the start is not in the series where good samples follow; a bad one never is.
    const inSeries = (around && inside) || (holds && nextGood >= before)
    closed.dirty[row] = Math.max(closed.dirty[row], inSeries ? Dirty.samples : Dirty.coverage)
    any = true
  }
  return any
}
