import type { Journal } from '../core/index.ts'
import { entriesBetween } from '../journal/index.ts'
import type { Opened } from './values/values.ts'

/**
 * After a start the pipeline goes through the samples since its checkpoint again. Parts of stations without images that
 * have a verdict since then are not judged again: what came to the station from the part's own time until its verdict was
 * stored led to that one. `from`: offset of the checkpoint.
 */
export function judgedSince(journal: Journal, from: number, station: string): (part: Opened) => boolean {
  const judged = new Map<string, { readonly from: number; readonly until: number }[]>()
  for (const chunk of entriesBetween(journal, from, journal.stats('samples').next)) {
    for (const entry of chunk) {
      if (entry.kind !== 'event' || entry.event.type !== 'inspection' || entry.event.station !== station) continue
      const { part, time } = entry.event
      judged.set(part, [...(judged.get(part) ?? []), { from: time, until: entry.arrival }])
    }
  }
  return ({ part, time }) => judged.get(part)?.some(({ from, until }) => time >= from && time <= until) ?? false
}
