import {
  type Arrival,
  BatchBuilder,
  type Quality,
  SourceError,
  type TagTable,
  describeError,
} from '../../agent/core/index.ts'
import { authorization, undici } from './client.ts'
import type { Settings } from './config.ts'

/** What is read of the past. Event times, ms since epoch: from inclusive, to exclusive. */
export interface HistoryRange {
  readonly site: string
  readonly from: number
  readonly to: number
}

/** A batch is handed over at this many samples. */
const batchSize = 2048
/** Rows of one answer that are aimed at: the span of time asked for is halved and doubled by it. */
const aim = { most: 200_000, least: 20_000 }
const firstSpan = 600_000
/** More rows than the server gives at a time within so many ms cannot be read. */
const shortestSpan = 1

interface Row {
  readonly name: string
  readonly time: number
  readonly value: number | string | boolean | null
  readonly quality: Quality
  readonly integer: boolean
}

/**
 * The samples that the sink wrote, in order of time, as if they came again: cleaned ones, since those are what it writes.
 * Asked for in InfluxQL, which 1.x and 3 answer, and 2.x where the bucket is mapped to a database. 64-bit integers
 * beyond 2^53 come rounded. Throws a SourceError (SOURCE_UNREACHABLE, SOURCE_REFUSED) where the server does not answer.
 */
export async function* readHistory(
  settings: Settings,
  { site, from, to }: HistoryRange,
  tags: TagTable,
  source: string,
): AsyncGenerator<Arrival> {
  for (let at = from, span = firstSpan; at < to;) {
    const end = Math.min(to, at + span)
    const rows = await ask(settings, site, at, end)
    if (!rows) {
      // The server gives so many rows and no more: what it left out is asked for in smaller pieces.
      if (end - at <= shortestSpan) throw cutOff(settings.url)
      span = Math.max(shortestSpan, (end - at) / 2)
      continue
    }
    rows.sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1))
    yield* arrivalsOf(rows, tags, source)
    at = end
    if (rows.length > aim.most) span = Math.max(shortestSpan, span / 2)
    else if (rows.length < aim.least) span *= 2
  }
}

function* arrivalsOf(rows: readonly Row[], tags: TagTable, source: string): Generator<Arrival> {
  const builder = new BatchBuilder(source)
  let newest = 0
  for (const { name, time, value, quality, integer } of rows) {
    const type =
      typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : integer ? 'integer' : 'number'
    const tag = tags.resolve({ name, type, source })
    newest = time
    if (tag.type === 'text') builder.addText(tag.index, time, value === null ? '' : String(value), quality)
    else builder.add(tag.index, time, value === null ? NaN : Number(value), quality)
    if (builder.length >= batchSize) yield { batch: builder.take(newest) }
  }
  if (builder.length > 0) yield { batch: builder.take(newest) }
}

const columns = ['value', 'integer', 'state', 'text', 'quality'] as const

interface Answer {
  readonly error?: string
  readonly results?: readonly {
    readonly error?: string
    readonly partial?: boolean
    readonly series?: readonly {
      /** There are more rows than these: the server's max-row-limit was reached. */
      readonly partial?: boolean
      readonly tags?: Readonly<Record<string, string>>
      readonly columns: readonly string[]
      readonly values: readonly (readonly (string | number | boolean | null)[])[]
    }[]
  }[]
}

/** The rows of a span; undefined where the server left some out. */
async function ask(settings: Settings, site: string, from: number, to: number): Promise<Row[] | undefined> {
  const { measurements } = settings
  const names = columns.map((column) => `"${column}"`).join(', ')
  const span = `time >= ${Math.round(from * 1000)}u AND time < ${Math.round(to * 1000)}u`
  const where = `"site" = '${site.replaceAll("'", "\\'")}' AND ${span}`
  const query = `SELECT ${names} FROM "${measurements.sensor}" WHERE ${where} GROUP BY "asset", "tag"`
  const answer = await fetchAnswer(settings, query)
  const problem = answer.error ?? answer.results?.find(({ error }) => error !== undefined)?.error
  if (problem !== undefined) throw refused(settings.url, problem)
  const results = answer.results ?? []
  if (results.some(({ partial, series = [] }) => partial || series.some((one) => one.partial))) return undefined
  return results.flatMap(({ series = [] }) => series.flatMap(rowsOf))
}

function rowsOf({
  tags = {},
  columns: found,
  values,
}: NonNullable<NonNullable<Answer['results']>[number]['series']>[number]): Row[] {
  const name = [tags.asset, tags.tag].filter(Boolean).join('/')
  const place = Object.fromEntries(found.map((column, at) => [column, at]))
  return values.map((row) => {
    const cell = (column: string) => row.at(place[column] ?? row.length) ?? null
    const value = cell('value') ?? cell('integer') ?? cell('state') ?? cell('text')
    const quality = Number(cell('quality') ?? 0) as Quality
    return { name, time: Number(cell('time')) / 1000, value, quality, integer: cell('integer') !== null }
  })
}

async function fetchAnswer(settings: Settings, query: string): Promise<Answer> {
  const { url, timeout } = settings
  const database = settings.version === 2 ? settings.bucket : settings.database
  const parameters = new URLSearchParams({ db: database, q: query, epoch: 'u' })
  if (settings.version === 1 && settings.retention) parameters.set('rp', settings.retention.name)
  try {
    const response = await undici().request(`${url.replace(/\/+$/, '')}/query?${parameters.toString()}`, {
      headers: authorization(settings),
      headersTimeout: timeout * 6,
      bodyTimeout: timeout * 6,
    })
    const text = await response.body.text()
    if (response.statusCode === 401 || response.statusCode === 403) throw refused(url, text.slice(0, 300))
    return JSON.parse(text) as Answer
  } catch (error) {
    if (error instanceof SourceError) throw error
    throw new SourceError('SOURCE_UNREACHABLE', `the history at ${url} cannot be read: ${describeError(error)}`, {
      cause: error,
      remedy: 'Check that InfluxDB runs and that url is right; `millwright doctor` looks closer.',
    })
  }
}

function cutOff(url: string): SourceError {
  return new SourceError(
    'SOURCE_REFUSED',
    `InfluxDB at ${url} gives fewer rows at a time than lie within a millisecond`,
    {
      remedy: 'Raise max-row-limit in the configuration of InfluxDB.',
    },
  )
}

function refused(url: string, words: string): SourceError {
  return new SourceError('SOURCE_REFUSED', `InfluxDB at ${url} refuses the query: ${words}`, {
    remedy:
      'Give the connector credentials that may read; in 2.x map the bucket to a database for InfluxQL (influx v1 dbrp create).',
  })
}
