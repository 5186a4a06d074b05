import { BatchBuilder, type Entry, Quality, silentMetrics, TagTable } from '../../agent/core/index.ts'
import { parseConfig } from '../../config/index.ts'
import { Decisions } from '../../agent/decisions/index.ts'
import { Pipeline } from '../../agent/pipeline/index.ts'
import { schema } from '../../agent/settings/index.ts'

const assets = 200
const roles = ['vibration', 'temperature', 'current', 'pressure', 'flow']
const rate = 10
const rounds = 5

/** What 100 actions cost the pipeline at 10,000 samples a second: CPU time with them against without, in one run. */
export async function run(args: { readonly seconds?: string } = {}): Promise<void> {
  const seconds = Number(args.seconds ?? 60)
  const tags = new TagTable()
  const entries = [...entriesOf(seconds, tags)]
  const samples = entries.reduce((sum, entry) => sum + (entry.kind === 'samples' ? entry.batch.length : 0), 0)
  const actions = Array.from({ length: 100 }, (_, at) => {
    const signal = (role: string) => `signal("line1/pump${at + 1}/${role}")`
    return `  a${at}: { when: '${signal('vibration')} > 1.9 && ${signal('temperature')} / ${signal('current')} > 0.5', for: 30s, interlock: '${signal('flow')} > 0.5', mode: dry-run, do: { set: { state: s${at}, value: x } } }`
  })
  const config = parseConfig(`${text}actions:\n${actions.join('\n')}\n`, { schema, env: {} })
  const times = { without: [] as number[], with: [] as number[] }
  let decided = 0
  for (let round = 0; round <= rounds; round++)
    for (const way of ['without', 'with'] as const) {
      const decider = way === 'with' ? new Decisions(config, tags) : undefined
      const parts = { metrics: silentMetrics, keepSamples: false, detector: () => Promise.resolve(undefined) }
      const pipeline = await Pipeline.create({ config, tags, ...parts, decider })
      pipeline.decided.subscribe((events) => (decided += events.length))
      const begin = process.cpuUsage()
      for (let at = 0; at < entries.length; at += 8) await pipeline.handle(entries.slice(at, at + 8))
      // The first round warms up.
      if (round > 0) times[way].push(process.cpuUsage(begin).user / 1_000)
      await pipeline.close()
    }
  const [without, withThem] = [median(times.without), median(times.with)]
  const share = ((withThem / without - 1) * 100).toFixed(1)
  console.log(`${samples.toLocaleString('en')} samples, ${(decided / (rounds + 1)).toFixed(0)} steps of decisions`)
  console.log(`without actions     ${(samples / without / 1_000).toFixed(2).padStart(6)} M samples/s`)
  console.log(
    `with 100 actions    ${(samples / withThem / 1_000).toFixed(2).padStart(6)} M samples/s   + ${share} % time`,
  )
}

const text = `
clean: [deduplicate, despike]
assets: { pump: { tags: "line1/{asset}/{role}" } }
monitors: { health: { assets: pump, window: 60s, every: 10s } }
`

/** An entry every 10 ms of 100 samples: each of 1,000 tags comes ten times a second. */
function* entriesOf(seconds: number, tags: TagTable): Generator<Entry> {
  const begin = Date.UTC(2026, 0, 1)
  const all = Array.from({ length: assets * roles.length }, (_, at) => {
    const name = `line1/pump${Math.floor(at / roles.length) + 1}/${roles[at % roles.length]}`
    return tags.resolve({ name, type: 'number', source: 'plc' }).index
  })
  const builder = new BatchBuilder('plc')
  let offset = 0
  for (let step = 0; step < seconds * rate; step++)
    for (let part = 0; part < rate; part++) {
      const time = begin + step * 100 + part * 10
      for (let at = part * 100; at < part * 100 + 100; at++)
        builder.add(all[at], time, 1 + Math.sin(step / 50 + at), Quality.good)
      yield { kind: 'samples', batch: builder.take(time), offset: offset++ }
    }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
