import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TimeReader } from '../../../../agent/core/index.ts'

describe('connectors/mqtt times', () => {
  const readTime = (raw: unknown, unit: 'auto') => new TimeReader({ unit }).read(raw)

  const date = fc.date({ min: new Date('2000-01-02'), max: new Date('2199-12-31'), noInvalidDate: true })

  it('tells s, ms, µs and ns by magnitude', () => {
    fc.assert(
      fc.property(date, (value) => {
        const time = value.getTime()
        assert.equal(readTime(time / 1_000, 'auto'), (time / 1_000) * 1_000)
        assert.equal(readTime(time, 'auto'), time)
        assert.equal(readTime(time * 1_000, 'auto'), time)
        assert.ok(Math.abs(readTime(BigInt(time) * 1_000_000n, 'auto')! - time) < 0.001)
        assert.equal(readTime(String(time), 'auto'), time)
      }),
    )
  })

  it('keeps microseconds', () => {
    fc.assert(
      fc.property(date, fc.nat(999), (value, micros) => {
        const time = value.getTime()
        const wanted = time + micros / 1_000
        const iso = value.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)
        for (const raw of [time * 1_000 + micros, BigInt(time) * 1_000_000n + BigInt(micros) * 1_000n, iso]) {
          assert.ok(Math.abs(readTime(raw, 'auto')! - wanted) < 0.0005, String(raw))
        }
      }),
    )
  })

  it('reads ISO times as Date does', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -14 * 60, max: 14 * 60 }), (value, offset) => {
        const sign = offset < 0 ? '-' : '+'
        const zone = `${sign}${[Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60].map((part) => String(part).padStart(2, '0')).join(':')}`
        const text = value.toISOString().replace('Z', zone)
        assert.equal(readTime(text, 'auto'), Date.parse(text))
      }),
    )
  })
})
