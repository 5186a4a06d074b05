import assert from 'node:assert/strict'
import { encode, decode } from 'cbor-x'
import fc from 'fast-check'
import { loadDetector, trainModel, type ModelBundle } from '../models/index.ts'
import {
  TagTable,
  silentMetrics,
  type Entry,
  type JournalRecord,
  type ModelEvent,
  type Prediction,
} from '../agent/core/index.ts'
import { Pipeline } from '../agent/pipeline.ts'
import { Collector } from '../agent/training.ts'
import { begin, samplesOf, scenario, scenarioConfig } from './support/scenario.ts'

const config = scenarioConfig()
const tags = new TagTable()
const batches = [...samplesOf(scenario, tags)]
const active: ModelEvent = { type: 'model', time: begin, monitor: 'health', step: 'active', version: 'a', detail: '' }

let bundle: ModelBundle

/** The scenario as journal entries, with a model put to work after two thirds of the training time. */
function entries(): Entry[] {
  const middle = Math.floor(batches.length / 2)
  const records: JournalRecord[] = batches.map((batch) => ({ kind: 'samples', batch }))
  records.splice(middle, 0, { kind: 'event', event: active, arrival: batches[middle].arrival })
  return records.map((record, offset) => ({ ...record, offset }))
}

const create = (saved?: unknown) =>
  Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: true,
    saved,
    detector: () => loadDetector(bundle),
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
    bundle = await trainModel(config.monitors.health.model, {
      features: collector.peek(),
      monitor: 'health',
      created: begin,
    })
    whole = await run([entries()])
  })

  it('says that it learns until a record puts a model to work, and scores from then on', () => {
    const states = new Set(whole.predictions.filter(({ model }) => model === '').map(({ state }) => state))
    assert.deepEqual([...states], ['learning'])
    assert.ok(whole.predictions.some(({ model, state }) => model === 'a' && state === 'normal'))
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
