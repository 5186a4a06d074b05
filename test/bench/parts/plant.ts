import { schema, type Config } from '../../../agent/settings/schema.ts'
import { BatchBuilder, Quality, TagTable, silentMetrics, type Entry } from '../../../agent/core/index.ts'
import { Pipeline } from '../../../agent/pipeline/pipeline.ts'
import { Collector } from '../../../agent/training/training.ts'
import { parseConfig } from '../../../config/index.ts'
import { Registry, trainModel } from '../../../models/index.ts'

/** The plant of the benchmarks: 50 machines with 5 signals each. */
export const assets = 50
export const roles = ['vibration', 'temperature', 'current', 'pressure', 'flow']
export const tags = assets * roles.length

/** Topic of a signal, `plant/line1/pump7/flow`; the tag is what follows `plant/`. */
export function topicOf(asset: number, role: number): string {
  return `plant/line${asset % 5}/pump${asset}/${roles[role]}`
}

/** The value of a signal at step `n`, with two decimals: the signals of a machine move together, with noise. */
export function valueAt(asset: number, role: number, n: number): number {
  const noise = Math.sin(n * 12.9898 + asset * 78.233 + role * 37.719) * 43758.5453
  const load = Math.sin(n / 5 + asset)
  return Math.round((20 + role * 10 + load * (role + 1) + (noise - Math.floor(noise) - 0.5)) * 100) / 100
}

/** Now, ms since epoch with fractions, comparable between the processes of a machine. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

export interface PlantOptions {
  readonly data: string
  /** YAML of the connectors. */
  readonly connectors: string
  readonly lateness?: string
  /** YAML of `http`. */
  readonly http?: string
  /** Event time after which the agent learns a model. */
  readonly after?: string
}

/** The configuration under which the agent runs: clean, windows of 10 s every second, T². */
export function configuration({ data, connectors, lateness, http, after }: PlantOptions): string {
  return `
site: bench
data: ${data}
http: ${http ?? '{ enabled: false }'}
log: { level: warn }
connectors:
${connectors}
clean: [deduplicate]
assets: { pump: { tags: "{line}/{asset}/{role}" } }
monitors:
  health:
    assets: pump
    window: 10s
    every: 1s
    ${lateness === undefined ? '' : `lateness: ${lateness}`}
    ${after === undefined ? '' : `learn: { after: ${after} }`}
`
}

/** Trains a model from ten minutes of the plant and puts it into the registry, where the agent finds it when it starts. */
export async function pretrain(text: string): Promise<void> {
  const config = parseConfig(text, { schema, env: {} })
  const table = new TagTable()
  const pipeline = await Pipeline.create({
    config,
    tags: table,
    metrics: silentMetrics,
    keepSamples: false,
    detector: () => Promise.resolve(undefined),
  })
  const collector = new Collector(0.5)
  pipeline.monitors.get('health')!.vectors.subscribe((vectors) => collector.add(vectors))
  for (const entry of history(table, 600)) await pipeline.handle([entry])
  await pipeline.close()
  await register(config, collector)
}

async function register(config: Config, collector: Collector): Promise<void> {
  const input = { features: collector.peek(), monitor: 'health', created: 0 }
  await new Registry(`${config.data}/models`).register(await trainModel(config.monitors.health.model, input))
}

/** Ten samples a second of every signal. */
function* history(table: TagTable, seconds: number): Generator<Entry> {
  const begin = Date.UTC(2026, 0, 1)
  const builder = new BatchBuilder('mqtt', tags * 10)
  for (let second = 0; second < seconds; second++) {
    for (let n = second * 10; n < second * 10 + 10; n++) {
      for (let asset = 0; asset < assets; asset++) {
        for (let role = 0; role < roles.length; role++) {
          const { index } = table.resolve({ name: topicOf(asset, role).slice(6), type: 'number' })
          builder.add(index, begin + n * 100, valueAt(asset, role, n), Quality.good)
        }
      }
    }
    yield { kind: 'samples', batch: builder.take(begin + second * 1000 + 1000), offset: second }
  }
}
