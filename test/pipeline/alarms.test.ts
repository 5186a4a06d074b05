import assert from 'node:assert/strict'
import { Alarms, type AlarmSettings } from '../../agent/pipeline/alarms.ts'
import type { ActionEvent, AlarmEvent, ConditionEvent, Prediction } from '../../agent/core/index.ts'

const settings: AlarmSettings = { dwell: { windows: 3 }, clear: { windows: 2 }, hysteresis: 0.1 }

const prediction = (time: number, score: number): Prediction => ({
  time,
  asset: 'line1/pump1',
  monitor: 'health',
  kind: 'anomaly',
  score,
  threshold: 1,
  state: Number.isNaN(score) ? 'unknown' : score > 1 ? 'anomaly' : 'normal',
  coverage: 1,
  revision: 1,
  model: 'm',
  contributions: { vibration: score },
})

/** Scores one second apart, as a row of digits: `0` normal, `9` between the limits (0.95), `2` over, `-` no opinion. */
function run(alarms: Alarms, scores: string, from = 1): string[] {
  const value: Record<string, number> = { 0: 0.1, 9: 0.95, 2: 2, '-': NaN }
  return Array.from(scores, (digit, index) =>
    alarms
      .update(prediction((from + index) * 1000, value[digit]))
      .map(({ change }) => change[0])
      .join(''),
  )
}

const action = (alarm: string, what: ActionEvent['action'], time = 60_000, until?: number): ActionEvent => ({
  type: 'action',
  time,
  action: what,
  alarm,
  by: 'anna',
  ...(until !== undefined && { until }),
})

describe('alarms', () => {
  for (const [behaviour, scores, events] of [
    ['raise after three windows over the threshold in a row', '2222', '..r.'],
    ['do not raise when a window in between is normal', '2202202', '.......'],
    ['clear after two windows under the threshold less hysteresis', '2220000', '..r.c..'],
    ['do not clear while the score stays between the limits', '222999', '..r...'],
    ['neither count nor forget windows without opinion', '22--2', '....r'],
    ['stay raised while nothing is known', '222------', '..r......'],
    ['raise again after clearing', '22200222', '..r.c..r'],
  ] as const) {
    it(behaviour, () => {
      const seen = run(new Alarms({ health: settings }), scores).map((change) => change || '.')
      assert.equal(seen.join(''), events)
    })
  }

  it('of a condition last from when it began until it ended, and are acknowledged like others', () => {
    const alarms = new Alarms({})
    const disk = (time: number, state: ConditionEvent['state']): ConditionEvent => ({
      ...({ type: 'condition', monitor: 'disk', asset: 'gateway', score: 0.97, threshold: 0.95 } as const),
      ...{ time, state, detail: 'full in 3 h' },
    })
    const changes = (events: readonly AlarmEvent[]) => events.map(({ change, detail }) => [change, detail])
    assert.deepEqual(changes(alarms.meet(disk(1, 'ended'))), [])
    assert.deepEqual(changes(alarms.meet(disk(2, 'begun'))), [['raised', 'full in 3 h']])
    const again = new Alarms({})
    again.load(structuredClone(alarms.save()))
    assert.deepEqual(again.meet(disk(3, 'begun')), [], 'it has begun already')
    const [{ id }] = again.open()
    assert.deepEqual(changes(again.act(action(id, 'acknowledge'))), [['acknowledged', 'full in 3 h']])
    assert.deepEqual(changes(again.meet(disk(4, 'ended'))), [['cleared', 'full in 3 h']])
    assert.deepEqual(again.open(), [])
  })

  it('dwell by time where a duration is configured', () => {
    const alarms = new Alarms({ health: { ...settings, dwell: { ms: 2_000 } } })
    assert.deepEqual(run(alarms, '222'), ['', '', 'r'])
  })

  it('ignore a late revision of an older window', () => {
    const alarms = new Alarms({ health: settings })
    run(alarms, '22')
    assert.deepEqual(alarms.update(prediction(1_000, 2)), [])
    assert.deepEqual(alarms.open(), [])
  })

  it('have the same id in every replay', () => {
    const raise = () => {
      const alarms = new Alarms({ health: settings })
      run(alarms, '222')
      return alarms.open()[0].id
    }
    assert.equal(raise(), raise())
    assert.equal(raise(), 'health/line1/pump1/1970-01-01T00:00:03.000Z')
  })

  it('go from acknowledged to normal when they clear, and stay open when nobody acknowledged', () => {
    const acknowledged = new Alarms({ health: settings })
    run(acknowledged, '222')
    const [event] = acknowledged.act(action(acknowledged.open()[0].id, 'acknowledge'))
    assert.deepEqual([event.change, event.state, event.by], ['acknowledged', 'acknowledged', 'anna'])
    run(acknowledged, '00', 70)
    assert.deepEqual(acknowledged.open(), [])

    const unseen = new Alarms({ health: settings })
    run(unseen, '22200')
    assert.equal(unseen.open()[0].state, 'cleared')
    unseen.act(action(unseen.open()[0].id, 'acknowledge'))
    assert.deepEqual(unseen.open(), [])
  })

  it('know who acted last and why', () => {
    const alarms = new Alarms({ health: settings })
    run(alarms, '222')
    const { id } = alarms.open()[0]
    alarms.act({ ...action(id, 'acknowledge'), by: 'Mei' })
    assert.deepEqual([alarms.open()[0].by, alarms.open()[0].reason], ['Mei', undefined])
    alarms.act({ ...action(id, 'shelve'), by: 'Anna', reason: 'on order' })
    assert.deepEqual([alarms.open()[0].by, alarms.open()[0].reason], ['Anna', 'on order'])
    alarms.act({ ...action(id, 'unshelve'), by: 'Mei' })
    assert.deepEqual([alarms.open()[0].by, alarms.open()[0].reason], ['Mei', undefined])
  })

  it('acknowledge once, and do nothing for an alarm that is not there', () => {
    const alarms = new Alarms({ health: settings })
    run(alarms, '222')
    const { id } = alarms.open()[0]
    assert.equal(alarms.act(action(id, 'acknowledge')).length, 1)
    assert.equal(alarms.act(action(id, 'acknowledge')).length, 0)
    assert.equal(alarms.act(action('health/other/x', 'acknowledge')).length, 0)
  })

  it('come back from the shelf when event time has passed the limit', () => {
    const alarms = new Alarms({ health: settings })
    run(alarms, '222')
    alarms.act(action(alarms.open()[0].id, 'shelve', 4_000, 10_000))
    assert.equal(alarms.open()[0].shelvedUntil, 10_000)
    const changes = ['2', '2'].flatMap((digit, index) => run(alarms, digit, 9 + index))
    assert.deepEqual(changes, ['', 'u'])
  })

  it('go on after a restart exactly as without one', () => {
    const scores = '2202229900222-2200'
    const whole = run(new Alarms({ health: settings }), scores)
    for (let cut = 0; cut <= scores.length; cut++) {
      const before = new Alarms({ health: settings })
      const first = run(before, scores.slice(0, cut))
      const after = new Alarms({ health: settings })
      after.load(structuredClone(before.save()))
      assert.deepEqual([...first, ...run(after, scores.slice(cut), cut + 1)], whole)
    }
  })

  it('carry what explains them', () => {
    const alarms = new Alarms({ health: settings })
    const events: AlarmEvent[] = []
    for (let time = 1; time <= 3; time++) events.push(...alarms.update(prediction(time * 1000, 2)))
    assert.deepEqual(events[0].contributions, { vibration: 2 })
    assert.equal(events[0].threshold, 1)
  })
})
