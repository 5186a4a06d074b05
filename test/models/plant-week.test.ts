import assert from 'node:assert/strict'
import type { AlarmEvent } from '../../agent/core/index.ts'
import { alarmsOfWeek } from '../support/plant-week.ts'
import { day, monday } from '../support/shift-plant.ts'

const dayOf = ({ raised }: AlarmEvent) => (raised - monday) / day
const of = (alarms: readonly AlarmEvent[], asset: string, monitor: string) =>
  alarms.filter((alarm) => alarm.asset === asset && alarm.monitor === monitor)
const first = ({ contributions }: AlarmEvent) => Object.keys(contributions)[0]

describe('a week of a plant with counters, meters, states and set points', () => {
  it('is quiet where nothing is wrong', async () => {
    const counts: number[] = []
    for (let seed = 1; seed <= 3; seed++) counts.push((await alarmsOfWeek({ seed })).length)
    // The threshold is meant for one false alarm of a machine in a year: nine weeks may have one.
    assert.ok(counts.reduce((a, b) => a + b, 0) <= 1, counts.join(' '))
  })

  for (const [kind, signal] of [['bearing', 'vibration'], ['leak', 'pressure'], ['stuck', 'temperature']] as const) {
    it(`shows a fault: ${kind}`, async () => {
      const alarms = await alarmsOfWeek({ seed: 3, faults: [{ machine: 'press2', kind, from: 15.3, to: 18 }] })
      const [found] = of(alarms, 'press2', 'watch').filter((alarm) => dayOf(alarm) > 15.3)
      assert.ok(dayOf(found) < 17.5, `raised on day ${dayOf(found)}`)
      assert.equal(first(found), signal)
      assert.equal(of(alarms, 'press2', 'signal.temperature').length, Number(kind === 'stuck'))
      assert.deepEqual(of(alarms, 'press1', 'watch').length + of(alarms, 'press3', 'watch').length, 0)
    })
  } // prettier-ignore

  for (const signal of ['current', 'temperature', 'speed_sp']) {
    it(`shows a bearing that fails, without ${signal}, and that ${signal} is gone`, async () => {
      const gone = { [`press1/${signal}`]: 14.5, [`press2/${signal}`]: 14.5 }
      const alarms = await alarmsOfWeek({
        seed: 3,
        gone,
        faults: [{ machine: 'press2', kind: 'bearing', from: 15.3, to: 18 }],
      })
      assert.equal(of(alarms, 'press2', `signal.${signal}`).length, 1)
      assert.equal(of(alarms, 'press1', `signal.${signal}`).length, 1)
      const [found] = of(alarms, 'press2', 'watch').filter((alarm) => dayOf(alarm) > 15.3)
      assert.ok(dayOf(found) < 17.5, `raised on day ${dayOf(found)}`)
      assert.equal(first(found), 'vibration')
      assert.deepEqual(of(alarms, 'press1', 'watch'), [])
    })
  }

  it('raises no false alarm where the state that names the mode is gone', async () => {
    const alarms = await alarmsOfWeek({
      seed: 3,
      gone: { 'press1/mode': 14.5, 'press2/product': 14.5, 'press3/guard': 14.5 },
    })
    assert.deepEqual(alarms.map(({ asset, monitor }) => `${asset} ${monitor}`).sort(), [
      'press1 signal.mode',
      'press2 signal.product',
      'press3 signal.guard',
    ])
  })
})
