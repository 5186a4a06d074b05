import type { AuditEntry } from './agent-view.ts'
import type { Annals } from './annals.ts'

/**
 * What was done through page and API, newest first. What people did to alarms was only among the alarms' own changes before
 * it was put down as well.
 */
export async function auditTrail(annals: Annals, limit: number): Promise<readonly AuditEntry[]> {
  const { events } = await annals.newest('audit', limit)
  const { events: alarms } = await annals.newest('alarm', limit)
  const keyOf = (...parts: readonly (string | number)[]) => JSON.stringify(parts)
  const known = new Set(events.map(({ time, by, action, subject }) => keyOf(time, by, action, subject)))
  const acts = alarms.flatMap(({ time, by, change, asset, reason = '' }) =>
    by === undefined || known.has(keyOf(time, by, change, asset))
      ? []
      : [{ time, by, action: change, subject: asset, detail: reason }],
  )
  const entries = [...events.map(({ type: _, link: __, ...entry }) => entry), ...acts]
  return entries.sort((one, other) => other.time - one.time).slice(0, limit)
}
