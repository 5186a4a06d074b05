import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LineWriter } from '../../../connectors/influxdb/line-writer.ts'

function written(write: (writer: LineWriter) => void): string {
  const writer = new LineWriter(16)
  writer.reserve(128)
  write(writer)
  return writer.take().toString()
}

describe('LineWriter', () => {
  it('writes any finite number so that it reads back the same', () => {
    const decimals = fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 7 }))
    const values = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      decimals.map(([digits, places]) => digits / 10 ** places),
      fc.integer(),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    )
    fc.assert(
      fc.property(values, (value) => {
        const text = written((writer) => writer.decimal(value))
        assert.match(text, /^-?\d+(\.\d+)?(e[+-]\d+)?$/)
        assert.equal(Number(text), value === 0 ? 0 : value)
      }),
      { numRuns: 3000 },
    )
  })

  for (const [value, text] of [
    [0, '0'],
    [-0, '0'],
    [1, '1'],
    [-12.5, '-12.5'],
    [0.000001, '0.000001'],
    [1e-7, '1e-7'],
    [999999999.5, '999999999.5'],
    [999999999.9999995, '999999999.9999995'],
    [1e21, '1e+21'],
    [Number.MAX_VALUE, '1.7976931348623157e+308'],
  ] as const)
    it(`writes ${value} as ${text}`, () =>
      assert.equal(
        written((writer) => writer.decimal(value)),
        text,
      ))

  it('writes any time in whole microseconds', () => {
    const times = fc.oneof(fc.integer({ min: -9e15, max: 9e15 }), fc.integer({ min: 1e15, max: 2e15 }))
    fc.assert(
      fc.property(times, (time) =>
        assert.equal(
          written((writer) => writer.time(time)),
          ` ${time}\n`,
        ),
      ),
    )
  })

  it('writes one second after another without mixing their digits', () => {
    const text = written((writer) => {
      for (const time of [1_700_000_000_000_001, 1_700_000_000_999_999, 1_700_000_001_000_000, 1_700_000_000_000_002])
        writer.time(time)
    })
    assert.equal(text, ' 1700000000000001\n 1700000000999999\n 1700000001000000\n 1700000000000002\n')
  })

  it('writes integers of 64 bits', () => {
    assert.equal(
      written((writer) => writer.integer(-9223372036854775808n)),
      '-9223372036854775808i',
    )
  })
})
