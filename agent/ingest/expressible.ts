import {
  type Batch,
  type DeadLetter,
  type DeadReason,
  type JournalEvent,
  type TagTable,
  selectRows,
} from '../core/index.ts'

/** What 64 bits of nanoseconds hold, as databases have them: the years 1678 to 2261, ms since epoch. */
const earliest = Date.UTC(1678, 0)
const latest = Date.UTC(2262, 0)
/** Characters of a text and of the name of a tag. Sources have bounds of their own, which are as far or nearer. */
const longestText = 65_536
const longestName = 1_000
/** Characters of a payload that are kept. */
const kept = 200

/** A batch without the rows that no sink could express, and the dead letters of these. */
export interface Expressible {
  readonly batch: Batch
  readonly letters: readonly DeadLetter[]
}

/** The batch itself where all of it can be expressed, which costs a look at each time. */
export function expressible(batch: Batch, tags: TagTable): Expressible {
  const { time, tag, texts, length } = batch
  let plain = texts === undefined || texts.every((text) => text.length <= longestText)
  for (let row = 0, before = -1; row < length && plain; row++) {
    plain = isExpressible(time[row]) && (tag[row] === before || tags.at(tag[row]).name.length <= longestName)
    before = tag[row]
  }
  return plain ? { batch, letters: [] } : sorted(batch, tags)
}

/** Events whose time can be expressed, and the dead letters of the others. */
export function expressibleEvents(
  events: readonly JournalEvent[],
  origin: string,
  arrival: number,
): { readonly events: readonly JournalEvent[]; readonly letters: readonly DeadLetter[] } {
  if (events.every(({ time }) => isExpressible(time))) return { events, letters: [] }
  const letters = events
    .filter(({ time }) => !isExpressible(time))
    .map((event): DeadLetter => {
      const text = JSON.stringify(event)
      return { time: arrival, origin, reason: 'time', detail: beyond(event.time), subject: event.type, rows: 1, payload: Buffer.from(text.slice(0, kept)), size: text.length } // prettier-ignore
    })
  return { events: events.filter(({ time }) => isExpressible(time)), letters }
}

function isExpressible(time: number): boolean {
  return time >= earliest && time < latest
}

function beyond(time: number): string {
  return `the time ${time} ms is not of the years 1678 to 2261, beyond which no database goes`
}

function sorted(batch: Batch, tags: TagTable): Expressible {
  const rows: number[] = []
  const letters: DeadLetter[] = []
  for (let row = 0; row < batch.length; row++) {
    const trouble = troubleOf(batch, row, tags)
    if (trouble === undefined) rows.push(row)
    else letters.push(letterOf(batch, row, tags, ...trouble))
  }
  return { batch: selectRows(batch, Uint32Array.from(rows)), letters }
}

function troubleOf(batch: Batch, row: number, tags: TagTable): [DeadReason, string] | undefined {
  const { name, type } = tags.at(batch.tag[row])
  if (!isExpressible(batch.time[row])) return ['time', beyond(batch.time[row])]
  if (name.length > longestName) return ['unmapped', `a tag name of ${name.length} characters; at most ${longestName}`]
  const length = type === 'text' ? (batch.texts?.at(batch.value[row])?.length ?? 0) : 0
  return length > longestText ? ['oversized', `a text of ${length} characters; at most ${longestText}`] : undefined
}

function letterOf(batch: Batch, row: number, tags: TagTable, reason: DeadReason, detail: string): DeadLetter {
  const { name, type } = tags.at(batch.tag[row])
  const text = (type === 'text' ? batch.texts?.at(batch.value[row]) : undefined) ?? String(batch.value[row])
  const payload = Buffer.from(text.slice(0, kept))
  return { time: batch.arrival, origin: batch.source, reason, detail, subject: name.slice(0, kept), rows: 1, payload, size: text.length } // prettier-ignore
}
