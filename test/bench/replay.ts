import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadDetector, trainModel, type ModelBundle } from '../../models/index.ts'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { BatchBuilder, Quality, TagTable, silentMetrics, type Batch, type Entry } from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Collector } from '../../agent/training/training.ts'

const assets = 50
const roles = ['vibration', 'temperature', 'current', 'pressure', 'flow']
const rate = 10

/** Samples per second through clean, window and T²: from memory, and read and decoded from the journal. */
export async function run(args: { readonly minutes?: string } = {}): Promise<void> {
  const minutes = Number(args.minutes ?? 20)
  const config = parseConfig(text, { schema, env: {} })
  const tags = new TagTable()
  const batches = [...samples(minutes * 60, tags)]
  const total = batches.reduce((sum, { length }) => sum + length, 0)
  const bundle = await train(batches.slice(0, Math.ceil(batches.length / 4)), config, tags)
  const create = () =>
    Pipeline.create({ config, tags, metrics: silentMetrics, keepSamples: false, detector: () => loadDetector(bundle) })

  const plain = timed(() => {
    let sum = 0
    for (const { length, value } of batches) for (let row = 0; row < length; row++) sum += value[row]
    return sum
  })
  const memory = await scored(await create(), chunksOf(batches))
  const stored = await fromJournal(batches, await create())
  console.log(
    `${total.toLocaleString('en')} samples of ${assets} assets x ${roles.length} tags, ${memory.predictions} predictions`,
  )
  row('sum of the values, the least possible', total, plain, plain)
  row('clean, window, T² from memory', total, memory.seconds, plain)
  row('the same, decoded from the journal', total, stored.seconds, plain)
  if (memory.predictions !== stored.predictions) throw new Error('memory and journal do not agree')
}

const text = `
clean: [deduplicate, despike]
assets: { pump: { tags: "line1/{asset}/{role}" } }
monitors: { health: { assets: pump, window: 60s, every: 10s } }
`

function row(what: string, samples: number, seconds: number, least: number): void {
  const rate = (samples / seconds / 1e6).toFixed(2)
  console.log(
    `${what.padEnd(40)} ${rate.padStart(8)} M samples/s   ${((seconds / samples) * 1e9).toFixed(0).padStart(5)} ns/sample   x${(seconds / least).toFixed(0)}`,
  )
}

function timed(work: () => unknown): number {
  const start = performance.now()
  work()
  return (performance.now() - start) / 1000
}

async function scored(pipeline: Pipeline, chunks: Iterable<readonly Entry[]>) {
  let predictions = 0
  const active = { type: 'model', time: 0, monitor: 'health', step: 'active', version: 'a', detail: '' } as const
  await pipeline.handle([{ kind: 'event', event: active, arrival: 0, offset: 0 }])
  const start = performance.now()
  for (const chunk of chunks) {
    for (const record of await pipeline.handle(chunk)) {
      if (record.kind === 'predictions') predictions += record.predictions.length
    }
  }
  const seconds = (performance.now() - start) / 1000
  await pipeline.close()
  return { seconds, predictions }
}

async function fromJournal(batches: readonly Batch[], pipeline: Pipeline) {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const settings = schema.parse({}).journal
  const journal = await openJournal({ folder, settings })
  for (const batch of batches) await journal.append('samples', [{ kind: 'samples', batch }])
  const { bytes, rows } = journal.stats('samples')
  await journal.close()
  const reader = await openJournal({ folder, settings, readOnly: true })
  const result = await scored(pipeline, readAll(reader))
  await reader.close()
  rmSync(folder, { recursive: true })
  console.log(`journal: ${(bytes / rows).toFixed(2)} bytes per sample`)
  return result
}

function* readAll(journal: Awaited<ReturnType<typeof openJournal>>): Generator<readonly Entry[]> {
  for (let next = 0; ;) {
    const chunk = journal.read('samples', next, 16)
    if (chunk.length === 0) return
    yield chunk
    next = chunk[chunk.length - 1].offset + 1
  }
}

function* chunksOf(batches: readonly Batch[]): Generator<readonly Entry[]> {
  for (let at = 0; at < batches.length; at += 16) {
    yield batches.slice(at, at + 16).map((batch, index) => ({ kind: 'samples', batch, offset: at + index }))
  }
}

async function train(
  batches: readonly Batch[],
  config: ReturnType<typeof schema.parse>,
  tags: TagTable,
): Promise<ModelBundle> {
  const pipeline = await Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: false,
    detector: () => Promise.resolve(undefined),
  })
  const collector = new Collector(0.5)
  pipeline.monitors.get('health')!.vectors.subscribe((vectors) => collector.add(vectors))
  for (const chunk of chunksOf(batches)) await pipeline.handle(chunk)
  return trainModel(config.monitors.health.model, { features: collector.peek(), monitor: 'health', created: 0 })
}

/** Ten samples a second of every tag, in batches of about a thousand; values with two decimals, as plants have them. */
function* samples(seconds: number, tags: TagTable): Generator<Batch> {
  const begin = Date.UTC(2026, 0, 1)
  const builder = new BatchBuilder('plc', 2048)
  let state = 1
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5
  const index = Array.from({ length: assets }, (_, asset) =>
    roles.map((role) => tags.resolve({ name: `line1/pump${asset}/${role}`, type: 'number' }).index),
  )
  for (let step = 0; step < seconds * rate; step++) {
    const time = begin + (step * 1000) / rate
    for (let asset = 0; asset < assets; asset++) {
      const load = Math.sin(step / 300 + asset)
      for (let role = 0; role < roles.length; role++) {
        const value = Math.round((20 + role * 10 + load * (role + 1) + random()) * 100) / 100
        builder.add(index[asset][role], time, value, Quality.good)
      }
    }
    if (builder.length >= 1_000) yield builder.take(time)
  }
  if (builder.length > 0) yield builder.take(begin + seconds * 1000)
}
