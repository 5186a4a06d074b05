import assert from 'node:assert/strict'
import { decode, encode } from 'cbor-x'
import { BatchBuilder, type Batch, type Entry, silentMetrics, TagTable } from '../../agent/core/index.ts'
import { Pipeline } from '../../agent/pipeline/index.ts'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/index.ts'

const begin = Date.UTC(2026, 0, 5)
const text = `
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
aggregates:
  10s: { assets: pump, lateness: 0s, write: [mean, max, std] }
`
const config = parseConfig(text, { schema, env: {} })

/** Samples a second apart from `from` s on, each with its own arrival. */
function* seconds(tags: TagTable, values: readonly (number | undefined)[], from = 0): Generator<Batch> {
  const { index } = tags.resolve({ name: 'l/pump1/flow', type: 'number', unit: 'l/min' })
  const builder = new BatchBuilder('plc')
  for (const [at, value] of values.entries()) {
    const time = begin + (from + at) * 1_000
    if (value !== undefined) builder.add(index, time, value, 0)
    yield builder.take(time)
  }
}

const create = (tags: TagTable, keepSamples = true, saved?: unknown) =>
  Pipeline.create({ config, tags, metrics: silentMetrics, keepSamples, saved, detector: () => Promise.resolve(undefined) }) // prettier-ignore

/** What was made of windows, as `[tag, s, value]`. */
async function aggregates(tags: TagTable, batches: readonly Batch[], chunk = 1, restart = false) {
  let pipeline = await create(tags)
  const found: (readonly [string, number, number])[] = []
  for (let at = 0; at < batches.length; at += chunk) {
    const entries = batches.slice(at, at + chunk).map((batch, i): Entry => ({ kind: 'samples', batch, offset: at + i }))
    for (const record of await pipeline.handle(entries)) {
      if (record.kind !== 'samples' || record.batch.source !== 'aggregate') continue
      const { batch } = record
      for (let row = 0; row < batch.length; row++)
        found.push([tags.at(batch.tag[row]).name, (batch.time[row] - begin) / 1_000, batch.value[row]])
    }
    if (!restart) continue
    const saved: unknown = decode(encode(pipeline.save()))
    pipeline = await create(tags, true, saved)
  }
  return found
}

const ramp = Array.from({ length: 25 }, (_, i) => i)

describe('pipeline aggregates', () => {
  it('are written at the end of each window, in tags of their own with the unit of the signal', async () => {
    const tags = new TagTable()
    const found = await aggregates(tags, [...seconds(tags, ramp)])
    assert.deepEqual(
      found.filter(([name]) => !name.endsWith('std')),
      [
        ['l/pump1/flow:10s.mean', 10, 4.5],
        ['l/pump1/flow:10s.max', 10, 9],
        ['l/pump1/flow:10s.mean', 20, 14.5],
        ['l/pump1/flow:10s.max', 20, 19],
      ],
    )
    const mean = tags.find('l/pump1/flow:10s.mean')!
    assert.equal(mean.unit, 'l/min')
    assert.deepEqual(mean.aggregate, { of: 'l/pump1/flow', name: '10s', feature: 'mean' })
  })

  it('are the same however the samples were cut, and over restarts', async () => {
    const runs = []
    for (const [chunk, restart] of [
      [1, false],
      [7, false],
      [25, false],
      [1, true],
      [3, true],
    ] as const) {
      // prettier-ignore
      const tags = new TagTable()
      runs.push(await aggregates(tags, [...seconds(tags, ramp)], chunk, restart))
    }
    for (const run of runs) assert.deepEqual(run, runs[0])
  })

  it('come again at the same time when late samples change them', async () => {
    const tags = new TagTable()
    const late = [...seconds(tags, [1_000], 5)][0]
    const batches = [
      ...seconds(
        tags,
        ramp.map((i) => (i === 5 ? undefined : i)),
      ),
    ]
    const found = await aggregates(tags, [...batches, { ...late, arrival: begin + 25_000 }, ...seconds(tags, [25, 26], 26)]) // prettier-ignore
    const maxima = found.filter(([name, time]) => name.endsWith('max') && time === 10)
    assert.deepEqual(maxima.map(([, , value]) => value), [9, 1_000]) // prettier-ignore
  })

  it('are made only where there is a sink, and never change what monitors see', async () => {
    const tags = new TagTable()
    const pipeline = await create(tags, false)
    for (const batch of seconds(tags, ramp)) assert.deepEqual(await pipeline.handle([{ kind: 'samples', batch, offset: 0 }]), []) // prettier-ignore
    assert.equal(tags.size, 1)
  })

  it('are refused where nothing can be computed of a window alone, or no such class is there', () => {
    for (const [part, problem] of [
      ['{ assets: pump, write: [age] }', /expected one of "mean"/],
      ['{ assets: pump, window: 10s, every: 20s }', /samples between windows would be lost/],
      ['{ assets: fan }', /no such class of assets "fan"; known: pump/],
    ] as const)
      assert.throws(() => parseConfig(`assets: { pump: { tags: "{line}/{role}" } }\naggregates: { a: ${part} }`, { schema, env: {} }), problem) // prettier-ignore
  })
})
