import assert from 'node:assert/strict'
import { encode } from 'cbor-x'
import { BatchBuilder, TagTable } from '../../../../agent/core/index.ts'
import { Collector } from '../../../../connectors/mqtt/collect.ts'
import { mqtt } from '../../../../connectors/mqtt/index.ts'
import { Router } from '../../../../connectors/mqtt/routes.ts'

import { arrival, decode, type Payload, type Topic, ts } from './decode.ts'

describe('connectors/mqtt formats: what is put aside', () => {
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
})
