import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeMeta, encodeMeta } from '../../agent/journal/meta.ts'

const column = fc.float64Array({ maxLength: 200 })
const steady = fc
  .record({ start: fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 }), length: fc.nat(2_000) })
  .map(({ start, length }) => Float64Array.from({ length }, (_, row) => start + row * 100))

describe('journal codec: cursors with their state', () => {
  it('gives every typed array back, to the bit, at any depth', () => {
    const plain = { noNullPrototype: true }
    const role = fc.record({ time: fc.oneof(column, steady), closed: fc.uint8Array(), rows: fc.nat() }, plain)
    const state = fc.record({ name: fc.string(), absent: fc.constant(null), roles: fc.array(role) }, plain)
    fc.assert(fc.property(state, (value) => assert.deepEqual(decodeMeta(encodeMeta(value)), value)))
  })

  it('takes a quarter of the bytes of a column of times, or less', () => {
    const time = Float64Array.from({ length: 10_000 }, (_, row) => 1_700_000_000_000 + row * 100 + (row % 7))
    const { length } = encodeMeta({ time })
    assert.ok(length < time.byteLength / 4, `${length} bytes`)
  })

  it('throws where a byte was changed', () => {
    const bytes = encodeMeta({ time: new Float64Array(100) })
    bytes[bytes.length - 1] ^= 1
    assert.throws(() => decodeMeta(bytes), /checksum/)
  })
})
