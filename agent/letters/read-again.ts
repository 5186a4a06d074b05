import { type Arrival, type Batch, type DeadLetter, type Journal, type Source, selectRows } from '../core/index.ts'
import { readSoon, seek } from '../journal/index.ts'
import type { Attempt } from './letters.ts'

export interface SourceParts {
  readonly journal: Journal
  /** A configured source; undefined where there is none of that name. */
  readonly source: (name: string) => Source | undefined
  /** Stores what a source has read once more; resolves when the disk has it. */
  readonly take: (source: string, arrival: Arrival) => Promise<void>
}

/** Entries of one arrival that are looked through for what it stored. */
const mostEntries = 256

/** Reads the payload of a source's letter once more, by the decoding and mapping of today. */
export async function readAgain(letter: DeadLetter, { journal, source, take }: SourceParts): Promise<Attempt> {
  const { origin } = letter
  const kept = (detail: string): Attempt => ({ outcome: 'kept', rows: 0, detail })
  const from = source(origin)
  if (!from) return kept(`no source is called ${origin}: nothing can read it again`)
  if (!from.again) return kept(`${origin} cannot read it again: only messages can be`)
  const arrival = from.again(letter)
  if (typeof arrival === 'string') return kept(arrival)
  const { rejected = [], events = [] } = arrival
  const stored = await storedThen(origin, letter.time, journal)
  const batch = without(arrival.batch, stored, journal)
  const rows = batch.length + events.length
  const worst = rejected.at(0) ?? { reason: 'empty', detail: 'no value comes of it' }
  if (rows === 0 && arrival.batch.length > 0) return { outcome: 'sent', rows: 0, detail: 'all of it is there already' }
  if (rows === 0) return { ...kept(`${worst.reason}: ${worst.detail}`), again: rejected }
  const finish = () => take(origin, { batch, events })
  if (rejected.length === 0) return { outcome: 'sent', rows, finish }
  return { outcome: 'kept', rows, detail: `${worst.reason}: ${worst.detail}`, finish, again: rejected }
}

/** What was stored of the arrival that the letter is of, as tag and time. */
async function storedThen(origin: string, arrival: number, journal: Journal): Promise<Set<string>> {
  const found = new Set<string>()
  const from = await seek(journal, 'samples', arrival)
  for (const entry of await readSoon(journal, 'samples', from, mostEntries)) {
    if (entry.kind !== 'samples' || entry.batch.source !== origin || entry.batch.arrival !== arrival) continue
    const { tag, time, length } = entry.batch
    for (let row = 0; row < length; row++) found.add(keyOf(journal, tag[row], time[row]))
  }
  return found
}

function without(batch: Batch, stored: ReadonlySet<string>, journal: Journal): Batch {
  const rows = Array.from({ length: batch.length }, (_, row) => row)
  const fresh = rows.filter((row) => !stored.has(keyOf(journal, batch.tag[row], batch.time[row])))
  return selectRows(batch, Uint32Array.from(fresh))
}

const keyOf = (journal: Journal, tag: number, time: number) => `${journal.tags.at(tag).name}\n${time}`
