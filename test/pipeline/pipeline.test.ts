import assert from 'node:assert/strict'
import { encode, decode } from 'cbor-x'
import fc from 'fast-check'
import { loadDetector, modelConfig, trainModel, type ModelBundle } from '../../models/index.ts'
import {
  TagTable,
  silentMetrics,
  type Entry,
  type JournalRecord,
  type ModelEvent,
  type Prediction,
} from '../../agent/core/index.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Collector } from '../../agent/training/training.ts'
import { begin, samplesOf, scenario, scenarioConfig } from '../support/scenario.ts'

const config = scenarioConfig()
const tags = new TagTable()
const batches = [...samplesOf(scenario, tags)]
const step = (step: ModelEvent['step'], version: string): ModelEvent => ({
  type: 'model',
  time: begin,
  monitor: 'health',
  step,
  version,
  detail: '',
})

/** Two models that differ: `b` has a higher threshold. */
let bundles: Record<string, ModelBundle>

/**
 * The scenario as journal entries: a model is put to work half-way, a challenger scores beside it from a third on of what
 * is left, takes its place after two thirds, and is taken back near the end.
 */
function entries(): Entry[] {
  const records: JournalRecord[] = batches.map((batch) => ({ kind: 'samples', batch }))
  const steps = [
    [0.95, step('rollback', 'a')],
    [0.82, step('active', 'b')],
    [0.66, step('shadow', 'b')],
    [0.5, step('active', 'a')],
  ] as const
  for (const [share, event] of steps) {
    const at = Math.floor(batches.length * share)
    records.splice(at, 0, { kind: 'event', event, arrival: batches[at].arrival })
  }
  return records.map((record, offset) => ({ ...record, offset }))
}

const create = (saved?: unknown) =>
  Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: true,
    saved,
    detector: (_, version) => loadDetector(bundles[version]),
  })

/** Results without what depends on how entries were cut into chunks: their order across kinds and their origin. */
function essence(records: readonly JournalRecord[]) {
  return {
    samples: records.flatMap((record) => (record.kind === 'samples' ? [...record.batch.value] : [])),
    predictions: records.flatMap((record) => (record.kind === 'predictions' ? record.predictions : [])),
    events: records.flatMap((record) => (record.kind === 'event' ? [record.event] : [])),
  }
}

async function run(chunks: readonly (readonly Entry[])[], restartAfter = new Set<number>()) {
  let pipeline = await create()
  const records: JournalRecord[] = []
  for (const [index, chunk] of chunks.entries()) {
    records.push(...(await pipeline.handle(chunk)))
    if (!restartAfter.has(index)) continue
    const saved: unknown = decode(encode(pipeline.save()))
    await pipeline.close()
    pipeline = await create(saved)
  }
  records.push(...(await pipeline.finish(1e9, begin)))
  await pipeline.close()
  return essence(records)
}

describe('pipeline', () => {
  let whole: Awaited<ReturnType<typeof run>>

  before(async () => {
    const learning = await create()
    const collector = new Collector(0.5)
    learning.monitors.get('health')!.vectors.subscribe((vectors) => collector.add(vectors))
    for (const batch of batches) {
      if (batch.arrival - begin < 120_000) await learning.handle([{ kind: 'samples', batch, offset: 0 }])
    }
    const input = { features: collector.peek(), monitor: 'health', created: begin }
    bundles = {
      a: await trainModel(config.monitors.health.model, input),
      b: await trainModel(modelConfig.parse({ type: 'anomaly', sensitivity: 0.5 }), input),
    }
    whole = await run([entries()])
  })

  it('says that it learns until a record puts a model to work, and scores from then on', () => {
    const states = new Set(whole.predictions.filter(({ model }) => model === '').map(({ state }) => state))
    assert.deepEqual([...states], ['learning'])
    assert.ok(whole.predictions.some(({ model, state }) => model === 'a' && state === 'normal'))
  })

  it('scores each window with one model: the one at work when it closed', () => {
    const models = whole.predictions.filter(({ model }) => model !== '').map(({ model }) => model)
    const changes = models.filter((model, at) => model !== models[at - 1])
    assert.deepEqual(changes, ['a', 'b', 'a'])
  })

  it('compares a challenger on the windows that both score, and goes on with the one before beside it', async () => {
    const pipeline = await create()
    const monitor = pipeline.monitors.get('health')!
    const roles: string[] = []
    for (const entry of entries()) {
      await pipeline.handle([entry])
      if (entry.kind !== 'event') continue
      const { rival } = monitor.standing
      roles.push(rival ? `${rival.version} ${rival.role}` : 'none')
    }
    assert.deepEqual(roles, ['none', 'b challenger', 'a predecessor', 'none'])
    await pipeline.close()
  })

  it('raises one alarm, on the machine with the fault, and names its signal first', () => {
    const raised = whole.events.filter((event) => event.type === 'alarm').filter(({ change }) => change === 'raised')
    assert.deepEqual(
      raised.map(({ asset }) => asset),
      ['line1/pump1'],
    )
    assert.ok(raised[0].time > begin + scenario.faultAt * 1000)
    assert.equal(Object.keys(raised[0].contributions)[0], 'vibration')
  })

  it('has a result for every window of every asset, each once', () => {
    const key = ({ asset, time, revision }: Prediction) => `${asset} ${time} ${revision}`
    assert.equal(new Set(whole.predictions.map(key)).size, whole.predictions.length)
    const windows = whole.predictions.filter(({ asset }) => asset === 'line1/pump2')
    assert.ok(windows.length >= 119, `${windows.length} windows in 240 s, every 2 s`)
  })

  it('keeps every cleaned sample', () => {
    const rows = batches.reduce((sum, { length }) => sum + length, 0)
    assert.equal(whole.samples.length, rows)
  })

  it('gives the same results to the bit however entries are cut into chunks, and across restarts', async () => {
    const all = entries()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: all.length - 1 }), { maxLength: 12 }),
        fc.array(fc.nat(12), { maxLength: 4 }),
        async (cuts, restarts) => {
          const bounds = [0, ...new Set(cuts), all.length].sort((a, b) => a - b)
          const chunks = bounds.slice(1).map((end, index) => all.slice(bounds[index], end))
          assert.deepEqual(await run(chunks, new Set(restarts)), whole)
        },
      ),
      { numRuns: 15 },
    )
  })
})
