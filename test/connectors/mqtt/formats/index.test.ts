import assert from 'node:assert/strict'
import { encode } from 'cbor-x'
import fc from 'fast-check'

import { arrival, decode, ns, type Payload, type Topic, ts } from './decode.ts'

describe('connectors/mqtt formats', () => {
  const good: [what: string, topic: Topic, payload: Payload, rows: unknown[][]][] = [
    ['a plain number', {}, '12.5', [['', 0, 12.5, 0]]],
    ['a plain number with an exponent', {}, ' -1.5e3 ', [['', 0, -1500, 0]]],
    ['a plain boolean', {}, 'true', [['', 0, 1, 0]]],
    ['a plain text', {}, 'running', [['', 0, 'running', 0]]],
    ['a quoted text', {}, '"running"', [['', 0, 'running', 0]]],
    ['{ts, value}', {}, `{"ts":${ts},"value":1.5}`, [['', -5000, 1.5, 0]]],
    ['{value} without a time', {}, '{"value":1.5}', [['', 0, 1.5, 0]]],
    [
      'other keys beside value',
      {},
      `{"id":7,"unit":"bar","ts":${ts},"value":-0.25,"ok":true}`,
      [['', -5000, -0.25, 0]],
    ],
    ['nested other keys beside value', {}, `{"meta":{"a":1},"ts":${ts},"value":2}`, [['', -5000, 2, 0]]],
    ['a boolean value', {}, `{"ts":${ts},"value":false}`, [['', -5000, 0, 0]]],
    ['a text value', {}, `{"ts":${ts},"value":"open"}`, [['', -5000, 'open', 0]]],
    ['a quality', {}, `{"ts":${ts},"value":1,"quality":"Uncertain"}`, [['', -5000, 1, 1]]],
    ['an OPC UA status code', {}, `{"ts":${ts},"value":1,"quality":2147483648}`, [['', -5000, 1, 2]]],
    [
      'an object of values',
      {},
      `{"temperature":1,"vibration":2,"ts":${ts}}`,
      [
        ['temperature', -5000, 1, 0],
        ['vibration', -5000, 2, 0],
      ],
    ],
    [
      'nested objects',
      {},
      `{"ts":${ts},"motor":{"speed":3,"winding":{"temperature":4}}}`,
      [
        ['motor/speed', -5000, 3, 0],
        ['motor/winding/temperature', -5000, 4, 0],
      ],
    ],
    [
      'a value with its own time in an object',
      {},
      `{"speed":{"ts":${ts},"value":3},"load":4}`,
      [
        ['speed', -5000, 3, 0],
        ['load', 0, 4, 0],
      ],
    ],
    [
      '{ts, values: {...}}',
      {},
      `{"ts":${ts},"values":{"a":1,"b":2}}`,
      [
        ['a', -5000, 1, 0],
        ['b', -5000, 2, 0],
      ],
    ],
    [
      'a list of [ts, value]',
      {},
      `[[${ts},1],[${ts + 1},2,"bad"]]`,
      [
        ['', -5000, 1, 0],
        ['', -4999, 2, 2],
      ],
    ],
    [
      'a list of {ts, value}',
      {},
      `[{"ts":${ts},"value":1},{"ts":${ts + 1},"value":2}]`,
      [
        ['', -5000, 1, 0],
        ['', -4999, 2, 0],
      ],
    ],
    [
      'a list of objects of values',
      {},
      `[{"ts":${ts},"a":1},{"ts":${ts + 1},"a":2}]`,
      [
        ['a', -5000, 1, 0],
        ['a', -4999, 2, 0],
      ],
    ],
    [
      'lists by name',
      {},
      `{"a":[[${ts},1]],"b":[[${ts},2]]}`,
      [
        ['a', -5000, 1, 0],
        ['b', -5000, 2, 0],
      ],
    ],
    [
      'a waveform',
      {},
      `{"ts":${ts},"rate":500,"value":[1,2,3]}`,
      [
        ['', -5000, 1, 0],
        ['', -4998, 2, 0],
        ['', -4996, 3, 0],
      ],
    ],
    [
      'a waveform without a time ends now',
      {},
      '{"rate":500,"value":[1,2,3]}',
      [
        ['', -4, 1, 0],
        ['', -2, 2, 0],
        ['', 0, 3, 0],
      ],
    ],
    [
      'a waveform by name, with a configured rate',
      { rate: 1000 },
      `{"ts":${ts},"x":[1,2],"y":[3,4]}`,
      [
        ['x', -5000, 1, 0],
        ['x', -4999, 2, 0],
        ['y', -5000, 3, 0],
        ['y', -4999, 4, 0],
      ],
    ],
    ['a rate that is a value', {}, `{"ts":${ts},"rate":500}`, [['rate', -5000, 500, 0]]],
    [
      'a configured path',
      { values: 'data.0.v', time: { field: 'data.0.t' } },
      `{"data":[{"v":5,"t":${ts}}]}`,
      [['', -5000, 5, 0]],
    ],
    [
      'configured paths',
      { values: { speed: 'm.s', load: 'm.l', gone: 'm.x' } },
      `{"ts":${ts},"m":{"s":1,"l":2,"z":3}}`,
      [
        ['speed', -5000, 1, 0],
        ['load', -5000, 2, 0],
      ],
    ],
    [
      '{field} in the tag',
      { tag: '{2}/{field}/{1}' },
      `{"ts":${ts},"value":1,"x":2}`,
      [
        ['b/value/a', -5000, 1, 0],
        ['b/x/a', -5000, 2, 0],
      ],
    ],
    ['the topic as tag', { tag: '{topic}' }, '1', [['plant/a/b', 0, 1, 0]]],
    ['the rest of the topic', { filter: 'plant/#', tag: '{#}' }, '1', [['a/b', 0, 1, 0]]],
    ['a shared subscription', { filter: '$share/g/plant/+/+', tag: '{2}' }, '1', [['b', 0, 1, 0]]],
    [
      'another time field',
      { time: { field: 'when', unit: 's' } },
      `{"when":${ts / 1000},"ts":7,"value":1}`,
      [['', -5000, 1, 0]],
    ],
    ['arrival as time', { time: 'arrival' }, `{"ts":${ts},"value":1}`, [['', 0, 1, 0]]],
    ['a time in µs keeps its fraction', {}, `{"ts":${ts}125.0,"value":1}`, [['', -4999.875, 1, 0]]],
    ['a time in ns', {}, `{"ts":${ns + 250_000n},"value":1}`, [['', -4999.75, 1, 0]]],
    ['an ISO time', {}, '{"ts":"2026-01-15T11:59:55.250Z","value":1}', [['', -4750, 1, 0]]],
    ['an ISO time with a zone', {}, '{"time":"2026-01-15T19:59:55+08:00","value":1}', [['', -5000, 1, 0]]],
    ['a text where the configuration says number', { type: 'number' }, '{"value":"12.5"}', [['', 0, 12.5, 0]]],
    ['0 and 1 where it says boolean', { type: 'boolean' }, '1', [['', 0, 1, 0]]],
    ['a word where it says boolean', { type: 'boolean' }, '"OFF"', [['', 0, 0, 0]]],
    ['a number where it says text', { type: 'text' }, '17', [['', 0, '17', 0]]],
    ['the text NaN where it says text', { type: 'text', format: 'text' }, 'NaN', [['', 0, 'NaN', 0]]],
    ['a boolean where it says number', { type: 'number' }, '{"value":true}', [['', 0, 1, 0]]],
    [
      'a 64-bit integer in JSON',
      { type: 'integer' },
      `{"ts":${ns},"value":-9007199254740993}`,
      [['', -5000, -9007199254740993n, 0]],
    ],
    ['a plain 64-bit integer', { type: 'integer' }, '9223372036854775807', [['', 0, 9223372036854775807n, 0]]],
    ['the format number', { format: 'number' }, '-7', [['', 0, -7, 0]]],
    ['the format text', { format: 'text' }, '12.5', [['', 0, '12.5', 0]]],
    [
      'line protocol',
      {},
      `pump,line=3,id=p7 speed=1.5,count=3i,on=t,state="a b" ${ns}`,
      [
        ['pump/3/p7/speed', -5000, 1.5, 0],
        ['pump/3/p7/count', -5000, 3, 0],
        ['pump/3/p7/on', -5000, 1, 0],
        ['pump/3/p7/state', -5000, 'a b', 0],
      ],
    ],
    [
      'several points, escapes, a comment and no time',
      { format: 'line' },
      '# c\nm\\ 1,a=b\\,c x=1\nm\\ 1 y="q\\"u,o t"\n',
      [
        ['m 1/b,c/x', 0, 1, 0],
        ['m 1/y', 0, 'q"u,o t', 0],
      ],
    ],
    [
      'line protocol named by its tags',
      { tag: '{tag.line}/{measurement}/{field}' },
      `pump,line=3 speed=1 ${ns}`,
      [['3/pump/speed', -5000, 1, 0]],
    ],
    ['CBOR', {}, encode({ ts, value: 1.5 }), [['', -5000, 1.5, 0]]],
    [
      'CBOR with a date and names',
      {},
      encode({ ts: new Date(ts), a: 1, b: { c: true } }),
      [
        ['a', -5000, 1, 0],
        ['b/c', -5000, 1, 0],
      ],
    ],
    ['CBOR with a 64-bit integer', {}, encode({ ts, value: 9007199254740993n }), [['', -5000, 9007199254740993n, 0]]],
    [
      'CBOR with a typed array',
      {},
      encode({ ts, rate: 1000, value: Float32Array.of(1, 2) }),
      [
        ['', -5000, 1, 0],
        ['', -4999, 2, 0],
      ],
    ],
    ['null for a new tag', {}, '{"value":null}', [['', 0, NaN, 2]]],
    ['a line with NaN', {}, 'pump x=NaN', [['pump/x', 0, NaN, 2]]],
    ['NaN as text', {}, 'NaN', [['', 0, NaN, 2]]],
    ['Infinity in JSON', {}, '{"value":"-Infinity"}', [['', 0, NaN, 2]]],
    ['an infinite number', {}, '{"value":1e999}', [['', 0, NaN, 2]]],
    ['a CBOR number', { format: 'cbor' }, encode(12.5), [['', 0, 12.5, 0]]],
  ]
  for (const [what, topic, payload, rows] of good) {
    it(`reads ${what}`, () => {
      const result = decode(topic, [payload])
      assert.deepEqual(result.rows, rows)
      assert.deepEqual(result.letters, [])
    })
  }

  it('makes null a bad sample of a tag that is known', () => {
    const { rows } = decode({}, ['{"value":1}', `{"ts":${ts},"value":null}`])
    assert.deepEqual(rows, [
      ['', 0, 1, 0],
      ['', -5000, Number.NaN, 2],
    ])
  })

  it('takes the arrival for a time that is absent or absurd, and counts it', () => {
    const times = [Date.UTC(1601, 0), Date.UTC(2200, 0), 0, Date.UTC(1999, 11, 31), arrival + 86_400_001]
    const { rows, repaired } = decode({}, [...times.map((time) => `{"ts":${time},"value":1}`), '1'])
    // One microsecond apart, so that each is a point of its own.
    assert.deepEqual(
      rows.map(([, time]) => Math.round(Number(time) * 1_000)),
      [0, 1, 2, 3, 4, 5],
    )
    assert.equal(repaired, 6)
  })

  it('accounts for every payload and never throws', () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.jsonValue().map((value) => encode(value)),
    )
    fc.assert(
      fc.property(payload, fc.constantFrom('auto', 'json', 'number', 'text', 'line', 'cbor'), (bytes, format) => {
        const { rows, letters } = decode({ format }, [bytes])
        assert.ok(rows.length + letters.length > 0)
        for (const [, time] of rows) assert.ok(Number.isFinite(time))
      }),
      { numRuns: 1_000 },
    )
  })
})
