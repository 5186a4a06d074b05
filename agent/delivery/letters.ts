import { type DeadLetter, type Entry, type Rejection, type TagTable, rowsOf } from '../core/index.ts'

/** Bytes of a rejected record kept with its dead letter. */
const shown = 1024

/** Dead letters of what a sink rejected, and how many rows those are. */
export interface Letters {
  readonly letters: readonly DeadLetter[]
  readonly rows: number
}

/** One letter per tag or monitor and reason, not per row: a tag that is refused for ever must not flood the journal. */
export function lettersOf(rejections: readonly Rejection[], origin: string, time: number, tags: TagTable): Letters {
  const letters = new Map<string, DeadLetter>()
  let rows = 0
  for (const { entry, row, detail } of distinct(rejections)) {
    const amount = row === undefined ? rowsOf(entry) : 1
    rows += amount
    const subject = subjectOf(entry, row ?? 0, tags)
    const key = JSON.stringify([subject, detail])
    const known = letters.get(key)
    if (known) letters.set(key, { ...known, rows: known.rows + amount })
    else {
      const payload = Buffer.from(contentOf(entry, row ?? 0, tags))
      const size = payload.length
      letters.set(key, {
        ...{ time, origin, reason: 'rejected', detail, subject, rows: amount, size },
        payload: payload.subarray(0, shown),
      })
    }
  }
  return { letters: [...letters.values()], rows }
}

/** Without what is named twice: by the same row, or by a row and its whole entry. */
function* distinct(rejections: readonly Rejection[]): Iterable<Rejection> {
  const whole = new Set<number>()
  for (const rejection of rejections) {
    const { entry, row } = rejection
    if (row !== undefined || whole.has(entry.offset)) continue
    whole.add(entry.offset)
    yield rejection
  }
  const seen = new Set<string>()
  for (const rejection of rejections) {
    const { entry, row } = rejection
    const key = `${entry.offset}/${row ?? ''}`
    if (row === undefined || whole.has(entry.offset) || seen.has(key)) continue
    seen.add(key)
    yield rejection
  }
}

function subjectOf(entry: Entry, row: number, tags: TagTable): string {
  switch (entry.kind) {
    case 'samples':
      return entry.batch.length > 0 ? tags.at(entry.batch.tag[row]).name : ''
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

function contentOf(entry: Entry, row: number, tags: TagTable): string {
  switch (entry.kind) {
    case 'samples': {
      const { tag, time, value, quality, texts = [] } = entry.batch
      if (entry.batch.length === 0) return ''
      const content = tags.at(tag[row]).type === 'text' ? texts[value[row]] : value[row]
      return JSON.stringify({ time: time[row], value: content, quality: quality[row] })
    }
    case 'predictions':
      return JSON.stringify(entry.predictions[row])
    case 'event':
      return JSON.stringify(entry.event)
    default:
      return ''
  }
}
