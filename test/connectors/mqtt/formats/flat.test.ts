import assert from 'node:assert/strict'
import fc from 'fast-check'

import { decode } from './decode.ts'

describe('connectors/mqtt formats: JSON by the short way', () => {
  it('reads flat objects by the short way exactly as JSON.parse does', () => {
    const scalar = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.boolean(),
    )
    const key = fc.oneof(
      fc.constantFrom('value', 'ts', 'time', 'quality', 'rate', 'id', 'values'),
      fc.string({ maxLength: 6 }),
    )
    const other = fc.oneof(scalar, fc.string({ maxLength: 10 }), fc.constant(null), fc.constant('good'))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, other), { maxLength: 5 }), scalar, fc.nat(3), (pairs, value, space) => {
        const text = JSON.stringify(Object.fromEntries([...pairs, ['value', value]]), null, space)
        // A key with an escape is never read by the short way.
        const [short, long] = [decode({}, [text]), decode({}, [`{"\\u007az":0,${text.slice(1)}`])]
        assert.deepEqual(short.rows, long.rows)
        assert.deepEqual(
          short.letters.map((letter) => letter.reason),
          long.letters.map((letter) => letter.reason),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('takes no payload for JSON that JSON.parse refuses', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"value"',
      '"ts"',
      ':',
      ',',
      '1',
      '-',
      '.',
      '0',
      'e',
      'true',
      'null',
      ' ',
      '"',
      '\\',
      '\t',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = `{"value"${parts.join('')}`
        const { rows } = decode({ format: 'json' }, [text])
        if (rows.length > 0) assert.doesNotThrow(() => JSON.parse(text) as unknown)
      }),
      { numRuns: 2_000 },
    )
  })
})
