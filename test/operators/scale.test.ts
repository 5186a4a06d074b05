import assert from 'node:assert/strict'
import { TagTable } from '../../agent/core/index.ts'
import { scale } from '../../agent/operators/scale.ts'
import { conversion, unitNames } from '../../agent/operators/units.ts'
import { batchOf, expectMarbles, make, push } from '../support/marbles.ts'

describe('scale', () => {
  it('multiplies and adds, and keeps the quality', () => {
    expectMarbles(scale, { factor: 2, offset: -1 }, '1 2? 3! ! Infinity', '1 3? 5! ! Infinity')
  })

  it('leaves booleans and text alone', () => {
    expectMarbles(scale, { factor: 2 }, '1 0', '1 0', { tag: { type: 'boolean' } })
    expectMarbles(scale, { factor: 2 }, "'a'", "'a'", { tag: { type: 'text' } })
  })

  const conversions: readonly [number, string, number, string][] = [
    [212, '°F', 100, '°C'],
    [-40, '°C', -40, '°F'],
    [0, '°C', 273.15, 'K'],
    [1, 'bar', 100, 'kPa'],
    [1, 'psi', 6.894757293168361, 'kPa'],
    [1, 'in', 25.4, 'mm'],
    [3.6, 'km/h', 1, 'm/s'],
    [1, 'g', 9.80665, 'm/s²'],
    [1, 'g', 0.001, 'kg'],
    [60, 'l/min', 1, 'l/s'],
    [1500, 'rpm', 25, 'Hz'],
    [180, 'deg', Math.PI, 'rad'],
    [1, 'kWh', 3.6, 'MJ'],
    [50, '%', 0.5, '1'],
  ]
  for (const [value, from, expected, to] of conversions)
    it(`makes ${expected} ${to} of ${value} ${from}`, () => {
      const tags = new TagTable()
      tags.resolve({ name: 'a', type: 'number' })
      const [output] = push(make(scale, { from, to }, { tags }), [batchOf([{ tag: 0, time: 0, value, quality: 0 }])])
      assert.ok(Math.abs(output.value[0] - expected) <= 1e-12 * Math.abs(expected), `${output.value[0]}`)
    })

  it("converts from each tag's own unit, and leaves those alone that have another or none", () => {
    expectMarbles(scale, { to: 'kPa' }, '1 2', '100 200', { tag: { unit: 'bar' } })
    expectMarbles(scale, { to: 'kPa' }, '1 2', '1 2', { tag: { unit: 'mm' } })
    expectMarbles(scale, { to: 'kPa' }, '1 2', '1 2')
    expectMarbles(scale, { to: 'kPa' }, '1 2', '1 2', { tag: { unit: 'constructor' } })
  })

  it('comes back from every unit', () => {
    for (const from of unitNames)
      for (const to of unitNames) {
        const there = conversion(from, to)
        const back = conversion(to, from)
        assert.equal(there === undefined, back === undefined)
        if (there && back) assert.ok(Math.abs((7 * there.factor + there.offset) * back.factor + back.offset - 7) < 1e-6)
      }
  })

  it('refuses settings without a meaning', () => {
    for (const settings of [{ from: 'bar' }, { from: 'bar', to: 'mm' }, { to: 'furlong' }, { to: 'bar', factor: 2 }])
      assert.ok(!scale.config.safeParse(settings).success, JSON.stringify(settings))
  })
})
