import { type DeadLetter, type Entry, type Rejection, type TagTable, rowsOf, selectRows } from '../core/index.ts'
import { packEntries } from '../journal/index.ts'
import { causeOf } from './refusals.ts'

/** Bytes of the first row that are shown as text. */
const shown = 1024
/** Bytes of rows that one letter holds: some hundred thousand samples, or a few rows of long texts. */
const mostHeld = 256 * 1024
/** Rows that are packed at a time, of numbers and of texts. */
const mostRows = { numbers: 512, texts: 16 }
/** Tags or monitors that a letter names. */
const mostSubjects = 3

/** Dead letters of what a sink rejected, and how many rows those are. */
export interface Letters {
  readonly letters: readonly DeadLetter[]
  readonly rows: number
}

/**
 * One letter per cause, with all its rows, so that they can be sent again; more than one where they would take more than
 * `mostHeld` bytes.
 */
export function lettersOf(rejections: readonly Rejection[], origin: string, time: number, tags: TagTable): Letters {
  const causes = new Map<string, Rejection[]>()
  for (const rejection of distinct(rejections)) {
    const key = causeOf(rejection.detail)
    const known = causes.get(key)
    if (known) known.push(rejection)
    else causes.set(key, [rejection])
  }
  const letters: DeadLetter[] = []
  for (const [{ detail, quarantined }, all] of [...causes.values()].map((all) => [all[0], all] as const)) {
    const common = { time, origin, reason: quarantined ? 'quarantined' : 'rejected', detail } as const
    let held: Uint8Array[] = []
    let entries: Entry[] = []
    const close = () => {
      if (entries.length > 0) letters.push({ ...common, ...contentOf(entries, tags), held: Buffer.concat(held) })
      held = []
      entries = []
    }
    for (const part of partsOf(all, tags)) {
      const packed = packEntries([part])
      if (held.reduce((sum, { length }) => sum + length, packed.length) > mostHeld) close()
      held.push(packed)
      entries.push(part)
    }
    close()
  }
  return { letters, rows: letters.reduce((sum, { rows }) => sum + rows, 0) }
}

/** What was refused as entries of their own: only the rows that are meant, few enough for a letter each. */
function* partsOf(rejections: readonly Rejection[], tags: TagTable): Iterable<Entry> {
  const rows = new Map<Entry, number[] | undefined>()
  for (const { entry, row } of rejections) {
    if (row === undefined) rows.set(entry, undefined)
    else if (rows.has(entry)) rows.get(entry)?.push(row)
    else rows.set(entry, [row])
  }
  for (const [entry, some] of rows) {
    const all = some ?? Array.from({ length: rowsOf(entry) }, (_, row) => row)
    const most = entry.kind === 'samples' && !entry.batch.texts ? mostRows.numbers : mostRows.texts
    for (let at = 0; at < all.length; at += most) yield only(entry, all.slice(at, at + most), tags)
  }
}

/** These rows of an entry. */
function only(entry: Entry, rows: readonly number[], tags: TagTable): Entry {
  if (entry.kind === 'predictions') return { ...entry, predictions: rows.map((row) => entry.predictions[row]) }
  if (entry.kind !== 'samples') return entry
  const batch = selectRows(entry.batch, Uint32Array.from(rows))
  if (!batch.texts) return { ...entry, batch }
  const texts: string[] = []
  const value = batch.value.map((code, row) => {
    const text = tags.at(batch.tag[row]).type === 'text' ? batch.texts![code] : undefined
    return text === undefined ? code : texts.push(text) - 1
  })
  return { ...entry, batch: { ...batch, value, texts } }
}

/** Without what is named twice: by the same row, or by a row and its whole entry. */
function* distinct(rejections: readonly Rejection[]): Iterable<Rejection> {
  const whole = new Set<Entry>()
  for (const rejection of rejections) {
    const { entry, row } = rejection
    if (row !== undefined || whole.has(entry)) continue
    whole.add(entry)
    yield rejection
  }
  const seen = new Map<Entry, Set<number>>()
  for (const rejection of rejections) {
    const { entry, row } = rejection
    if (row === undefined || whole.has(entry)) continue
    const rows = seen.get(entry) ?? new Set()
    if (rows.has(row)) continue
    seen.set(entry, rows.add(row))
    yield rejection
  }
}

/** What a letter says of the entries that it holds: whose they are, how many rows, and the first of them. */
function contentOf(
  entries: readonly Entry[],
  tags: TagTable,
): Pick<DeadLetter, 'subject' | 'rows' | 'payload' | 'size'> {
  const subjects = new Set<string>()
  let rows = 0
  for (const entry of entries) {
    const amount = rowsOf(entry)
    rows += amount
    for (let row = 0; row < amount; row++) subjects.add(subjectOf(entry, row, tags))
  }
  const named = [...subjects].slice(0, mostSubjects).join(', ')
  const subject = subjects.size > mostSubjects ? `${named} and ${subjects.size - mostSubjects} more` : named
  const payload = Buffer.from(firstOf(entries[0], tags))
  return { subject, rows, payload: payload.subarray(0, shown), size: payload.length }
}

function subjectOf(entry: Entry, row: number, tags: TagTable): string {
  switch (entry.kind) {
    case 'samples':
      return tags.at(entry.batch.tag[row]).name
    case 'predictions': {
      const { monitor, asset } = entry.predictions[row]
      return `${monitor}/${asset}`
    }
    case 'event':
      return entry.event.type === 'alarm' ? entry.event.id : entry.event.type
    default:
      return entry.kind
  }
}

function firstOf(entry: Entry, tags: TagTable): string {
  switch (entry.kind) {
    case 'samples': {
      const { tag, time, value, quality, texts = [] } = entry.batch
      const content = tags.at(tag[0]).type === 'text' ? texts[value[0]] : value[0]
      return JSON.stringify({ time: time[0], value: content, quality: quality[0] })
    }
    case 'predictions':
      return JSON.stringify(entry.predictions[0])
    case 'event':
      return JSON.stringify(entry.event)
    default:
      return ''
  }
}
