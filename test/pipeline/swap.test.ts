import assert from 'node:assert/strict'
import { loadDetector, modelConfig, trainModel, type ModelBundle } from '../../models/index.ts'
import { TagTable, silentMetrics, type JournalRecord } from '../../agent/core/index.ts'
import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { Collector } from '../../agent/training/training.ts'
import { begin, samplesOf, scenario, scenarioConfig } from '../support/scenario.ts'

const swaps = 200
/** Swaps after which everything is warm: from here on memory may not grow. */
const warm = 60
/** What RSS may wander by, bytes: garbage that is not collected yet. A session of the runtime that leaks is 200 kB and more. */
const tolerance = 15e6

describe('swapping models', function () {
  it(`loses no window and leaks no memory in ${swaps} swaps`, async () => {
    const config = scenarioConfig()
    const tags = new TagTable()
    const batches = [...samplesOf({ ...scenario, seconds: 600, faultAt: 600 }, tags, 18)]
    const bundles = await twoModels(config, tags, batches)
    const pipeline = await Pipeline.create({
      config,
      tags,
      metrics: silentMetrics,
      keepSamples: false,
      detector: (_, version) => loadDetector(bundles[version]),
    })
    const records: JournalRecord[] = []
    let offset = 0
    let before = 0
    const every = Math.floor(batches.length / swaps)
    for (const [at, batch] of batches.entries()) {
      const swap = at / every
      if (Number.isInteger(swap) && swap < swaps) {
        const version = swap % 2 === 0 ? 'a' : 'b'
        const event = { type: 'model', time: begin, monitor: 'health', step: 'active', version, detail: '' } as const
        records.push(...(await pipeline.handle([{ kind: 'event', event, arrival: batch.arrival, offset: offset++ }])))
        if (swap === warm) before = process.memoryUsage.rss()
      }
      records.push(...(await pipeline.handle([{ kind: 'samples', batch, offset: offset++ }])))
    }
    const grown = process.memoryUsage.rss() - before
    records.push(...(await pipeline.finish(offset, begin)))
    await pipeline.close()

    const predictions = records.flatMap((record) => (record.kind === 'predictions' ? record.predictions : []))
    const ends = predictions.filter(({ asset }) => asset === 'line1/pump1').map(({ time }) => time)
    assert.deepEqual(
      ends,
      Array.from({ length: ends.length }, (_, index) => ends[0] + index * 2_000),
    )
    assert.ok(ends.length >= 299, `${ends.length} windows in 600 s, every 2 s`)
    assert.ok(
      predictions.every(({ model, coverage, score }) => model !== '' && (coverage < 0.5 || !Number.isNaN(score))),
    )
    assert.equal(new Set(predictions.map(({ model }) => model)).size, 2)
    assert.ok(grown < tolerance, `RSS grew by ${Math.round(grown / 1e6)} MB in ${swaps - warm} swaps`)
  })
})

async function twoModels(
  config: ReturnType<typeof scenarioConfig>,
  tags: TagTable,
  batches: ReturnType<typeof samplesOf> extends Generator<infer Batch> ? readonly Batch[] : never,
): Promise<Record<string, ModelBundle>> {
  const learning = await Pipeline.create({
    config,
    tags,
    metrics: silentMetrics,
    keepSamples: false,
    detector: () => Promise.resolve(undefined),
  })
  const collector = new Collector(0.5)
  learning.monitors.get('health')!.vectors.subscribe((vectors) => collector.add(vectors))
  for (const batch of batches) await learning.handle([{ kind: 'samples', batch, offset: 0 }])
  const input = { features: collector.peek(), monitor: 'health', created: begin }
  return {
    a: await trainModel(modelConfig.parse({ type: 'anomaly' }), input),
    b: await trainModel(modelConfig.parse({ type: 'anomaly', method: 'pca' }), input),
  }
}
