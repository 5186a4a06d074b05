import type { Config } from '../settings/index.ts'
import { arrivalOf, type Journal, type Stream, streams } from '../core/index.ts'
import { bytes, lasting, paint, table } from './output.ts'

interface StreamReport {
  readonly stream: Stream
  readonly records: { readonly first: number; readonly next: number }
  /** Kept, and ever appended. */
  readonly rows: { readonly kept: number; readonly ever: number }
  readonly bytes: number
  /** When the oldest and newest kept record arrived, ISO. */
  readonly oldest?: string
  readonly newest?: string
  readonly totals: Readonly<Record<string, number>>
}

/** What the journal holds. */
export interface JournalReport {
  readonly streams: readonly StreamReport[]
  readonly tags: number
  readonly size: { readonly used: number; readonly limit: number }
  /** ms for which the room lasts at the pace so far; null where too little has come to say. */
  readonly lasts: number | null
  /** How far readers have come, and how many records they have still to read. */
  readonly readers: readonly { readonly name: string; readonly offset: number; readonly behind: number }[]
}

export function statsOf(journal: Journal, config: Config): JournalReport {
  const found = streams.map((stream) => streamReport(journal, stream))
  const used = found.reduce((sum, { bytes: size }) => sum + size, 0)
  const span = Math.max(...found.map(({ oldest, newest }) => Date.parse(newest ?? '') - Date.parse(oldest ?? '') || 0))
  const readers = [
    reader(journal, 'pipeline', 'pipeline', 'samples'),
    ...Object.keys(config.connectors).map((name) => reader(journal, name, `sink/${name}`, 'results')),
  ].filter((known) => known !== undefined)
  return {
    streams: found,
    tags: journal.tags.size,
    size: { used, limit: config.journal.size },
    lasts: span > 60_000 && used > 0 ? Math.min((config.journal.size / used) * span, config.journal.age) : null,
    readers,
  }
}

function streamReport(journal: Journal, stream: Stream): StreamReport {
  const { first, next, rows, rowsTrimmed, bytes: size, totals } = journal.stats(stream)
  const oldest = arrival(journal, stream, first)
  const newest = arrival(journal, stream, next - 1)
  return {
    stream,
    records: { first, next },
    rows: { kept: rows - rowsTrimmed, ever: rows },
    bytes: size,
    ...(oldest !== undefined && { oldest }),
    ...(newest !== undefined && { newest }),
    totals,
  }
}

function arrival(journal: Journal, stream: Stream, offset: number): string | undefined {
  const entry = journal.read(stream, offset, 1).at(0)
  const time =
    entry?.kind === 'dead'
      ? entry.letter.time
      : entry?.kind === 'predictions'
        ? entry.predictions.at(-1)?.time
        : entry && arrivalOf(entry)
  return time === undefined || !Number.isFinite(time) ? undefined : new Date(time).toISOString()
}

function reader(journal: Journal, name: string, cursor: string, stream: Stream) {
  const place = journal.cursor(cursor)
  return place && { name, offset: place.offset, behind: Math.max(0, journal.stats(stream).next - place.offset) }
}

export function statsText({ streams: found, tags, size, lasts, readers }: JournalReport): string {
  const rows = found.map(({ stream, rows: { kept, ever }, bytes: taken, oldest, newest }) => [
    stream,
    `${kept.toLocaleString('en')} rows`,
    `${ever.toLocaleString('en')} ever`,
    bytes(taken),
    oldest === undefined ? '' : `${oldest} to ${newest ?? ''}`,
  ])
  const totals = found.flatMap(({ stream, totals: sums }) =>
    Object.entries(sums).map(([key, count]) => [stream, key, count.toLocaleString('en')]),
  )
  const share = Math.round((100 * size.used) / size.limit)
  return [
    `${bytes(size.used)} of ${bytes(size.limit)} used (${share} %), ${tags} tags${lasts === null ? '' : `; keeps about ${lasting(lasts)} at this pace`}`,
    `${paint('bold', 'Streams')}\n${table(rows)}`,
    totals.length > 0 ? `${paint('bold', 'Ever appended')}\n${table(totals)}` : '',
    readers.length > 0
      ? `${paint('bold', 'Readers')}\n${table(readers.map(({ name, behind }) => [name, `${behind} records to go`]))}`
      : '',
  ]
    .filter(Boolean)
    .join('\n\n')
}
