import { InfluxDB, type IPoint } from 'influx'
import {
  BatchBuilder,
  silentMetrics,
  systemClock,
  TagTable,
  type ConnectorContext,
  type Entry,
} from '../../agent/core/index.ts'
import { influxdb } from '../../connectors/influxdb/index.ts'
import { contents, PointEncoder } from '../../connectors/influxdb/points.ts'
import { Influxd, influxdMissing } from '../support/influxd.ts'

const tagCount = 500
const perEntry = 20_000
const silent = () => undefined
const never = new AbortController().signal

/**
 * Line protocol for samples: ns of CPU per point; points per second into a real InfluxDB 1.x, beside the `influx` package's own
 * writer with the same points, bodies of 5,000 and two requests at a time. `--points` (400,000).
 */
export async function run(args: { readonly points?: string }): Promise<void> {
  const points = Number(args.points ?? 400_000)
  const tags = new TagTable()
  for (let i = 0; i < tagCount; i++) tags.resolve({ name: `line${i % 5}/pump${i % 50}/role${i}`, type: 'number' })
  for (const [kind, decimals] of [
    ['3 decimals', 3],
    ['full doubles', 17],
  ] as const) {
    const entries = entriesOf(points, decimals)
    console.log(`encoding, values of ${kind}: ${encoding(tags, entries, points).toFixed(0)} ns of CPU per point`)
  }
  if (influxdMissing) {
    console.log(influxdMissing)
    return
  }
  const influxd = await Influxd.start()
  try {
    const entries = entriesOf(points, 3)
    const own = await ownWriter(influxd, tags, entries, points)
    const theirs = await packageWriter(influxd, tags, entries, points)
    for (const [name, { rate, cpu }] of Object.entries({ 'own writer': own, 'influx package': theirs }))
      console.log(`${name}: ${rate.toFixed(0)} points/s, ${cpu.toFixed(0)} ms of the agent's CPU per 100,000 points`)
    console.log(
      `own / package: ${(own.rate / theirs.rate).toFixed(2)} of the rate, ${(own.cpu / theirs.cpu).toFixed(2)} of the CPU`,
    )
  } finally {
    await influxd.dispose()
  }
}

interface Result {
  /** Points per second. */
  readonly rate: number
  /** ms per 100,000 points, all threads of this process. */
  readonly cpu: number
}

function entriesOf(points: number, decimals: number): Entry[] {
  const entries: Entry[] = []
  for (let from = 0; from < points; from += perEntry) {
    const builder = new BatchBuilder('bench', perEntry)
    for (let i = from; i < Math.min(points, from + perEntry); i++) {
      const value = Math.sin(i) * 100
      const rounded = decimals > 15 ? value : Math.round(value * 10 ** decimals) / 10 ** decimals
      builder.add(i % tagCount, 1_700_000_000_000 + Math.floor(i / tagCount) * 1.5, rounded, 0)
    }
    entries.push({ kind: 'samples', batch: builder.take(0), origin: from, offset: from })
  }
  return entries
}

function encoding(tags: TagTable, entries: readonly Entry[], points: number): number {
  const measurements = {
    sensor: 'sensor',
    prediction: 'p',
    alarm: 'a',
    model: 'm',
    gap: 'g',
    report: 'r',
    agent: 'agent',
    inspection: 'i',
    correction: 'c',
    tag: 't',
    action: 'd',
  }
  const options = { site: 'plant', tags, measurements, content: contents, maxLines: 5_000, maxBytes: 4_000_000 }
  const encoder = new PointEncoder(options)
  for (const entry of entries.slice(0, 10)) encoder.encode([entry])
  const before = process.cpuUsage()
  for (const entry of entries) encoder.encode([entry])
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / points
}

async function measured(points: number, write: () => Promise<void>): Promise<Result> {
  const start = performance.now()
  const before = process.cpuUsage()
  await write()
  const { user, system } = process.cpuUsage(before)
  return { rate: points / ((performance.now() - start) / 1000), cpu: ((user + system) / 1000 / points) * 100_000 }
}

async function ownWriter(influxd: Influxd, tags: TagTable, entries: readonly Entry[], points: number): Promise<Result> {
  const parts = { name: 'bench', site: 'plant', tags, folder: '', metrics: silentMetrics, clock: systemClock }
  const log = { debug: silent, info: silent, warn: silent, error: silent }
  const context: ConnectorContext = { ...parts, log, report: silent }
  const sink = influxdb.sink!(influxdb.config.parse({ version: 1, url: influxd.url, database: 'own' }), context)!
  const [warmUp] = entries
  await sink.write([warmUp], never)
  const result = await measured(points, async () => {
    for (const entry of entries) await sink.write([entry], never)
  })
  await sink.close()
  await check(influxd, 'own', points)
  return result
}

async function packageWriter(
  influxd: Influxd,
  tags: TagTable,
  entries: readonly Entry[],
  points: number,
): Promise<Result> {
  const influx = new InfluxDB({ host: '127.0.0.1', port: influxd.port, database: 'theirs' })
  await influx.createDatabase('theirs')
  const result = await measured(points, async () => {
    for (const entry of entries) await writeEntry(influx, tags, entry)
  })
  await check(influxd, 'theirs', points)
  return result
}

async function writeEntry(influx: InfluxDB, tags: TagTable, entry: Entry): Promise<void> {
  if (entry.kind !== 'samples') return
  const { length, tag, time, value, quality } = entry.batch
  const lists: IPoint[][] = [[], []]
  for (let row = 0; row < length; row++) {
    const [line, pump, role] = tags.at(tag[row]).name.split('/')
    lists[tag[row] & 1].push({
      measurement: 'sensor',
      tags: { asset: `${line}/${pump}`, line, site: 'plant', tag: role },
      fields: { quality: quality[row], value: value[row] },
      timestamp: Math.round(time[row] * 1000),
    })
  }
  const send = async (list: IPoint[]) => {
    for (let i = 0; i < list.length; i += 5_000) await influx.writePoints(list.slice(i, i + 5_000), { precision: 'u' })
  }
  await Promise.all(lists.map(send))
}

async function check(influxd: Influxd, database: string, points: number): Promise<void> {
  const stored = await influxd.count(database, 'sensor', 'value')
  if (stored !== points) throw new Error(`${database}: ${stored} of ${points} points are stored`)
}
