import type { CorrectionEvent, InspectionEvent, Journal, JournalEvent, RejectEvent } from '../core/index.ts'
import { readSoon } from '../journal/index.ts'
import { closest } from './images/image-store.ts'

/** Entries of the journal that are looked through, the newest. */
const mostEntries = 20_000
const chunk = 200

/** What became of a part. */
export type PartEvent = InspectionEvent | CorrectionEvent | RejectEvent

export function isOfPart(event: JournalEvent): event is PartEvent {
  return event.type === 'inspection' || event.type === 'correction' || event.type === 'reject'
}

/** What became of parts, among the newest results before the offset `next`, newest first; in small turns. */
export async function* pastEvents(journal: Journal, next: number): AsyncGenerator<PartEvent> {
  const first = Math.max(journal.stats('results').first, next - mostEntries)
  for (let end = next; end > first; end -= chunk) {
    const begin = Math.max(first, end - chunk)
    const entries = await readSoon(journal, 'results', begin, end - begin)
    for (const entry of entries.reverse()) {
      if (entry.offset >= end || entry.kind !== 'event') continue
      if (isOfPart(entry.event)) yield entry.event
    }
    await new Promise(setImmediate)
  }
}

/** The newest verdict of a station on a part, or that on the part within a second of `time`, ms since epoch. */
export async function pastVerdict(
  journal: Journal,
  station: string,
  part: string,
  time?: number,
): Promise<InspectionEvent | undefined> {
  for await (const event of pastEvents(journal, journal.stats('results').next)) {
    if (event.type !== 'inspection' || event.station !== station || event.part !== part) continue
    if (closest([event], time)) return event
  }
  return undefined
}
