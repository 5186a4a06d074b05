import assert from 'node:assert/strict'
import { schema } from '../../agent/settings/schema.ts'
import { TagTable, type Arrival, type JournalRecord, type Prediction } from '../../agent/core/index.ts'
import { replay } from '../../agent/replay/replay.ts'
import { begin, hour, pumps, reactor, type Pumps, type Truth } from '../support/drift.ts'

const learning = { after: '2h', retrain: 'hourly', history: '2h', shadow: '20m', at_most: '30m' }
const frozen = { after: '2h', retrain: 'never', drift: false }

/** What the agent concludes in a replay in which it learns by itself. */
async function live(monitor: Record<string, unknown>, arrivals: (tags: TagTable) => Iterable<Arrival>) {
  const config = schema.parse({
    assets: { machine: { tags: '{asset}/{role}' } },
    monitors: { watch: { assets: 'machine', window: '20s', ...monitor } },
  })
  const tags = new TagTable()
  const predictions: Prediction[] = []
  const steps: string[] = []
  const results = (records: readonly JournalRecord[]) => {
    for (const record of records) {
      if (record.kind === 'predictions') predictions.push(...record.predictions)
      if (record.kind === 'event' && record.event.type === 'model') steps.push(record.event.step)
    }
  }
  await replay({ config, tags, arrivals: arrivals(tags), results })
  return { predictions, steps, during: (from: number, to: number) => predictions.filter(({ time }) => time > begin + from * hour && time <= begin + to * hour) } // prettier-ignore
}

describe('a soft sensor whose flow meter drifts and whose raw material changes', () => {
  const scenario = { hours: 9, driftFrom: 2, driftPerHour: 0.15, changeAt: 3.5, seed: 3 }

  async function r2(learn: Record<string, unknown>, correct: boolean) {
    const truth: Truth = new Map()
    const run = await live({ model: { type: 'estimate', correct }, learn }, (tags) => reactor(scenario, tags, truth))
    const told = run.during(7, 9).filter(({ state }) => state !== 'unknown')
    // The quality in the middle of the window.
    const known = told.map(({ time }) => truth.get(time - 10_000)!)
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const squares = told.reduce((sum, { value }, i) => sum + (value! - known[i]) ** 2, 0)
    // Of the windows at whose end a value is measured, every two minutes.
    const measured = run
      .during(2.2, 9)
      .filter(({ time, lower }) => lower !== undefined && (time - begin) % 120_000 === 0)
    const held = measured.filter(({ time, lower, upper }) => lower! <= truth.get(time)! && truth.get(time)! <= upper!)
    return {
      held: held.length / measured.length,
      r2: 1 - squares / known.reduce((sum, value) => sum + (value - mean) ** 2, 0),
      steps: run.steps,
    }
  }

  it('stays good where it is trained again, and is worse than the mean where it is not', async () => {
    const [still, again] = [await r2(frozen, false), await r2(learning, false)]
    assert.ok(still.r2 < 0, `frozen: R² ${still.r2}`)
    assert.ok(again.r2 > 0.7, `trained again: R² ${again.r2}, ${again.steps.join(' ')}`)
    assert.ok(again.steps.filter((step) => step === 'active').length >= 3)
    assert.deepEqual(still.steps, ['training', 'active'])
  })

  it('is better by the newest measured values, trained again or not, and its interval holds over the stream', async () => {
    for (const learn of [frozen, learning]) {
      const corrected = await r2(learn, true)
      assert.ok(corrected.r2 > 0.9, `R² ${corrected.r2}`)
      assert.ok(corrected.held > 0.86 && corrected.held < 0.94, `its interval holds ${corrected.held}`)
    }
  })
})

describe('pumps with a drifting sensor, a faster regime and a new pump', () => {
  const model = { type: 'anomaly', method: 'hotelling-t2' }
  const scenario: Pumps = {
    hours: 9,
    driftFrom: 2,
    driftPerHour: 0.7,
    changeAt: 4,
    newAt: 3,
    faults: [[8, 9]],
    seed: 5,
  }

  const share = (predictions: readonly Prediction[]) =>
    predictions.filter(({ state }) => state === 'anomaly').length / predictions.length

  async function alarms(learn: Record<string, unknown>) {
    const { during, steps } = await live({ model, learn }, (tags) => pumps(scenario, tags))
    const of = (asset: string) => (from: number, to: number) =>
      share(during(from, to).filter((one) => one.asset === asset))
    return { sound: share(during(6.5, 8)), fresh: of('pump3')(6.5, 9), fault: of('pump2')(8, 9), steps }
  }

  it('raise few false alarms where the model is trained again, and a fault is still found', async () => {
    const [still, again] = [await alarms(frozen), await alarms(learning)]
    assert.ok(still.sound > 0.6, `frozen: ${still.sound} false alarms`)
    assert.ok(again.sound < still.sound / 2, `trained again: ${again.sound} false alarms, ${again.steps.join(' ')}`)
    assert.ok(again.fresh < 0.2, `the new pump: ${again.fresh}`)
    assert.ok(again.fault > 0.9, `fault found in ${again.fault}`)
  })

  it('find a fault though the time they learned from had the same one', async () => {
    const quiet = { ...scenario, hours: 3, driftPerHour: 0, changeAt: 9, newAt: 9 }
    const found = async (faults: Pumps['faults']) => {
      const { during } = await live({ model, learn: frozen }, (tags) => pumps({ ...quiet, faults }, tags))
      const second = during(2.5, 3).filter(({ asset }) => asset === 'pump2')
      return { fault: share(second), sound: share(during(2.1, 2.5)) }
    }
    const clean = await found([[2.5, 3]])
    const contaminated = await found([[1.02, 1.18], [2.5, 3]]) // prettier-ignore
    assert.ok(clean.fault > 0.9 && contaminated.fault > 0.9, `${clean.fault} and ${contaminated.fault} found`)
    assert.ok(contaminated.sound < 0.1, `${contaminated.sound} false alarms`)
  })
})
