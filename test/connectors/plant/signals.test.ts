import assert from 'node:assert/strict'
import { Quality } from '../../../agent/core/index.ts'
import { severity, type FaultName } from '../../../connectors/plant/faults.ts'
import { plantAssets, plantTags } from '../../../connectors/plant/layout.ts'
import { AssetSignals, stepsPerSecond, type Measurement } from '../../../connectors/plant/signals.ts'

const pump = plantAssets[0]
const conveyor = plantAssets.find((asset) => asset.kind.name === 'conveyor')!

/** Good values by role over `seconds`. */
function record(signals: AssetSignals, seconds: number): Record<string, number[]> {
  const values: Record<string, number[]> = {}
  for (let i = 0; i < seconds * stepsPerSecond; i++)
    for (const { role, value, quality } of signals.step())
      if (typeof value === 'number' && quality === Quality.good) (values[role] ??= []).push(value)
  return values
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const deviation = (values: readonly number[]) => {
  const center = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)))
}

/** The same seconds of the same machine, healthy and with a fault that has had 25 s to grow. */
function compare(asset: typeof pump, fault: FaultName) {
  const healthy = new AssetSignals(asset.name, asset.kind, 7)
  const faulty = new AssetSignals(asset.name, asset.kind, 7)
  assert.ok(faulty.inject(fault))
  record(healthy, 25)
  record(faulty, 25)
  return { healthy: record(healthy, 60), faulty: record(faulty, 60) }
}

describe('simulated signals', () => {
  it('repeat with the same seed and differ with another', () => {
    const run = (seed: number) => {
      const signals = new AssetSignals(pump.name, pump.kind, seed)
      const all: Measurement[] = []
      for (let i = 0; i < 400; i++) all.push(...signals.step())
      return all
    }
    assert.deepEqual(run(3), run(3))
    assert.notDeepEqual(run(3), run(4))
  })

  it('differ between two machines of one kind', () => {
    const one = record(new AssetSignals('line1/pump1', pump.kind, 1), 10)
    const other = record(new AssetSignals('line1/pump2', pump.kind, 1), 10)
    assert.notDeepEqual(one, other)
  })

  for (const asset of [pump, conveyor])
    it(`come at their rate and stay in the range of the instruments (${asset.kind.name})`, () => {
      const signals = new AssetSignals(asset.name, asset.kind, 1)
      const counts = new Map<string, number>()
      for (const fault of asset.kind.faults) signals.inject(fault)
      for (let i = 0; i < 60 * stepsPerSecond; i++)
        for (const { role, value } of signals.step()) {
          counts.set(role, (counts.get(role) ?? 0) + 1)
          if (typeof value !== 'number') continue
          const { low, high } = asset.kind.signals[role]
          assert.ok(value >= low && value <= high, `${role} ${value}`)
        }
      for (const [role, { rate }] of Object.entries(asset.kind.signals)) assert.equal(counts.get(role), 60 * rate)
      assert.equal(counts.get('waveform'), 30)
    })

  it('of flow, pressure and current follow the speed of the pump', () => {
    const { speed, flow, pressure, current } = record(new AssetSignals(pump.name, pump.kind, 2), 120)
    const pairs = Math.min(speed.length, flow.length, pressure.length, current.length) - 20
    const at = (values: number[], pick: (speed: number) => boolean) =>
      mean(values.slice(0, pairs).filter((_, i) => pick(speed[i])))
    const center = mean(speed)
    for (const values of [flow, pressure, current])
      assert.ok(at(values, (value) => value > center) > at(values, (value) => value < center) * 1.03)
  })

  it('of temperature follow the load later and smoother than the current does', () => {
    const hot = new AssetSignals(pump.name, pump.kind, 5)
    const before = mean(record(hot, 20).temperature)
    hot.inject('bearing-wear')
    const rising = record(hot, 120).temperature
    const late = rising.slice(-20)
    const early = rising.slice(0, 10)
    assert.ok(mean(late) > before + 12, `${mean(late)} after ${before}`)
    assert.ok(mean(early) < before + 3, 'heat takes time')
    hot.repair()
    const cooling = record(hot, 10).temperature
    assert.ok(mean(cooling) > before + 8, 'cooling takes time as well')
    record(hot, 300)
    assert.ok(Math.abs(mean(record(hot, 20).temperature) - before) < 2)
  })

  it('of a worn bearing show more vibration, heat and current', () => {
    const { healthy, faulty } = compare(pump, 'bearing-wear')
    assert.ok(mean(faulty.vibration) > 2 * mean(healthy.vibration))
    assert.ok(mean(faulty.temperature) > mean(healthy.temperature) + 8)
    assert.ok(mean(faulty.current) > mean(healthy.current) * 1.01)
    assert.deepEqual(faulty.flow, healthy.flow)
  })

  it('of cavitation show less and restless flow and pressure, and vibration', () => {
    const { healthy, faulty } = compare(pump, 'cavitation')
    assert.ok(mean(faulty.flow) < mean(healthy.flow) * 0.95)
    assert.ok(mean(faulty.pressure) < mean(healthy.pressure) * 0.95)
    assert.ok(mean(faulty.vibration) > 1.6 * mean(healthy.vibration))
    assert.ok(deviation(faulty.vibration) > 3 * deviation(healthy.vibration))
    assert.deepEqual(faulty.speed, healthy.speed)
  })

  for (const asset of [pump, conveyor])
    it(`of misalignment show vibration and current (${asset.kind.name})`, () => {
      const { healthy, faulty } = compare(asset, 'misalignment')
      assert.ok(mean(faulty.vibration) > 1.8 * mean(healthy.vibration))
      assert.ok(mean(faulty.current) > mean(healthy.current) * 1.04)
    })

  for (const asset of [pump, conveyor])
    it(`of a stuck sensor stand still while all others go on (${asset.kind.name})`, () => {
      const { healthy, faulty } = compare(asset, 'stuck-sensor')
      const stuck = asset.kind.sticks
      assert.ok(deviation(faulty[stuck]) < deviation(healthy[stuck]) / 20)
      for (const role of Object.keys(healthy)) if (role !== stuck) assert.deepEqual(faulty[role], healthy[role])
    })

  it('lose lines and quality now and then, and mostly not', () => {
    const signals = new AssetSignals(pump.name, pump.kind, 1)
    const seen = { good: 0, uncertain: 0, bad: 0, lost: 0 }
    for (let i = 0; i < 3_600 * stepsPerSecond; i++)
      for (const { quality, lost } of signals.step()) {
        if (lost) seen.lost++
        else if (quality === Quality.good) seen.good++
        else if (quality === Quality.uncertain) seen.uncertain++
        else seen.bad++
      }
    assert.ok(seen.lost > 0 && seen.bad > 0 && seen.uncertain > 0, JSON.stringify(seen))
    const troubled = seen.lost + seen.bad + seen.uncertain
    assert.ok(troubled / (troubled + seen.good) < 0.02, JSON.stringify(seen))
  })
})

describe('simulated faults', () => {
  it('grow without falling back, from nothing to everything within 20 s', () => {
    for (const fault of pump.kind.faults) {
      let last = 0
      for (let age = 0; age <= 25; age += 0.5) {
        assert.ok(severity(fault, age) >= last)
        last = severity(fault, age)
      }
      assert.equal(severity(fault, -1), 0)
      assert.equal(severity(fault, 20), 1)
    }
    assert.ok(severity('bearing-wear', 10) > 0.4, 'half of it is there after half the time')
  })

  it('are refused where the kind of machine cannot have them, and listed with their severity', () => {
    const signals = new AssetSignals(conveyor.name, conveyor.kind, 1)
    assert.equal(signals.inject('cavitation'), false)
    assert.deepEqual(signals.faults(), [])
    assert.equal(signals.inject('misalignment'), true)
    record(signals, 30)
    assert.deepEqual(signals.faults(), [{ asset: conveyor.name, fault: 'misalignment', severity: 1 }])
    assert.equal(signals.inject('misalignment'), true)
    assert.equal(signals.faults()[0].severity, 1, 'a second injection does not start it again')
    signals.repair()
    assert.deepEqual(signals.faults(), [])
  })
})

describe('layout of the simulated plant', () => {
  it('names every tag once, as {line}/{asset}/{role}, and its node or topic after it', () => {
    assert.equal(new Set(plantTags.map(({ tag }) => tag)).size, plantTags.length)
    for (const { tag, node, topic } of plantTags) {
      assert.match(tag, /^line\d\/[a-z]+\d\/[a-z]+$/)
      assert.ok(node === `ns=1;s=${tag}` || topic === `plant/${tag}`)
      assert.ok((node === undefined) !== (topic === undefined))
    }
  })
})
