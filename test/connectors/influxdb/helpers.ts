import type { z } from 'zod'
import { BatchBuilder, silentMetrics, systemClock, TagTable } from '../../../agent/core/index.ts'
import type { AlarmEvent, Batch, ConnectorContext, Entry, Prediction, Sink } from '../../../agent/core/index.ts'
import { influxdb } from '../../../connectors/influxdb/index.ts'

/** A context that knows these tags and says nothing. */
export function contextOf(tags: TagTable): ConnectorContext {
  const silent = () => undefined
  return {
    name: 'history',
    site: 'shenzhen-1',
    log: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: silentMetrics,
    clock: systemClock,
    tags,
    folder: '/nowhere',
    report: silent,
  }
}

/** The sink as the configuration file would make it. */
export function sinkOf(settings: z.input<typeof influxdb.config>, tags: TagTable): Sink {
  return influxdb.sink!(influxdb.config.parse(settings), contextOf(tags))!
}

export function samples(batch: Batch, offset = 0): Entry {
  return { kind: 'samples', batch, origin: offset, offset }
}

/** Numbers of one tag, a second apart from `time` on. */
export function numbers(tag: number, values: readonly number[], time: number, offset = 0): Entry {
  const builder = new BatchBuilder('test')
  values.forEach((value, i) => builder.add(tag, time + i * 1000, value, 0))
  return samples(builder.take(time), offset)
}

export const prediction: Prediction = {
  time: 1_700_000_060_000,
  asset: 'line3/pump7',
  monitor: 'pump-health',
  kind: 'anomaly',
  score: 12.5,
  threshold: 9.25,
  state: 'anomaly',
  coverage: 0.98,
  revision: 1,
  model: 'v1',
  contributions: { vibration: 0.75, 'oil temperature': 0.25 },
}

export const alarm: AlarmEvent = {
  type: 'alarm',
  time: 1_700_000_061_000,
  id: 'pump-health/line3/pump7/1700000060000',
  asset: 'line3/pump7',
  monitor: 'pump-health',
  change: 'raised',
  state: 'raised',
  raised: 1_700_000_060_000,
  score: 12.5,
  threshold: 9.25,
  contributions: { vibration: 0.75 },
}
