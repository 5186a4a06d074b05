import type { z } from 'zod'
import { parseConfig } from '../../config/index.ts'
import { schema, type Config } from '../../agent/settings/schema.ts'
import { BatchBuilder, Quality, type Batch, type TagTable } from '../../agent/core/index.ts'

/** Three pumps at 2 Hz whose vibration, temperature and current move together, and a fault on one of them. */
export interface Scenario {
  readonly assets: number
  readonly seconds: number
  /** Second at which the vibration of the first pump leaves its relation to the others. */
  readonly faultAt: number
  readonly seed: number
}

export const scenario: Scenario = { assets: 3, seconds: 240, faultAt: 180, seed: 7 }

/** Event time at which scenarios begin, ms since epoch. */
export const begin = Date.UTC(2026, 0, 1)

/** The samples of a scenario as batches of about `rows` rows, in order of time. */
export function* samplesOf(
  { assets, seconds, faultAt, seed }: Scenario,
  tags: TagTable,
  rows = 60,
  source = 'plc',
): Generator<Batch> {
  const random = generator(seed)
  const builder = new BatchBuilder(source)
  const index = (asset: number, role: string, unit: string) =>
    tags.resolve({ name: `line1/pump${asset}/${role}`, type: 'number', unit, source }).index
  let newest = begin
  for (let half = 0; half < seconds * 2; half++) {
    const time = begin + half * 500
    newest = time
    for (let asset = 1; asset <= assets; asset++) {
      const load = 50 + 20 * Math.sin(half / 17 + asset) + random()
      const wear = asset === 1 && half >= faultAt * 2 ? (half / 2 - faultAt) * 0.4 : 0
      builder.add(index(asset, 'vibration', 'mm/s'), time, round(2 + load / 50 + wear + 0.1 * random()), Quality.good)
      builder.add(index(asset, 'temperature', '°C'), time, round(40 + load / 10 + 0.2 * random()), Quality.good)
      builder.add(index(asset, 'current', 'A'), time, round(10 + load / 5 + 0.3 * random()), Quality.good)
    }
    if (builder.length >= rows) yield builder.take(newest)
  }
  if (builder.length > 0) yield builder.take(newest)
}

/** A configuration that learns a scenario's pumps within its first two minutes, with `more` as YAML of connectors. */
export function scenarioText(more = ''): string {
  return `
site: test
http: { enabled: false }
log: { level: silent }
clean:
  - deduplicate
  - despike
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 2s
    lateness: 1s
    learn: { after: 120s }
    alarm: { dwell: 3 windows }
${more}`
}

export function scenarioConfig(more = ''): Config {
  return parseConfig(scenarioText(more), { schema, env: {} }) satisfies z.output<typeof schema>
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** Normal numbers by a sum of uniform ones, seeded (mulberry32). */
function generator(seed: number): () => number {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return () => uniform() + uniform() + uniform() + uniform() - 2
}
