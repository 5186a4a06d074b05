import {
  BatchBuilder,
  TagTable,
  type AlarmEvent,
  type Entry,
  type JournalEvent,
  type Prediction,
} from '../../../agent/core/index.ts'
import { sinkOf } from '../../connectors/influxdb/helpers.ts'
import type { Influxd } from '../../support/influxd.ts'

export const database = 'plant'
/** What the variables of the dashboards choose. */
export const choices: Readonly<Record<string, readonly string[]>> = {
  site: ['shenzhen-1'],
  asset: ['line3/pump7'],
  monitor: ['pump-health', 'pump-life', 'pump-fault', 'pump-flow'],
  station: ['final'],
  verdict: ['pass', 'fail'],
}

const steps = 60
const step = 10_000

/** Writes ten minutes of a plant, up to `end`, through the sink as the agent does. */
export async function fill(influxd: Influxd, end: number): Promise<void> {
  const tags = new TagTable()
  const sink = sinkOf({ version: 1, url: influxd.url, database }, tags)
  const begin = end - steps * step
  const entries = [...samples(tags, begin), ...predictions(begin), ...events(begin)].map((record, offset) => ({
    ...record,
    offset,
  })) as Entry[]
  const rejected = await sink.write(entries, new AbortController().signal)
  if (rejected.length > 0) throw new Error(rejected[0].detail)
  await sink.close()
  await influxd.write(database, inspections(begin).join('\n'))
}

function samples(tags: TagTable, begin: number) {
  const index = (role: string, type: 'number' | 'integer' | 'boolean' | 'text') =>
    tags.resolve({ name: `line3/pump7/${role}`, type }).index
  const builder = new BatchBuilder('plc')
  for (let n = 0; n < steps; n++) {
    const time = begin + n * step
    builder.add(index('vibration', 'number'), time, 2 + Math.sin(n), n === 7 ? 2 : 0)
    builder.add(index('starts', 'integer'), time, n, 0)
    builder.add(index('running', 'boolean'), time, n % 9 === 0 ? 0 : 1, 0)
    builder.addText(index('recipe', 'text'), time, n < 30 ? 'A' : 'B', 0)
  }
  return [{ kind: 'samples', batch: builder.take(end(begin)), origin: 0 }] as const
}

function predictions(begin: number) {
  const conclusions = Array.from({ length: steps }, (_, n): Prediction[] => {
    const health = healthAt(begin, n)
    const sound = { ...health, state: 'normal', contributions: {} } as const
    return [
      health,
      { ...sound, monitor: 'pump-life', kind: 'rul', value: 200 - n, lower: 180 - n, upper: 220 - n },
      { ...sound, monitor: 'pump-flow', kind: 'estimate', value: 40 + n / 10, lower: 39, upper: 50 },
      { ...sound, monitor: 'pump-fault', kind: 'fault', label: 'bearing', probability: 0.8 },
    ]
  }).flat()
  return [{ kind: 'predictions', predictions: conclusions, origin: 0 }] as const
}

function healthAt(begin: number, n: number): Prediction {
  return {
    time: begin + n * step,
    asset: 'line3/pump7',
    monitor: 'pump-health',
    kind: 'anomaly',
    score: n < 40 ? 4 : 14,
    threshold: 10,
    state: n < 40 ? 'normal' : 'anomaly',
    coverage: 1,
    revision: 1,
    model: n < 20 ? '0001-aa' : '0002-bb',
    contributions: { vibration: 0.75, starts: 0.25 },
  }
}

function events(begin: number) {
  const alarm = (change: AlarmEvent['change'], n: number): AlarmEvent => ({
    ...{ type: 'alarm', asset: 'line3/pump7', monitor: 'pump-health', score: 14, threshold: 10 },
    ...{ time: begin + n * step, id: `pump-health/line3/pump7/${begin}`, raised: begin + 41 * step, change },
    ...{ state: change === 'raised' ? 'raised' : 'acknowledged', contributions: { vibration: 0.75 } },
    ...(change === 'acknowledged' && { by: 'Ann', reason: 'seen' }),
  })
  const model = (step_: 'training' | 'active' | 'failed', n: number) =>
    ({
      type: 'model',
      time: begin + n * step,
      monitor: 'pump-health',
      step: step_,
      version: '0002-bb',
      detail: 'x',
    }) as const
  const readings = Array.from({ length: steps }, (_, n): JournalEvent => agent(begin + n * step, n))
  const gap = {
    type: 'gap',
    time: begin,
    source: 'plc',
    from: begin,
    to: begin + 1,
    detail: 'server restarted',
  } as const
  const all = [
    alarm('raised', 41),
    alarm('acknowledged', 45),
    model('training', 18),
    model('active', 20),
    model('failed', 50),
    gap,
  ]
  return [...all, ...readings].map((event) => ({ kind: 'event', event, arrival: end(begin), origin: 0 }) as const)
}

function agent(time: number, n: number): JournalEvent {
  const process = { cpu: 0.1, memory: 1e8, uptime: n * 10, loop_delay: 0.01, lag: 0, alarms: 1 }
  const source = { up: 1, received: n * 40, stored: n * 40, rejected: 0, in_flight: 0, refused: 0, skew: 0.2 }
  const sink = { up: 1, stored: n * 50, delivered: n * 49, overwritten: 0, dead: 0, refused: 0, waiting: n, trimmed: 0 }
  return {
    type: 'agent',
    time,
    readings: [
      { part: 'process', name: '', values: process },
      { part: 'journal', name: 'samples', values: { rows: n * 40, bytes: n * 400, corrupt: 0 } },
      { part: 'source', name: 'plc', values: source },
      { part: 'sink', name: 'history', values: sink },
    ],
  }
}

/** Verdicts on parts. */
function inspections(begin: number): string[] {
  return Array.from({ length: steps }, (_, n) => {
    const verdict = n % 10 === 0 ? 'fail' : 'pass'
    const fields = `part="P${n}",score=${n % 10},threshold=8,label="scratch",ms=3.5`
    return `inspection,site=shenzhen-1,station=final,verdict=${verdict} ${fields} ${(begin + n * step) * 1000}`
  })
}

function end(begin: number): number {
  return begin + steps * step
}
