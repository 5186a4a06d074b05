import assert from 'node:assert/strict'
import { TimePattern, TimeReader, WrittenTime, type DateOrder, type TimeUnit } from '../../agent/core/index.ts'

const at = Date.UTC(2024, 2, 5, 10, 0, 0)
const hour = 3_600_000

describe('times as they are written', () => {
  const texts: readonly [string, number, DateOrder?, number?][] = [
    ['2024-03-05 10:00:00', at],
    ['2024-03-05T10:00:00Z', at, 'dmy', 0],
    ['2024-03-05T10:00', at],
    ['2024-03-05 10:00:00.125', at + 125],
    ['2024-03-05 10:00:00,125', at + 125],
    ['2024-03-05 10:00:00:125', at + 125],
    ['2024-03-05T10:00:00.123456789+02:00', at + 123.456789, 'dmy', 2 * hour],
    ['2024-03-05T10:00:00+01:00[Europe/Berlin]', at, 'dmy', hour],
    ['2024-03-05 10:00:00 UTC', at, 'dmy', 0],
    ['2024-03-05 10:00:00 UTC+2', at, 'dmy', 2 * hour],
    ['2024-03-05 10:00:00 CET', at, 'dmy', hour],
    ['2024-03-05 10:00:00-0930', at, 'dmy', -9.5 * hour],
    ['2024-03-05', at - 10 * hour],
    ['2024/3/5 10:00', at],
    ['05/03/2024 10:00', at, 'dmy'],
    ['05/03/2024 10.00', at, 'dmy'],
    ['03/05/2024 10:00', at, 'mdy'],
    ['3/5/2024 10:00:00 AM', at, 'mdy'],
    ['3/5/24 10:00:00 a.m.', at, 'mdy'],
    ['05.03.2024 10:00:00', at, 'dmy'],
    ['05.03.24, 10:00 Uhr', at, 'dmy'],
    ['24-03-05 10:00', at, 'ymd'],
    ['05-Mar-2024 10:00:00', at],
    ['05-Mar-24 10:00:00', at],
    ['5. März 2024 10:00', at],
    ['05-MRZ-2024 10:00:00', at],
    ['Mar 5, 2024 10:00:00 AM', at],
    ['March 5 2024 10:00', at],
    ['Tue Mar  5 10:00:00 2024', at],
    ['Tue Mar  5 10:00:00 UTC 2024', at, 'dmy', 0],
    ['Tue, 05 Mar 2024 10:00:00 GMT', at, 'dmy', 0],
    ['05/Mar/2024:10:00:00 +0100', at, 'dmy', hour],
    ['2024-Mar-05 10:00:00', at],
    ['10:00:00 05/03/2024', at, 'dmy'],
    ['20240305T100000', at],
    ['20240305T100000.125Z', at + 125, 'dmy', 0],
    ['20240305 100000', at],
    ['20240305100000', at],
    ['20240305100000125', at + 125],
    ['202403051000', at],
    ['2024-03-05_10:00:00', at],
    ['2024年03月05日 10:00:00', at],
    ['2024年3月5日 10时00分', at],
    ['2024/03/05 下午 01:00', at + 3 * hour],
    ['3/5/2024 12:00:00 AM', at - 10 * hour, 'mdy'],
    ['3/5/2024 12:30 PM', at + 2.5 * hour, 'mdy'],
  ]
  const written = new WrittenTime()
  for (const [text, wall, order = 'dmy', offset] of texts)
    it(`reads ${text}`, () => {
      assert.ok(written.readText(text, order))
      assert.equal(written.wall, wall)
      assert.ok(written.hasDate)
      assert.equal(written.offset, offset ?? NaN)
    })

  for (const [text, clock] of [
    ['10:00:00', 10 * hour],
    ['0:01.5', NaN],
    ['25:00:01.5', 25 * hour + 1500],
    ['1:05 PM', 13 * hour + 300_000],
  ] as const)
    // prettier-ignore
    it(`reads the clock ${text}`, () => {
      assert.equal(written.readText(text, 'dmy') ? written.wall : NaN, clock)
      assert.equal(written.hasDate, false)
    })

  for (const text of [
    '',
    'yesterday',
    '12.5',
    '1.234.567',
    '1234567',
    '2023-02-29',
    '2024-05-01 24:00:00',
    '2024-13-01',
    '2024-05-01T1:2:3',
    '2024-05-01 12:00:00.',
    '2024-05-01 12:00:00 CST',
    '192.168.0.1',
    '31/31/2024',
    '2024-05-01 13:00 PM',
    '-5',
    'Mar',
    '2024',
    '5 bar',
    'a',
    '00-1A',
    'T',
    '1-2-3',
    '2024-05-01 12:00:60:1',
    '12:',
    '2024-05-01 12:00:61',
    '10:75:00',
  ])
    // prettier-ignore
    it(`takes "${text}" for no time`, () => assert.equal(written.readText(text, 'dmy'), false))

  it('tells whether the order had to be known', () => {
    const ordered = (text: string) => written.readText(text, 'dmy') && written.ordered
    assert.deepEqual(['05/03/2024', '05.03.24', '2024-03-05', '5 Mar 2024'].map(ordered), [true, true, false, false])
  })

  const counts: readonly [TimeUnit, string, number][] = [
    ['excel', '45356.4166666667', at],
    ['excel1904', '43894.4166666667', at],
    ['datenum', '739316.416666667', at],
    ['ticks', '638452296000000000', at],
    ['ticks', '638452296001234567', at + 123.4567],
    ['filetime', '133541064000000000', at],
    ['labview', '3792477600.25', at + 250],
    ['auto', '1709632800000000000', at],
    ['auto', '20240305100000', at],
  ]
  for (const [unit, text, time] of counts)
    it(`reads ${text} as ${unit}`, () => {
      const read = new TimeReader({ unit }).read(text)!
      assert.ok(Math.abs(read - time) < 0.03, String(read - time))
    })

  for (const [pattern, text] of [
    ['%d.%m.%Y %H:%M:%S', '05.03.2024 10:00:00'],
    ['%b %d %Y at %I:%M %p', 'Mar 05 2024 at 10:00 AM'],
    ['DD.MM.YYYY HH:mm', '05.03.2024 10:00'],
  ] as const)
    // prettier-ignore
    it(`reads ${text} by ${pattern}`, () => assert.equal(new TimePattern(pattern).read(text)?.wall, at))
})
