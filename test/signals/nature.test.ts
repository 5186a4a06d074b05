import assert from 'node:assert/strict'
import { AssetClass, BatchBuilder, Quality, TagTable, type Nature, type TagDefinition } from '../../agent/core/index.ts'
import { SignalStudy, natureOf, naturesOf } from '../../agent/signals/index.ts'
import { seededRandom } from '../../models/random.ts'

const minute = 60_000

/** What a signal of these values, one a minute, is taken for. */
function told(values: readonly number[], definition: Partial<TagDefinition> = {}): Nature {
  const tags = new TagTable()
  const tag = tags.resolve({ name: 'press1/x', type: 'number', ...definition })
  const study = new SignalStudy(tags)
  const builder = new BatchBuilder('plc')
  values.forEach((value, i) => builder.add(tag.index, i * minute, value, Quality.good))
  study.take(builder.take(0))
  return natureOf(tag, study.of(tag.index)).nature
}

const random = seededRandom(1)
const series = (length: number, of: (i: number) => number) => Array.from({ length }, (_, i) => of(i))
/** Adds up what `of` gives. */
function summed(length: number, of: (i: number) => number): number[] {
  let sum = 0
  return series(length, (i) => (sum += of(i)))
}

describe('the nature of a signal', () => {
  const cases: readonly [what: string, nature: Nature, values: readonly number[], definition?: Partial<TagDefinition>][] = [
    ['a temperature', 'measurement', series(500, (i) => 60 + 10 * Math.sin(i / 50) + random.normal())],
    ['a coarse temperature, a degree a step', 'measurement', series(3000, (i) => Math.round(60 + 12 * Math.sin(i / 400)))],
    ['a load between a few whole numbers that tremble', 'measurement', series(500, () => 31 + Math.floor(3 * random.uniform()))],
    ['a temperature that rises all the time with its noise', 'measurement', series(500, (i) => i / 10 + random.normal())],
    ['parts, now and then one', 'counter', summed(800, () => Number(random.uniform() < 0.4))],
    ['parts of a shift, reset each morning', 'counter', series(3000, (i) => Math.floor((i % 1440) / 2))],
    ['a 16-bit counter that rolls over', 'counter', series(3000, (i) => (65_000 + Math.floor(i / 3) * 7) % 65_536)],
    ['an energy meter', 'counter', summed(800, () => Number((0.3 * random.uniform()).toFixed(2)))],
    ['hours that stand at night', 'counter', summed(3000, (i) => (i % 1440 > 700 ? 1 / 60 : 0))],
    ['a level that falls with its noise', 'measurement', series(300, (i) => 300 - i + random.normal())],
    ['hours until the next service', 'counter', series(900, (i) => 250 - ((i / 4) % 250))],
    ['a material that is used up and filled up again', 'counter', series(2000, (i) => 400 - Math.floor((i % 700) / 2))],
    ['a clock in seconds', 'clock', series(300, (i) => 1_700_000_000 + 60 * i)],
    ['a sequence number', 'clock', series(300, (i) => i)],
    ['a mode', 'state', series(2000, (i) => [0, 2, 1, 2][Math.floor(i / 130) % 4])],
    ['a product number', 'state', series(2000, (i) => [11, 17, 12][Math.floor(i / 300) % 3])],
    ['a switch', 'state', series(200, (i) => Math.floor(i / 3) % 2), { type: 'boolean' }],
    ['a speed that people choose', 'setpoint', series(2000, (i) => [1200.5, 1500, 900.25][Math.floor(i / 200) % 3])],
    ['a set point by its name', 'setpoint', series(2000, (i) => [1, 2, 3][Math.floor(i / 200) % 3]), { name: 'press1/SpeedSetpoint' }],
    ['a mode that is told at each change only', 'state', series(60, (i) => [0, 2, 1][i % 3]), { reporting: 'change' }],
    ['a constant', 'constant', series(300, () => 158)],
    ['too few values of a meter', 'counter', [1, 2, 3], { unit: 'kWh' }],
    ['too few values of anything', 'measurement', [1, 2, 3]],
    ['words', 'text', [], { type: 'text' }],
  ] // prettier-ignore

  for (const [what, nature, values, definition] of cases) {
    it(`of ${what} is ${nature}`, () => assert.equal(told(values, definition), nature))
  }

  it('does not depend on bad values, nor on what came late', () => {
    const tags = new TagTable()
    const tag = tags.resolve({ name: 'press1/parts', type: 'integer' })
    const study = new SignalStudy(tags)
    const builder = new BatchBuilder('plc')
    for (let i = 0; i < 500; i++) {
      builder.add(tag.index, i * minute, Math.floor(i / 2), Quality.good)
      if (i % 50 === 0) builder.add(tag.index, i * minute, 0, Quality.bad)
      if (i % 70 === 69) builder.add(tag.index, (i - 20) * minute, Math.floor((i - 20) / 2), Quality.good)
    }
    study.take(builder.take(0))
    assert.equal(natureOf(tag, study.of(tag.index)).nature, 'counter')
    assert.match(natureOf(tag, study.of(tag.index)).evidence, /rises in 249 of 249 changes/)
  })

  it('is that of the assets in which it moves, and what somebody says goes before', () => {
    const tags = new TagTable()
    const assets = new AssetClass('press', '{asset}/{role}', tags)
    const study = new SignalStudy(tags)
    const builder = new BatchBuilder('plc')
    for (const asset of ['press1', 'press2']) {
      for (const role of ['heat', 'parts', 'temp_oil']) {
        const { index } = tags.resolve({ name: `${asset}/${role}`, type: 'number' })
        assets.locate(index)
        for (let i = 0; i < 300; i++) {
          const value = role === 'parts' ? i * Number(random.uniform() < 2) + (i % 2) : 20 + random.normal()
          builder.add(index, i * minute, asset === 'press2' ? 5 : value, Quality.good)
        }
      }
    }
    study.take(builder.take(0))
    const natures = (stated = {}) =>
      Object.fromEntries([...naturesOf(assets, tags, study, stated)].map(([role, { nature }]) => [role, nature]))
    assert.deepEqual(natures(), { heat: 'measurement', parts: 'counter', temp_oil: 'measurement' })
    const named = naturesOf(assets, tags, study, { prts: 'counter' })
    assert.match(named.get('prts')!.evidence, /no signal has such a name/)
    assert.deepEqual(natures({ 'temp*': 'ignore', parts: 'measurement' }), {
      heat: 'measurement',
      parts: 'measurement',
      temp_oil: 'ignore',
    })
  })
})
