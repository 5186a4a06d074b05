import assert from 'node:assert/strict'
import { AssetClass, type ConditionEvent, TagTable, type Window } from '../../agent/core/index.ts'
import { SignalWatch } from '../../agent/signals/index.ts'

/** A machine with two signals, window by window. */
class Machine {
  readonly tags = new TagTable()
  readonly assets = new AssetClass('press', '{asset}/{role}', this.tags)
  readonly events: ConditionEvent[] = []
  watch: SignalWatch
  #at = 0

  constructor(stated: ConstructorParameters<typeof SignalWatch>[2] = {}) {
    this.assets.locate(
      this.tags.resolve({ name: 'press1/force', type: 'number', low: 80, high: 160, unit: 'kN' }).index,
    )
    this.assets.locate(this.tags.resolve({ name: 'press1/oil', type: 'number' }).index)
    this.watch = new SignalWatch(this.assets, this.tags, stated)
  }

  /** So many windows in which force and oil have these values; undefined: none at all. */
  run(count: number, of: (i: number) => readonly [number | undefined, number | undefined], bad = false): void {
    for (let i = 0; i < count; i++) {
      const start = this.#at * 60_000
      const values = of(this.#at++)
      const window: Window = {
        asset: this.assets.assets[0],
        start,
        end: start + 60_000,
        coverage: 0,
        covered: Float64Array.from(values, (value) => Number(value !== undefined)),
        bad: Uint8Array.from(values, (value) => Number(bad && value === undefined)),
        revision: 1,
        series: values.map((value) => ({
          time: Float64Array.from(value === undefined ? [] : [start]),
          value: Float64Array.from(value === undefined ? [] : [value]),
        })),
      }
      this.events.push(...this.watch.take([window]))
    }
  }

  get told(): string[] {
    return this.events.map(({ monitor, state }) => `${monitor} ${state}`)
  }
}

const usual = (i: number) => [120 + (i % 7), 40 + (i % 5)] as const

describe('the watch over signals', () => {
  it('tells once of a signal that is lost, with since when, and once of its return', () => {
    const machine = new Machine()
    machine.run(200, usual)
    machine.run(50, (i) => [usual(i)[0], undefined])
    machine.run(10, usual)
    assert.deepEqual(machine.told, ['signal.oil begun', 'signal.oil ended'])
    assert.match(machine.events[0].detail, /nothing has come of press1\/oil since 1970-01-01T03:20:00/)
    assert.equal(machine.events[0].time, 203 * 60_000)
  })

  it('tells bad values from none', () => {
    const machine = new Machine()
    machine.run(200, usual)
    machine.run(5, (i) => [usual(i)[0], undefined], true)
    assert.match(machine.events[0].detail, /bad values only/)
  })

  it('waits longer for a signal that was away before', () => {
    const machine = new Machine()
    machine.run(60, usual)
    machine.run(4, (i) => [usual(i)[0], undefined])
    machine.run(100, usual)
    machine.run(11, (i) => [usual(i)[0], undefined])
    assert.deepEqual(machine.told, [])
    machine.run(1, (i) => [usual(i)[0], undefined])
    assert.deepEqual(machine.told, ['signal.oil begun'])
  })

  it('tells of a measurement that stands still, not of what has always held', () => {
    const machine = new Machine()
    machine.run(200, (i) => [usual(i)[0], 40 + Math.floor(i / 60)])
    machine.run(60, () => [121, 44])
    assert.deepEqual(machine.told, ['signal.force begun'])
    assert.match(machine.events[0].detail, /stood at 121 kN since .*longer than ever/)
    machine.run(1, () => [130, 44])
    assert.deepEqual(machine.told, ['signal.force begun', 'signal.force ended'])
  })

  it('tells of no counter, and of nothing at 0, where a machine stands after days at work', () => {
    const machine = new Machine()
    machine.run(700, (i) => [120 + (i % 7), i])
    machine.run(200, () => [0, 699])
    machine.run(300, (i) => [120 + (i % 7), i - 200])
    assert.deepEqual(
      machine.told.filter((told) => !told.startsWith('signal.force')),
      [],
    )
    assert.ok(
      machine.events.every(({ detail }) => !detail.includes('stood')),
      machine.told.join(),
    )
  })

  it('tells of values that stay beyond the range, not of one window', () => {
    const machine = new Machine()
    machine.run(200, usual)
    machine.run(2, (i) => [174 + (i % 3), 40 + (i % 5)])
    machine.run(20, usual)
    assert.deepEqual(machine.told, [])
    machine.run(9, (i) => [174 + (i % 3), 40 + (i % 5)])
    assert.deepEqual(machine.told, ['signal.force begun'])
    assert.match(machine.events[0].detail, /beyond its range of 80 to 160 kN/)
  })

  it('says nothing before it knows a signal, and nothing of what is ignored', () => {
    const young = new Machine()
    young.run(50, usual)
    young.run(20, (i) => [usual(i)[0], undefined])
    assert.deepEqual(young.told, [])
    const ignored = new Machine({ 'o*': 'ignore' })
    ignored.run(200, usual)
    ignored.run(20, (i) => [usual(i)[0], undefined])
    assert.deepEqual(ignored.told, [])
  })

  it('goes on where it was saved', () => {
    const whole = new Machine()
    const cut = new Machine()
    for (const machine of [whole, cut]) {
      machine.run(150, usual)
      machine.run(2, (i) => [usual(i)[0], undefined])
      if (machine === cut) {
        const saved = structuredClone(cut.watch.save())
        cut.watch = new SignalWatch(cut.assets, cut.tags, {})
        cut.watch.load(saved)
      }
      machine.run(20, (i) => [usual(i)[0], undefined])
      machine.run(1, usual)
    }
    assert.deepEqual(cut.events, whole.events)
    assert.equal(whole.events.length, 2)
  })
})
