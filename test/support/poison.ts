import type { Settings } from '../connectors/mqtt/harness.ts'

/** The settings of a topic that matter to a message. */
export type Topic = Partial<NonNullable<Settings['topics']>[number]>

function bytes(...parts: (number | number[] | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))))
}

/** CBOR: [shared [ref 0]], a list that holds itself. */
const cycle = bytes(0xd8, 0x1c, 0x81, 0xd8, 0x1d, 0x00)

/** CBOR: seven levels of twenty references each to the level below, 20^7 values when spread out. */
function references(): Buffer {
  let inner = bytes(0xd8, 0x1c, 0x01)
  for (let level = 0; level < 7; level++) {
    const others = Array.from({ length: 19 }, () => [0xd8, 0x1d, level]).flat()
    inner = bytes(0xd8, 0x1c, 0x94, inner, others)
  }
  return inner
}

const head = (major: number, length: number) => {
  const bytes = Buffer.alloc(5)
  bytes[0] = (major << 5) | 26
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** Messages that ended agents, the reason why each is put aside, and how its topic is configured. */
export const poison: [what: string, payload: string | Uint8Array, reason: string, topic?: Topic][] = [
  ['a CBOR date that is none', bytes(0xc0, 0x61, 0x61), 'type', { type: 'number' }],
  ['a CBOR epoch that is a text', bytes(0xc1, 0x61, 0x61), 'malformed'],
  ['a CBOR epoch that is NaN', bytes(0xc1, 0xf9, 0x7e, 0x00), 'malformed'],
  ['a CBOR epoch beyond all dates', bytes(0xc1, 0xfb, 0x7e, 0x37, 0xe4, 0x3c, 0x88, 0x00, 0x75, 0x9c), 'malformed'],
  [
    'a CBOR date as the time of a value',
    bytes(0xa2, 0x62, 0x74, 0x73, 0xc1, 0x61, 0x61, 0x61, 0x76, 0x01),
    'malformed',
  ],
  ['a CBOR cycle of references', cycle, 'malformed'],
  ['CBOR references that multiply', references(), 'oversized'],
  ['a CBOR integer of 250 kB', bytes(0xc2, head(2, 250_000), Buffer.alloc(250_000, 0xff)), 'malformed'],
  ['CBOR tags in tags', bytes(Buffer.alloc(5_000, 0xc1), 0x01), 'oversized', { format: 'cbor' }],
  ['a CBOR set', bytes(0xd9, 0x01, 0x02, 0x81, 0x01), 'malformed'],
  [
    'a CBOR regular expression',
    bytes(0xd8, 0x23, 0x65, Buffer.from('(a+)+')),
    'empty',
    { format: 'cbor', missing: ['(a+)+'], type: 'text', values: 'x' },
  ],
  ['a CBOR record of cbor-x', bytes(0xd9, 0xdf, 0xff, 0x83, 0x81, 0x61, 0x61, 0x19, 0x40, 0x00, 0x01), 'malformed'],
  ['JSON of 5,000 brackets', '['.repeat(5_000) + ']'.repeat(5_000), 'malformed'],
  ['JSON of 200,000 brackets', '['.repeat(200_000) + ']'.repeat(200_000), 'malformed'],
  ['JSON of 100,000 objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'oversized'],
  ['deep JSON in a pair', `[[${'['.repeat(5_000)}1${']'.repeat(5_000)},1]]`, 'malformed'],
  ['deep JSON as a time', `{"ts":${'['.repeat(5_000)}1${']'.repeat(5_000)},"value":1}`, 'time'],
  [
    'one key of 200 kB over 40,000 values',
    `{"${'k'.repeat(200_000)}":[${'{"a":1},'.repeat(40_000)}{"a":1}]}`,
    'unmapped',
  ],
  [
    'one key of 200 kB over 40,000 keys',
    `{"${'k'.repeat(200_000)}":{${Array.from({ length: 40_000 }, (_, i) => `"${i}":1`).join()}}}`,
    'unmapped',
  ],
  ['a plain number of 250,000 digits', '9'.repeat(250_000), 'value', { type: 'integer' }],
  ['a JSON integer of 250,000 digits', `{"value":"${'9'.repeat(250_000)}"}`, 'oversized', { type: 'integer' }],
  ['a JSON integer of 5,000 digits', `{"value":"${'9'.repeat(5_000)}"}`, 'type', { type: 'integer' }],
  ['long runs of digits outside quotes', `{"value":[${'9'.repeat(500_000)}.}`, 'malformed', { type: 'integer' }],
  ['quotes that never end', `{"value":"${'\\"'.repeat(400_000)}`, 'malformed', { type: 'integer' }],
  ['a line of 250,000 digits', `pump x=${'9'.repeat(250_000)}i`, 'malformed', { format: 'line' }],
  [
    'a line whose series has 100 kB',
    `pump,a=${'b'.repeat(100_000)} ${Array.from({ length: 5_000 }, (_, i) => `f${i}=1`).join()}`,
    'unmapped',
    { format: 'line' },
  ],
  ['a text of 900 kB', `"${'a'.repeat(900_000)}"`, 'oversized'],
  ['a name that is half a character', '{"\\ud800":1}', 'unmapped'],
  ['a name with a zero', '{"a\\u0000b":1}', 'unmapped'],
  [
    'a label that speaks of half a character',
    '{"type":"verdict","station":"weld","part":"\\ud800","class":"scratch","by":"Mei"}',
    'malformed',
    { format: 'labels' },
  ],
  [
    'a false alarm in the year 10^300',
    `{"type":"false-alarm","alarm":"m/a/${'9'.repeat(300)}","by":"Mei"}`,
    'malformed',
    { format: 'labels' },
  ],
  ['40,000 labels that are none', `[${'{},'.repeat(40_000)}{}]`, 'malformed', { format: 'labels' }],
  ['__proto__ as a key', '{"__proto__":{"value":1}}', 'empty', { values: 'toString' }],
  ['hexadecimal of 900 kB that is none', '0g'.repeat(450_000), 'malformed', { decode: { from: 'hex', type: 'u16be' } }],
  ['pairs without end', `a=1 ${'='.repeat(400_000)}`, 'oversized', { format: 'pairs' }],
]
