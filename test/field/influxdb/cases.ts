import { writeFileSync } from 'node:fs'
import { BatchBuilder, type InspectionEvent, type JournalRecord, type TagTable } from '../../../agent/core/index.ts'
import type { Delivery, SinkLedger } from '../../../agent/delivery/index.ts'
import type { Influxd, InfluxdOptions } from '../../support/influxd.ts'
import { until } from '../../support/until.ts'

/** The server, the file of the password and the delivery, for what happens meanwhile. */
export interface Far {
  readonly influxd: Influxd
  readonly password: string
  readonly delivery: Pick<Delivery, 'state'>
}

/** A question in InfluxQL and its rows without their times; several series one after the other. */
export type Question = readonly [query: string, rows: readonly (readonly unknown[])[]]

export interface FieldCase {
  readonly name: string
  /** Where the kind is documented, or was met. */
  readonly source: string
  readonly server?: InfluxdOptions
  /** Of the sink. */
  readonly settings?: object
  /** What is in the database before: statements, and lines with times in µs. */
  readonly statements?: readonly string[]
  readonly lines?: string
  results(tags: TagTable): JournalRecord[]
  /** What happens once the results are there, before they can all be delivered. */
  readonly meanwhile?: (far: Far) => Promise<void>
  readonly ledger: Partial<SinkLedger>
  /** Rows, words and remedy of each dead letter. */
  readonly letters?: readonly (readonly [rows: number, detail: RegExp, remedy: RegExp])[]
  readonly answers: readonly Question[]
  /** What an administrator does, after which the letters are sent again. */
  readonly mend?: (far: Far) => Promise<unknown>
  readonly mended?: readonly Question[]
}

const now = Date.now()
const day = 86_400_000

/** Rows of tags that are made on first sight, as `[tag, time in ms, value]`. */
function samples(tags: TagTable, rows: readonly (readonly [tag: string, time: number, value: number | string])[]) {
  const builder = new BatchBuilder('plc')
  for (const [name, time, value] of rows) {
    const unit = name.endsWith('flow') ? { unit: 'l/min' } : {}
    const tag = tags.resolve({ name, type: typeof value === 'string' ? 'text' : 'number', ...unit })
    if (typeof value === 'string') builder.addText(tag.index, time, value, 0)
    else builder.add(tag.index, time, value, 0)
  }
  return [{ kind: 'samples', batch: builder.take(now), origin: 0 } as const]
}

/** `count` rows of each tag, a millisecond apart, whose values are their numbers. */
const many = (tags: TagTable, names: readonly string[], count: number, from = now - count) =>
  samples(
    tags,
    names.flatMap((name) => Array.from({ length: count }, (_, i) => [name, from + i, i] as const)),
  )

const verdict = (part: number, verdict: 'pass' | 'fail', score: number | null): JournalRecord => {
  const own = { station: 'weld', part: `P-${part}`, verdict, label: verdict, score, threshold: null, model: '', ms: 3 }
  const event = { type: 'inspection', time: now + part, values: {}, reason: '', image: '', ...own }
  return { kind: 'event', event: event as unknown as InspectionEvent, arrival: now, origin: 0 }
}

/** Three series of the plant, a while ago. */
const three = ['p', 'q', 'r'].map((tag) => `sensor,asset=l/a,line=l,site=shenzhen-1,tag=${tag} quality=0i ${now - day}000`).join('\n') // prettier-ignore

export const cases: readonly FieldCase[] = [
  {
    name: 'a field that has another type there',
    source: 'InfluxDB 1.x, write errors: field type conflict',
    lines: `sensor,site=other value="text" ${now}000`,
    results: (tags) => many(tags, ['l/a/x', 'l/a/y'], 500),
    ledger: { stored: 1_000, delivered: 0, dead: 1_000 },
    letters: [[1_000, /input field "value" on measurement "sensor" is type float, already exists as type string/, /drop the old series/]], // prettier-ignore
    answers: [['SELECT count(quality) FROM sensor', []]],
    mend: ({ influxd }) => influxd.query('DROP MEASUREMENT sensor', 'plant'),
    mended: [['SELECT count(value), sum(value) FROM sensor', [[1_000, 2 * 124_750]]]],
  },
  {
    name: 'good and bad lines in one body: a partial write',
    source: 'InfluxDB 1.x, partial writes',
    lines: `sensor,site=other text=1 ${now}000`,
    results: (tags) => [
      ...samples(tags, [['l/a/state', now - 5_000, 'run']]),
      ...many(tags, ['l/a/x'], 500),
      ...samples(tags, [['l/a/state', now - 4_000, 'stop']]),
    ],
    ledger: { stored: 502, delivered: 500, dead: 2 },
    letters: [[2, /input field "text".*is type string, already exists as type float/, /another type/]],
    answers: [['SELECT count(value) FROM sensor', [[500]]]],
    mend: ({ influxd }) => influxd.query('DROP MEASUREMENT sensor', 'plant'),
    mended: [['SELECT text FROM sensor', [['run'], ['stop']]]],
  },
  {
    name: 'times beyond the retention policy',
    source: 'InfluxDB 1.x, retention policies; a week of outage',
    settings: { retention: { name: 'short', duration: '1h' } },
    results: (tags) => [...many(tags, ['l/a/x'], 300), ...many(tags, ['l/a/x'], 300, now - 7 * day)],
    ledger: { stored: 600, delivered: 300, dead: 300 },
    letters: [[300, /points beyond retention policy/, /lengthen it/]],
    answers: [['SELECT count(value) FROM short.sensor', [[300]]]],
    mend: ({ influxd }) => influxd.query('ALTER RETENTION POLICY short ON plant DURATION 52w'),
    mended: [['SELECT count(value) FROM short.sensor', [[600]]]],
  },
  {
    name: 'more values of a tag than the server takes',
    source: 'influxdb.conf: max-values-per-tag',
    server: { values: 3 },
    lines: three,
    results: (tags) => many(tags, ['l/a/p', 'l/a/q', 'l/a/r', 'l/a/s', 'l/a/t'], 50),
    ledger: { stored: 250, delivered: 150, dead: 100 },
    letters: [[100, /max-values-per-tag limit exceeded/, /Raise max-values-per-tag/]],
    answers: [['SELECT count(value) FROM sensor', [[150]]]],
    mend: ({ influxd }) => influxd.reconfigure({ values: 1_000 }),
    mended: [['SELECT count(value), sum(value) FROM sensor', [[250, 5 * 1_225]]]],
  },
  {
    name: 'more series than the server takes',
    source: 'influxdb.conf: max-series-per-database',
    server: { series: 3 },
    lines: three,
    results: (tags) => many(tags, ['l/a/p', 'l/a/q', 'l/a/r', 'l/a/s', 'l/a/t'], 50),
    ledger: { stored: 250, delivered: 150, dead: 100 },
    letters: [[100, /max-series-per-database limit exceeded/, /Raise max-series-per-database/]],
    answers: [['SELECT count(value) FROM sensor', [[150]]]],
    mend: ({ influxd }) => influxd.reconfigure({ series: 1_000 }),
    mended: [['SELECT count(value), sum(value) FROM sensor', [[250, 5 * 1_225]]]],
  },
  {
    name: 'bodies that are too large (413)',
    source: 'influxdb.conf: max-body-size; proxies before it',
    server: { largest: 2_000 },
    settings: { gzip: false },
    results: (tags) => many(tags, ['l/a/x'], 1_000),
    ledger: { stored: 1_000, delivered: 1_000, dead: 0 },
    answers: [['SELECT count(value) FROM sensor', [[1_000]]]],
  },
  {
    name: 'a password that was changed (401)',
    source: 'InfluxDB 1.x, authentication; secrets that are rotated',
    server: { auth: true },
    settings: { username: 'admin', password_file: '' },
    results: (tags) => many(tags, ['l/a/x'], 100),
    meanwhile: async ({ password, delivery }) => {
      await until(
        () => JSON.stringify(delivery.state()),
        () => /answered 401/.test(delivery.state().message),
      )
      writeFileSync(password, 'secret\n')
    },
    ledger: { stored: 100, delivered: 100, dead: 0 },
    answers: [['SELECT count(value) FROM sensor', [[100]]]],
  },
  {
    name: 'a server that is killed and started while results wait',
    source: 'power cuts',
    results: (tags) => many(tags, ['l/a/x'], 2_000),
    meanwhile: async ({ influxd }) => {
      await influxd.kill()
      await influxd.restart()
    },
    ledger: { stored: 2_000, delivered: 2_000, dead: 0 },
    answers: [['SELECT count(value), sum(value) FROM sensor', [[2_000, 1_999_000]]]],
  },
  {
    name: 'several samples of a tag in one microsecond',
    source: 'controllers that send a burst with one time',
    results: (tags) => samples(tags, [['l/a/x', now, 1], ['l/a/x', now, 2], ['l/a/y', now, 3], ['l/a/x', now, 4], ['l/a/x', now + 1, 5]]), // prettier-ignore
    ledger: { stored: 5, delivered: 3, overwritten: 2, dead: 0 },
    answers: [['SELECT value FROM sensor WHERE "tag" = \'x\'', [[4], [5]]]],
  },
  {
    name: 'two sites in one database',
    source: 'one InfluxDB for several plants',
    lines: `sensor,asset=l/a,line=l,site=elsewhere,tag=x value=1000,quality=0i ${now}000`,
    results: (tags) => samples(tags, [['l/a/x', now, 10]]),
    ledger: { stored: 1, delivered: 1 },
    answers: [['SELECT mean(value) FROM sensor GROUP BY site', [[1_000], [10]]]],
  },
  {
    name: 'units of tags',
    source: 'dashboards that show l/min',
    results: (tags) => samples(tags, [['l/a/flow', now, 3], ['l/a/x', now, 1]]), // prettier-ignore
    ledger: { stored: 2, delivered: 2 },
    answers: [['SELECT unit, "type" FROM "tag" GROUP BY "tag"', [['l/min', 'number']]]],
  },
  {
    name: 'verdicts with and without a score, by part',
    source: 'stations that judge by limits as well as by a model',
    results: () => [verdict(1, 'fail', 3), verdict(2, 'fail', null), verdict(3, 'pass', 1), verdict(4, 'fail', null)],
    ledger: { stored: 4, delivered: 4 },
    answers: [['SELECT count(part) FROM inspection GROUP BY verdict', [[3], [1]]]],
  },
]
