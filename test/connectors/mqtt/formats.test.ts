import assert from 'node:assert/strict'
import { encode } from 'cbor-x'
import fc from 'fast-check'
import { BatchBuilder, type DeadLetter, TagTable, type TagType, TimeReader } from '../../../agent/core/index.ts'
import { Collector } from '../../../connectors/mqtt/collect.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { Router } from '../../../connectors/mqtt/routes.ts'
import { rowsOf, type Settings } from './harness.ts'

type Topic = Partial<NonNullable<Settings['topics']>[number]>
type Payload = string | Uint8Array

const arrival = Date.UTC(2026, 0, 15, 12)
const ts = arrival - 5_000
const ns = BigInt(ts) * 1_000_000n

/** Decodes payloads of one topic, in order; rows as `[tag after "t", ms after arrival, value, quality]`. */
function decode(topic: Topic, payloads: readonly Payload[], known: Record<string, TagType> = {}, name = 'plant/a/b') {
  const tags = new TagTable()
  for (const [tag, type] of Object.entries(known)) tags.resolve({ name: tag, type })
  const entry = { filter: 'plant/+/+', tag: 't', ...topic }
  const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [entry], max_payload: '10kB' })
  const router = new Router(settings, tags, 'plant')
  const builder = new BatchBuilder('plant')
  const collector = new Collector(builder, 'plant', settings)
  for (const payload of payloads) {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)
    const route = router.find(Buffer.from(name).toString('latin1'))
    assert.ok(route)
    // Not at the start of the buffer, as in a chunk from the socket.
    const chunk = Buffer.concat([Buffer.from('{"x":1}'), bytes, Buffer.from('}')])
    collector.message(route, chunk, 7, 7 + bytes.length, bytes.length, arrival, false)
  }
  const batch = builder.take(arrival)
  const rows = rowsOf({ batch }, tags).map(({ tag, time, value, quality }) => [
    tag.replace(/^t\/?/, ''),
    time - arrival,
    value,
    quality,
  ])
  return { rows, letters: collector.letters as DeadLetter[], tags, repaired: collector.takeClock().repaired, batch }
}

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

  const deep = '{"a":'.repeat(200) + '1' + '}'.repeat(200)
  const bad: [what: string, topic: Topic, payload: Payload, reason: string, detail: RegExp][] = [
    ['an empty payload', {}, '', 'empty', /an empty payload/],
    ['blanks', {}, ' \n', 'empty', /blanks/],
    ['an empty object', {}, '{}', 'empty', /no value/],
    ['an empty list', {}, '[]', 'empty', /empty list/],
    ['half a JSON object', {}, '{"ts":17', 'malformed', /not JSON/],
    ['JSON with a comma too many', {}, '{"value":1,}', 'malformed', /not JSON/],
    ['a leading zero', {}, '{"value":01}', 'malformed', /not JSON/],
    ['text as JSON', { format: 'json' }, 'running', 'malformed', /not JSON/],
    ['text as number', { format: 'number' }, '12,5', 'malformed', /"12,5" is no number/],
    ['numbers without a rate', {}, '[1,2,3]', 'malformed', /no rate/],
    ['an impossible rate', {}, '{"rate":-5,"value":[1,2]}', 'malformed', /rate -5/],
    ['a list of texts', {}, '["a","b"]', 'malformed', /neither \[time, value\]/],
    ['bytes that are no text', { format: 'text' }, Uint8Array.of(0xc3, 0x28), 'malformed', /UTF-8/],
    ['half a CBOR map', { format: 'cbor' }, Uint8Array.of(0xa2, 0x01), 'malformed', /not CBOR: it ends too early/],
    [
      'a CBOR list that claims 2^32 items',
      {},
      Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff),
      'malformed',
      /ends too early/,
    ],
    ['CBOR with bytes left over', { format: 'cbor' }, Uint8Array.of(1, 2), 'malformed', /1 bytes too many/],
    ['CBOR bytes', { format: 'cbor' }, encode({ value: Buffer.from('ab') }), 'malformed', /bytes/],
    ['a line without fields', { format: 'line' }, 'pump', 'malformed', /line protocol/],
    ['a line with a bad value', { format: 'line' }, 'pump x=abc', 'malformed', /"abc" is no value/],
    ['a line with a bad time', { format: 'line' }, 'pump x=1 soon', 'time', /"soon" is no time/],
    ['a large payload', {}, 'a'.repeat(10_001), 'oversized', /10001 bytes; at most 10000/],
    ['deep JSON', {}, deep, 'oversized', /deeper than 8/],
    ['lists of lists of lists', {}, '['.repeat(200) + ']'.repeat(200), 'malformed', /is not \[time, value\]/],
    ['deep CBOR', {}, new Uint8Array(5_000).fill(0x81), 'oversized', /deeper than 8/],
    ['an integer beyond 64 bits', { type: 'integer' }, '9223372036854775808', 'value', /does not fit/],
    ['a word as time', {}, '{"ts":"yesterday","value":1}', 'time', /"yesterday" is no time/],
    ['30 February', {}, '{"ts":"2026-02-30T00:00:00Z","value":1}', 'time', /is no time/],
    ['a time that is an object', {}, '{"ts":{},"value":1}', 'time', /is no time/],
    [
      'a fraction where the configuration says integer',
      { type: 'integer' },
      '1.5',
      'type',
      /t is configured as integer; this is 1.5/,
    ],
    ['a text where it says number', { type: 'number' }, '"open"', 'type', /configured as number; this is "open"/],
    ['no field for {field}', { tag: '{field}' }, '5', 'unmapped', /names something that topic and payload do not hold/],
    ['an endless name', {}, `{"${'n'.repeat(600)}":1}`, 'unmapped', /a key of 600 characters/],
  ]
  for (const [what, topic, payload, reason, detail] of bad) {
    it(`puts ${what} aside as ${reason}`, () => {
      const { rows, letters, tags } = decode(topic, [payload])
      assert.deepEqual(rows, [])
      assert.equal(letters.length, 1)
      assert.equal(letters[0].reason, reason)
      assert.match(letters[0].detail, detail)
      assert.equal(letters[0].origin, 'plant')
      assert.match(letters[0].subject, /^plant\/a\/b/)
      const bytes = Buffer.from(payload as string)
      assert.equal(letters[0].size, bytes.length)
      assert.deepEqual(Buffer.from(letters[0].payload), bytes)
      assert.equal(tags.size, 0)
    })
  }

  it('puts a value of another type than the first aside, and keeps the others', () => {
    const { rows, letters } = decode({}, [
      '{"a":1,"b":true,"c":"x"}',
      '{"a":"x","b":1,"c":2}',
      '{"a":2,"b":false,"c":"y"}',
    ])
    assert.deepEqual(
      rows.map(([tag, , value]) => [tag, value]),
      [
        ['a', 1],
        ['b', 1],
        ['c', 'x'],
        ['a', 2],
        ['b', 0],
        ['c', 'y'],
      ],
    )
    assert.deepEqual(
      letters.map(({ reason, subject, detail }) => [reason, subject, detail.split('; if')[0]]),
      [
        ['type', 'plant/a/b a', 't/a is number; this is "x"'],
        ['type', 'plant/a/b b', 't/b is boolean; this is 1'],
        ['type', 'plant/a/b c', 't/c is text; this is 2'],
      ],
    )
  })

  it('holds to the type a tag had before the agent was started', () => {
    const { rows, letters } = decode({}, ['"open"'], { t: 'number' })
    assert.deepEqual(rows, [])
    assert.match(letters[0].detail, /^t is number; this is "open"; if .* millwright tags retype t text$/)
  })

  it('counts a list of wrong values as one letter of many rows', () => {
    const { letters } = decode({}, ['1', `[${Array.from({ length: 50 }, () => `[${ts},"x"]`).join()}]`])
    assert.deepEqual(
      letters.map(({ rows }) => rows),
      [50],
    )
  })

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

  it('makes no more tags than max_tags', () => {
    const tags = new TagTable()
    const topics = [{ filter: '#' }]
    const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics, max_tags: 10 })
    const router = new Router(settings, tags, 'plant')
    const collector = new Collector(new BatchBuilder('plant'), 'plant', settings)
    const bytes = Buffer.from('1')
    for (let i = 0; i < 1_000; i++) {
      collector.message(router.find(`t/${i}`)!, bytes, 0, 1, 1, arrival, false)
    }
    assert.equal(tags.size, 10)
    assert.equal(collector.letters.length, 990)
    assert.match(collector.letters[0].detail, /max_tags/)
  })

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
