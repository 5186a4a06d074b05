import assert from 'node:assert/strict'
import { BatchBuilder, Quality, TagTable, type Arrival, type ModelEvent } from '../../agent/core/index.ts'
import { replay } from '../../agent/replay/index.ts'
import { schema } from '../../agent/settings/index.ts'
import { seededRandom } from '../../models/random.ts'

const hour = 3_600_000
const begin = Date.UTC(2026, 0, 5)

/** A value every ten minutes of a process that slowly becomes another, for some days. */
function* plant(days: number, tags: TagTable): Generator<Arrival> {
  const random = seededRandom(4)
  const [flow, heat] = ['flow', 'heat'].map((role) => tags.resolve({ name: `kiln/${role}`, type: 'number' }).index)
  let load = 0
  for (let at = 0; at < days * 144; at++) {
    const builder = new BatchBuilder('plc')
    const time = begin + (at * hour) / 6
    load = 0.9 * load + random.normal()
    builder.add(flow, time, 50 + load + at / 400 + 0.1 * random.normal(), Quality.good)
    builder.add(heat, time, 90 + 2 * load + 0.2 * random.normal(), Quality.good)
    yield { batch: builder.take(time) }
  }
}

async function lifeOf(learn: Record<string, unknown>, days: number): Promise<ModelEvent[]> {
  const config = schema.parse({
    assets: { kiln: { tags: '{asset}/{role}' } },
    monitors: { health: { assets: 'kiln', window: '1h', model: { type: 'anomaly', method: 'hotelling-t2' }, learn } },
  })
  const tags = new TagTable()
  const steps: ModelEvent[] = []
  await replay({
    config,
    tags,
    arrivals: plant(days, tags),
    results: (records) => {
      for (const record of records)
        if (record.kind === 'event' && record.event.type === 'model') steps.push(record.event)
    },
  })
  return steps
}

const trainings = (steps: readonly ModelEvent[]) => steps.filter(({ step }) => step === 'training')

describe('a monitor of windows of an hour', () => {
  it('is trained each week, whether or not a watch is still on', async () => {
    const steps = await lifeOf({ after: '3d', drift: false, margin: 0, watch: '400 windows' }, 33)
    const days = trainings(steps).map(({ time }) => Math.round((time - begin) / (24 * hour)))
    assert.deepEqual(days, [3, 7, 14, 21, 28])
    assert.ok(steps.some(({ step }) => step === 'active' || step === 'refused'))
  })

  it('says of a schedule that trials hold up by how much it is late', async () => {
    const steps = await lifeOf({ after: '3d', retrain: 'daily', drift: false, shadow: '60 windows' }, 14)
    const [, , third] = trainings(steps)
    assert.match(third.detail, /^schedule .*; 1 d .* late, the schedule cannot be kept$/)
  })
})
