import type { Journal } from './core/index.ts'
import { entriesBetween } from './journal-range.ts'
import type { Opened } from './inspection-values.ts'

/**
 * After a start the pipeline goes through the samples since its checkpoint again. Parts of stations without images that
 * have a verdict since then are not judged again. `from`: offset of the checkpoint.
 */
export function judgedSince(journal: Journal, from: number, station: string): (part: Opened) => boolean {
  const judged = new Set<string>()
  for (const chunk of entriesBetween(journal, from, journal.stats('samples').next)) {
    for (const entry of chunk) {
      if (entry.kind !== 'event' || entry.event.type !== 'inspection' || entry.event.station !== station) continue
      judged.add(keyOf(entry.event))
    }
  }
  // Each comes once: what is asked for is done with.
  return (part) => judged.delete(keyOf(part))
}

function keyOf({ part, time }: Opened): string {
  return `${time} ${part}`
}
