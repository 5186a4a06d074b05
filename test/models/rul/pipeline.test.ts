import assert from 'node:assert/strict'
import { decode, encode } from 'cbor-x'
import { schema } from '../../../agent/settings/schema.ts'
import {
  BatchBuilder,
  Quality,
  silentMetrics,
  TagTable,
  type Entry,
  type FeatureBatch,
  type JournalRecord,
  type Prediction,
} from '../../../agent/core/index.ts'
import { Pipeline } from '../../../agent/pipeline/pipeline.ts'
import { learn } from '../../../agent/training/training.ts'
import { loadDetector, type ModelBundle } from '../../../models/index.ts'
import { seededRandom } from '../../../models/random.ts'

const minute = 60_000
const config = schema.parse({
  assets: { mill: { tags: '{asset}/{role}' } },
  monitors: { life: { assets: 'mill', window: '5 samples', every: '1 sample', model: { type: 'rul', min_runs: 4 } } },
})
const tags = new TagTable()

/** Two mills that run to failure again and again, a sample a minute; the label of a failure comes two minutes after it. */
function journal(): Entry[] {
  const random = seededRandom(4)
  const records: { arrival: number; record: JournalRecord }[] = []
  for (const asset of ['mill1', 'mill2']) {
    const { index } = tags.resolve({ name: `${asset}/torque`, type: 'number' })
    for (let run = 0, time = 0; run < 6; run++) {
      const length = 40 + random.integer(20)
      for (let at = 1; at <= length; at++) {
        time += minute
        const builder = new BatchBuilder(asset)
        builder.add(index, time, 10 + (10 * at) / length + 0.2 * random.normal(), Quality.good)
        records.push({ arrival: time, record: { kind: 'samples', batch: builder.take(time) } })
      }
      const event = { type: 'label' as const, label: 'failure' as const, time, asset, by: 'operator' }
      const arrival = time + 2.5 * minute
      records.push({ arrival, record: { kind: 'event', event, arrival } })
    }
  }
  records.sort((a, b) => a.arrival - b.arrival)
  return records.map(({ record }, offset) => ({ ...record, offset }))
}

describe('remaining life in the pipeline', () => {
  const entries = journal()
  let bundle: ModelBundle

  async function run(cuts: readonly number[] = []) {
    const vectors: FeatureBatch[] = []
    const create = async (saved?: unknown) => {
      const pipeline = await Pipeline.create({ config, tags, metrics: silentMetrics, keepSamples: false, saved, detector: () => loadDetector(bundle) }) // prettier-ignore
      pipeline.monitors.get('life')!.vectors.subscribe((batch) => vectors.push(batch))
      return pipeline
    }
    let pipeline = await create()
    await pipeline.handle([{ kind: 'event', arrival: 0, offset: -1, event: { type: 'model', time: 0, monitor: 'life', step: 'active', version: 'a', detail: '' } }]) // prettier-ignore
    const predictions: Prediction[] = []
    const keep = (records: readonly JournalRecord[]) => {
      for (const record of records) if (record.kind === 'predictions') predictions.push(...record.predictions)
    }
    for (let from = 0; from < entries.length;) {
      const to = cuts.find((cut) => cut > from) ?? entries.length
      keep(await pipeline.handle(entries.slice(from, to)))
      from = to
      if (from === entries.length) break
      const saved: unknown = decode(encode(pipeline.save()))
      await pipeline.close()
      pipeline = await create(saved)
    }
    await pipeline.close()
    return { predictions, vectors }
  }

  before(async () => {
    const job = { config, monitor: 'life', tags, entries: [entries], created: 1, budget: 1e-6 }
    bundle = await learn(job, new AbortController().signal)
  })

  it('learns from every run that a failure ended, but for windows that the late label left with an old age', () => {
    assert.equal(bundle.manifest.metrics.runs, 12)
    assert.ok(bundle.report!.exclusions.some(({ reason }) => reason.includes('came late')))
  })

  it('counts down to each failure, and begins anew after it', async () => {
    const { predictions } = await run()
    const failures = entries.flatMap((entry) =>
      entry.kind === 'event' && entry.event.type === 'label' ? [entry.event] : [],
    )
    for (const { asset, time } of failures.filter((event) => event.time < 250 * minute)) {
      const near = predictions.find((one) => one.asset === asset && one.time === time)!
      const after = predictions.find((one) => one.asset === asset && one.time === time + 15 * minute)!
      assert.equal(near.state, 'failing')
      assert.ok(
        near.value! < 6 * minute && after.value! > 20 * minute,
        `${near.value! / minute} and ${after.value! / minute}`,
      )
      assert.ok(near.lower! <= near.value! && near.value! <= near.upper!)
    }
  })

  it('has no opinion on windows that reach back into the run before', async () => {
    const { predictions } = await run()
    const [first] = entries.flatMap((entry) =>
      entry.kind === 'event' && entry.event.type === 'label' ? [entry.event] : [],
    )
    const between = predictions.filter(({ asset, time }) => asset === first.asset && time > first.time + 2.5 * minute && time < first.time + 5 * minute) // prettier-ignore
    assert.ok(between.length > 0)
    for (const { state, value } of between) assert.deepEqual([state, value], ['unknown', undefined])
  })

  it('is the same to the bit however often the agent restarts', async () => {
    const whole = await run()
    const cuts = Array.from({ length: 30 }, (_, i) => i * 17 + 5)
    assert.deepEqual((await run(cuts)).predictions, whole.predictions)
  })
})
