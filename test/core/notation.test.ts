import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  isUnit,
  missingTest,
  needsMark,
  readMeasured,
  readNumber,
  sameUnit,
  TimePattern,
  TimeReader,
  type TimeUnit,
  Zone,
} from '../../agent/core/index.ts'

const moment = Date.UTC(2024, 4, 31, 16, 8, 37)

describe('core/notation times', () => {
  const read: [text: unknown, unit: TimeUnit, time: number | undefined][] = [
    ['2024-05-31T16:08:37Z', 'auto', moment],
    ['2024-05-31 18:08:37,250 +0200', 'auto', moment + 250],
    ['2024-05-31T18:08:37+02:00[Europe/Berlin]', 'auto', moment],
    ['20240531T160837Z', 'auto', moment],
    ['20240531160837', 'auto', moment],
    ['2024-05-31', 'auto', Date.UTC(2024, 4, 31)],
    ['/Date(1717171717000)/', 'auto', moment],
    ['1717171717', 'auto', moment],
    ['1717171717.5', 's', moment + 500],
    [1_717_171_717_000_250n * 1000n, 'auto', moment + 0.25],
    [133_616_453_170_000_000n, 'filetime', moment],
    [45_443.672650462962, 'excel', moment],
    [null, 'auto', NaN],
    ['', 'auto', NaN],
    ['2024-02-30T00:00:00Z', 'auto', undefined],
    ['2024-13-01', 'auto', undefined],
    ['31.05.2024 18:08:37', 'auto', undefined],
    ['9'.repeat(100_000), 'auto', undefined],
    [Infinity, 'auto', undefined],
    [{}, 'auto', undefined],
  ]
  for (const [raw, unit, time] of read)
    it(`reads ${typeof raw === 'string' ? raw.slice(0, 50) : String(raw)} (${unit})`, () => {
      const found = new TimeReader({ unit }).read(raw)
      if (time === undefined || Number.isNaN(time)) assert.deepEqual(found, time)
      else assert.ok(Math.abs(found! - time) < 0.01, String(found))
    })

  const written: [pattern: string, text: string, utc: number | undefined][] = [
    ['dd.MM.yyyy HH:mm:ss', '31.05.2024 18:08:37', moment],
    ['dd.MM.yy HH:mm:ss,SSS', '31.05.24 18:08:37,5', moment + 500],
    ['M/d/yyyy h:mm:ss a', '5/31/2024 6:08:37 PM', moment],
    ['M/d/yyyy h:mm:ss a', '5/31/2024 12:08:37 AM', moment - 18 * 3_600_000],
    ['d. MMMM yyyy HH:mm:ss', '31. Mai 2024 18:08:37', moment],
    ['EEE, dd MMM yyyy HH:mm:ss XXX', 'Fri, 31 May 2024 16:08:37 GMT', moment],
    ["'DT#'yyyy-MM-dd-HH:mm:ss", 'DT#2024-05-31-18:08:37', moment],
    ['yyyyMMddHHmmss', '20240531180837', moment],
    ['yyyy-DDD HH:mm:ss', '2024-152 18:08:37', moment],
    ['dd.MM.yyyy HH:mm:ss', '31.04.2024 18:08:37', undefined],
    ['dd.MM.yyyy HH:mm:ss', '31.05.2024 24:08:37', undefined],
    ['dd.MM.yyyy HH:mm:ss', '31.05.2024 18:08:37 Uhr', undefined],
    ['h:mm:ss a dd/MM/yyyy', '13:08:37 PM 31/05/2024', undefined],
  ]
  for (const [pattern, text, time] of written)
    it(`reads ${text} by ${pattern}`, () => {
      const reader = new TimeReader({ pattern: new TimePattern(pattern), zone: new Zone('Europe/Berlin') })
      assert.equal(reader.read(text), time)
      assert.equal(reader.problem !== '', time === undefined)
    })

  for (const pattern of ['HH:mm:ss', 'MM/yyyy', 'yyyy-MM-dd QQ'])
    it(`refuses the pattern ${pattern}`, () => assert.throws(() => new TimePattern(pattern), SyntaxError))

  it('takes the instant of a repeated hour that is nearer to now, and says when it cannot be sure', () => {
    const reader = new TimeReader({ zone: new Zone('Europe/Berlin') })
    const first = Date.UTC(2024, 9, 27, 0, 30)
    for (const near of [first + 60_000, first + 3_600_000 - 60_000]) {
      reader.near = near
      assert.equal(reader.read('2024-10-27 02:30:00'), near < first + 1_800_000 ? first : first + 3_600_000)
      assert.equal(reader.ambiguous, false)
    }
    reader.near = first + 20 * 3_600_000
    assert.equal(reader.read('2024-10-27 02:30:00'), first + 3_600_000)
    assert.equal(reader.ambiguous, true)
    assert.equal(reader.read('2024-10-27 03:30:00'), first + 2 * 3_600_000)
    assert.equal(reader.ambiguous, false)
    assert.equal(reader.read('2024-10-27 02:30:00+02:00'), first)
    assert.equal(reader.ambiguous, false)
  })

  it('refuses what clocks skip, with the way out', () => {
    const reader = new TimeReader({ zone: new Zone('Europe/Berlin') })
    assert.equal(reader.read('2024-03-31 02:30:00'), undefined)
    assert.match(reader.problem, /skip this time.*\+01:00/)
    assert.equal(reader.read('2024-03-31 01:59:59'), Date.UTC(2024, 2, 31, 0, 59, 59))
    assert.equal(reader.read('2024-03-31 03:00:00'), Date.UTC(2024, 2, 31, 1))
  })

  it('brings every instant of any zone back from its wall clock', () => {
    const zones = [
      'Europe/Berlin',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
      'Africa/Casablanca',
      '-03:30',
    ]
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 0, max: 2_200_000_000 }), (name, seconds) => {
        const zone = new Zone(name)
        const fixed = name.startsWith('-')
        const parts = new Intl.DateTimeFormat('sv-SE', {
          timeZone: fixed ? 'UTC' : name,
          dateStyle: 'short',
          timeStyle: 'medium',
        }).format((seconds + (fixed ? -12_600 : 0)) * 1000)
        const wall = Date.parse(`${parts.replace(' ', 'T')}Z`)
        assert.ok([zone.first(wall), zone.second(wall)].includes(seconds * 1000))
        assert.ok(zone.first(wall) <= zone.second(wall))
      }),
    )
  })

  it('refuses zones that are none', () => {
    for (const name of ['Mars/Olympus', '+25:00', 'CESTX']) assert.throws(() => new Zone(name), RangeError)
  })
})

describe('core/notation numbers', () => {
  const numbers: [text: string, mark: '.' | ',' | undefined, value: number | undefined][] = [
    ['1.5', undefined, 1.5],
    ['-.5e-3', undefined, -0.0005],
    ['1,5', undefined, undefined],
    ['1 234', undefined, undefined],
    ['1.234,5', ',', 1234.5],
    ['-1.234.567', ',', -1234567],
    ['1 234,5', ',', 1234.5],
    ["1'234,5", ',', 1234.5],
    ['1234,5', ',', 1234.5],
    [',5', ',', 0.5],
    ['12.34', ',', undefined],
    ['1.2345,6', ',', undefined],
    ['1,234.5', '.', 1234.5],
    ["1'234.5", '.', 1234.5],
    ['1,23.5', '.', undefined],
    ['12a', '.', undefined],
    ['', '.', undefined],
    ['9'.repeat(401), undefined, undefined],
  ]
  for (const [text, mark, value] of numbers)
    it(`reads ${text.slice(0, 20)} with ${mark ?? 'no mark'}`, () => assert.equal(readNumber(text, mark), value))

  it('tells what people would call a number', () => {
    for (const text of ['1,5', '1 234', "12'345.6", '1.234,5', ',5']) assert.ok(needsMark(text), text)
    for (const text of ['1.5', '1.2.3', '1.234.567', 'a,b', '', '12-5', '10.0.0.1']) assert.ok(!needsMark(text), text)
  })

  it('reads every number that it writes with either mark', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }), (value) => {
        const text = String(value + 0)
        assert.equal(readNumber(text, '.'), value + 0)
        assert.equal(readNumber(text.replace('.', ','), ','), value + 0)
      }),
    )
  })

  const measured: [text: string, expected: string | undefined, found: [number | undefined, string] | undefined][] = [
    ['20.6 °C', undefined, [20.6, '°C']],
    ['20.6℃', undefined, [20.6, '°C']],
    ['45%', undefined, [45, '%']],
    ['230.5V', undefined, [230.5, 'V']],
    ['-3 m/s²', undefined, [-3, 'm/s²']],
    ['12 l/min', undefined, [12, 'L/min']],
    ['1450 U/min', undefined, [1450, 'rpm']],
    ['3A', undefined, undefined],
    ['3A', 'A', [3, 'A']],
    ['0Y', undefined, undefined],
    ['5 apples', undefined, undefined],
    ['3 Stk', 'Stk', [3, 'Stk']],
    ['20,6 °C', undefined, [undefined, '°C']],
    ['12-05 A', undefined, undefined],
  ]
  for (const [text, expected, found] of measured)
    it(`takes ${text} apart${expected === undefined ? '' : ` where ${expected} is expected`}`, () => {
      const taken = readMeasured(text, undefined, expected)
      assert.deepEqual(taken && [taken.value, taken.unit], found)
    })

  it('knows units by their spellings', () => {
    for (const [one, other] of [
      ['degC', '°C'],
      ['C', '°C'],
      ['m3/h', 'm³/h'],
      ['uA', 'µA'],
      ['l/min', 'L/min'],
    ])
      assert.ok(sameUnit(one, other), one)
    assert.ok(!sameUnit('°C', '°F') && !sameUnit('mbar', 'bar') && !sameUnit('mW', 'MW'))
    for (const text of ['kWh', 'bar', '1/min', 'mm/s', 'kg·m²', 'N/mm²', 'ppm']) assert.ok(isUnit(text), text)
    for (const text of ['Y', 'open', 'apples', 'x', '']) assert.ok(!isUnit(text), text)
  })
})

describe('core/notation words for missing', () => {
  it('knows them in any case, and those of the configuration instead', () => {
    const usual = missingTest()
    for (const word of ['', '  ', 'NaN', 'NONE', 'unavailable', ' n/a ', '--']) assert.ok(usual(word), word)
    for (const word of ['0', 'off', 'running', 'nanometre']) assert.ok(!usual(word), word)
    const own = missingTest(['offline'])
    assert.ok(own('OFFLINE') && own('') && !own('nan'))
  })
})
