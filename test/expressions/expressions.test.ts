import assert from 'node:assert/strict'
import { Expression, problemsOf, callsOf, Undecided, type Reader } from '../../agent/expressions/index.ts'

const unknown = (what: string) => (): never => {
  throw new Undecided(`${what} is not known`)
}
const signals: Readonly<Record<string, number | string | boolean>> = { speed: 1500, mode: 'auto', on: true, zero: 0 }
const reader: Reader = {
  signal: (name) => (Object.hasOwn(signals, name) ? signals[name] : unknown(name)()),
  age: () => 4_000,
  quality: () => 'good',
  feature: () => 2.5,
  prediction: () => ({ state: 'anomaly', score: 3, threshold: 2, remaining: 7 * 3_600_000, value: NaN }),
  alarm: () => 'raised',
  verdict: () => ({ verdict: 'fail', part: 'A', label: 'defect' }),
  state: () => '',
  hour: () => 13,
  weekday: () => 7,
}
const valueOf = (text: string) => new Expression(text).value(reader)

describe('expressions', () => {
  const values: [string, number | string | boolean][] = [
    ['signal("speed") > 1200', true],
    ['signal("speed") > 1200.0 && signal("mode") == "auto"', true],
    ['signal("speed") * 0.8', 1200],
    ['2 * signal("speed") - 1', 2999],
    ['1 - (2 * (signal("speed") + 1)) * 2', -6003],
    ['7 / 2', 3.5],
    ['signal("speed") % 400', 300],
    ['"a" + signal("mode") == "aauto"', true],
    ['duration("2h") + duration("1h") > duration("2h")', true],
    ['-signal("speed") < -1', true],
    ['(signal("on") ? 1 : (2)) * -(3)', -3],
    ['("a" + signal("mode")).contains("aut") && ((signal("speed")) > (3)) && [1, 2][1] == 2', true],
    ['prediction("m").remaining < duration("8h")', true],
    ['prediction("m").remaining < duration("6h")', false],
    ['age("speed") < duration("10s")', true],
    ['hour() >= 6 && hour() < 22 && weekday() == 7', true],
    ['signal("on") ? "slow" : "fast"', 'slow'],
    ['verdict("weld").verdict == "fail"', true],
    ['state("mode") == ""', true],
    ['signal("speed") == 1500 && signal("speed") != 2', true],
    ['["auto", "semi"].exists(m, m == signal("mode"))', true],
    ['signal("nowhere") > 1 || true', true],
    ['signal("nowhere") > 1 && false', false],
  ]
  for (const [text, value] of values) it(`${text} is ${value}`, () => assert.equal(valueOf(text), value))

  const undecided: [string, RegExp][] = [
    ['signal("nowhere") > 1', /nowhere is not known/],
    ['!(signal("nowhere") > 1)', /nowhere is not known/],
    ['signal("nowhere") > 1 && true', /nowhere is not known/],
    ['signal("nowhere") != 3', /nowhere is not known/],
    ['prediction("m").value > 1.0', /m says no value/],
    ['!(prediction("m").health > 1.0)', /m says no health/],
    ['verdict("weld").score > 1.0', /weld says no score/],
    ['1 / 0 > 1', /divides by zero/],
    ['signal("speed") / signal("zero") > 1', /divides by zero/],
    ['!(signal("zero") / signal("zero") > 1)', /divides by zero/],
    ['signal("speed") % signal("zero") == 0', /divides by zero/],
    ['signal("speed") * 1e308 > 1.0', /no finite number/],
    ['signal("speed") + signal("mode") == "x"', /cannot be calculated/],
    ['signal("mode") > 5', /no such overload/],
    ['signal("speed") && true', /bool/],
  ]
  for (const [text, why] of undecided)
    it(`${text} is undecided, with the reason`, () =>
      assert.throws(() => valueOf(text), (error) => error instanceof Undecided && why.test(error.message))) // prettier-ignore

  const wrong: [string, 'bool' | 'value', readonly (readonly [string, RegExp])[]][] = [
    ['signal("a") >', 'bool', [['>', /unexpected token/]]],
    ['signal("a") > 1 && nope("b") && alsono(3) == 2', 'bool', [['nope("b")', /no function nope\(\); there are: signal/], ['alsono(3)', /no function alsono/]]], // prettier-ignore
    ['forecast("t").crosses_in < duration("8h")', 'bool', [['forecast("t")', /no function forecast/]]],
    ['signal(5) > 1', 'bool', [['signal(5)', /names in quotes/]]],
    ['signal("a" + "b") > 1', 'bool', [['signal("a" + "b")', /names in quotes/]]],
    ['speed > 5', 'bool', [['speed', /write signal\("speed"\)/]]],
    ['hour() > "six" && quality("a") > 3', 'bool', [['hour() > "six"', /no such overload/], ['quality("a") > 3', /no such overload/]]], // prettier-ignore
    [
      'nope(1) && hour() > "six"',
      'bool',
      [
        ['nope(1)', /no function/],
        ['hour() > "six"', /no such overload/],
      ],
    ],
    ['prediction("m").scor > 1.0', 'bool', [['prediction("m").scor', /no such key: scor/]]],
    ['hour()', 'bool', [['hour()', /gives a number; a condition gives true or false/]]],
    ['age("a")', 'value', [['age("a")', /gives a duration/]]],
    ['[1, 2]', 'value', [['[1, 2]', /value is a number/]]],
    ['signal("a").matches("(a+)+$")', 'bool', [['signal("a").matches("(a+)+$")', /not offered/]]],
    ['[1].all(x, [2].all(y, y > x))', 'bool', [['[1].all(x, [2].all(y, y > x))', /within another one/]]],
    ['hour("x") > 1', 'bool', [['hour("x")', /hour\(\): 0 to 23/]]],
  ]
  for (const [text, wanted, problems] of wrong)
    it(`finds all that is wrong with ${text}`, () => {
      const found = problemsOf(text, wanted)
      assert.equal(found.length, problems.length, JSON.stringify(found))
      for (const [i, [piece, words]] of problems.entries()) {
        assert.equal(text.slice(found[i].start, found[i].end), piece)
        assert.match(found[i].message, words)
      }
    })

  it('refuses what is 100 kB long or nested a thousand deep, at once', () => {
    const long = `${'true && '.repeat(12_500)}true`
    assert.match(problemsOf(long, 'bool')[0].message, /100004 characters long; 4000 are allowed/)
    assert.match(problemsOf(`${'('.repeat(1_000)}true${')'.repeat(1_000)}`, 'bool')[0].message, /too deep/)
    assert.match(problemsOf(`${'!'.repeat(1_000)}true`, 'bool')[0].message, /too deep/)
  })

  it('finds nothing wrong with what is right, and knows what it reads', () => {
    const text = 'signal("a") > 1.0 && feature("m", "a.mean") < 3.0 && prediction("m").state == "anomaly"'
    assert.deepEqual(problemsOf(text, 'bool'), [])
    assert.deepEqual(callsOf(text).map(({ name, names }) => [name, ...names]), [['signal', 'a'], ['feature', 'm', 'a.mean'], ['prediction', 'm']]) // prettier-ignore
  })
})
