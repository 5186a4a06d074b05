import assert from 'node:assert/strict'
import { BatchBuilder, Quality, type Batch, silentMetrics, TagTable } from '../../agent/core/index.ts'
import { Pipeline } from '../../agent/pipeline/index.ts'
import { schema } from '../../agent/settings/index.ts'
import { parseConfig } from '../../config/index.ts'

/** What becomes of the values of one tag, `low` to `high` on its display, a second apart. */
async function cleaned(text: string, values: readonly number[]): Promise<[value: number, quality: number][]> {
  const tags = new TagTable()
  const { index } = tags.resolve({ name: 'press/force', type: 'number', low: 80, high: 160 })
  const config = parseConfig(text, { schema, env: {} })
  const detector = () => Promise.resolve(undefined)
  const pipeline = await Pipeline.create({ config, tags, metrics: silentMetrics, keepSamples: true, detector })
  const builder = new BatchBuilder('plc')
  for (const [at, value] of values.entries()) builder.add(index, at * 1_000, value, Quality.good)
  const batch: Batch = builder.take(0)
  const records = await pipeline.handle([{ kind: 'samples', batch, offset: 0 }])
  return records.flatMap((record) =>
    record.kind === 'samples'
      ? Array.from(record.batch.value, (value, row): [number, number] => [value, record.batch.quality[row]])
      : [],
  )
}

describe('cleaning', () => {
  it('keeps what lies beyond the range of a display, as uncertain', async () => {
    const { good, uncertain } = Quality
    assert.deepEqual(await cleaned('clean: []', [100, 174, 79.9, 160]), [
      [100, good],
      [174, uncertain],
      [79.9, uncertain],
      [160, good],
    ])
  })

  it('calls it bad only where somebody says so', async () =>
    assert.deepEqual(await cleaned('clean: [{ clamp: { action: bad } }]', [174]), [[174, Quality.bad]]))
})
