import { StatusCodes } from 'node-opcua-client'
import type { StatusCode } from 'node-opcua-client'

/** When the values of the table come in. */
export const arrival = Date.UTC(2025, 6, 2, 8)

/** A value that a server sends; `at`: its source time after `arrival`, ms; `loss`: the connection is lost then. */
export type Sent = { readonly at: number } & (
  { readonly loss: true } | { readonly dataType: string; readonly value: unknown; readonly status?: StatusCode }
)

/** One kind of value as servers have it, and what must come out of it. */
export interface ValueCase {
  readonly name: string
  /** Where the kind is seen. */
  readonly source: string
  readonly tag?: object
  readonly sent: readonly Sent[]
  /** Samples: tag, value (null for none), ms after `arrival`, quality. */
  readonly samples: readonly (readonly [string, number | string | bigint | null, number, string])[]
  /** Reasons of dead letters. */
  readonly letters?: readonly string[]
}

const five = { at: 0, dataType: 'Double', value: 5 } as const
const held = ['line/a', 5, 0, 'good'] as const
const ended = ['line/a', null, 10, 'bad'] as const
const triple = { dataType: 'Double', value: [1, 2, 3] } as const
const three = (at: number) => [0, 1, 2].map((i) => [`line/a/${i}`, i + 1, at, 'good'] as const)
const none = (at: number, ...elements: readonly number[]) =>
  elements.map((i) => [`line/a/${i}`, null, at, 'bad'] as const)

/** What the tag cannot hold is a dead letter, and a bad sample that ends the value before. */
const unstorable: readonly ValueCase[] = [
  ...[NaN, Infinity, -Infinity].map((value): ValueCase => ({
    name: `${value} with status Good`,
    source: 'Part 6, 5.2.2.3; drives that divide by zero',
    sent: [five, { at: 10, dataType: 'Double', value }],
    samples: [held, ended],
    letters: ['value'],
  })),
  {
    name: 'a text where a number was',
    source: 'variables without a fixed type (BaseDataType)',
    sent: [five, { at: 10, dataType: 'String', value: 'n/a' }],
    samples: [held, ended],
    letters: ['type'],
  },
  {
    name: 'bytes where a number was',
    source: 'variables without a fixed type (BaseDataType)',
    sent: [five, { at: 10, dataType: 'ByteString', value: Buffer.from('x') }],
    samples: [held, ended],
    letters: ['type'],
  },
  {
    name: 'UInt64 beyond 2^63 - 1',
    source: 'counters that start at the maximum',
    tag: { type: 'integer' },
    sent: [
      { at: 0, dataType: 'UInt64', value: [0, 7] },
      { at: 10, dataType: 'UInt64', value: [0x8000_0000, 0] },
    ],
    samples: [['line/a', 7, 0, 'good'], ended],
    letters: ['value'],
  },
  {
    name: 'a text of 70,000 characters',
    source: 'log windows of panels',
    sent: [
      { at: 0, dataType: 'String', value: 'short' },
      { at: 10, dataType: 'String', value: 'x'.repeat(70_000) },
    ],
    samples: [['line/a', 'short', 0, 'good'], ended],
    letters: ['oversized'],
  },
  {
    name: 'one NaN among the elements of an array',
    source: 'analog cards with a broken wire',
    sent: [
      { at: 0, ...triple },
      { at: 10, dataType: 'Double', value: [1, NaN, 3] },
    ],
    samples: [...three(0), ['line/a/0', 1, 10, 'good'], ...none(10, 1), ['line/a/2', 3, 10, 'good']],
    letters: ['value'],
  },
  {
    name: 'an array that has grown beyond the bound',
    source: 'recipes of variable length',
    sent: [
      { at: 0, ...triple },
      { at: 10, dataType: 'Double', value: Array.from({ length: 9 }, () => 4) },
    ],
    samples: [...three(0), ...none(10, 0, 1, 2)],
    letters: ['oversized'],
  },
]

const shapes: readonly ValueCase[] = [
  {
    name: 'an array that becomes shorter',
    source: 'recipes of variable length',
    sent: [
      { at: 0, ...triple },
      { at: 10, dataType: 'Double', value: [4] },
    ],
    samples: [...three(0), ['line/a/0', 4, 10, 'good'], ...none(10, 1, 2)],
  },
  {
    name: 'no value where an array was',
    source: 'BadNoCommunication of gateways comes without a value',
    tag: { type: 'number' },
    sent: [
      { at: 0, ...triple },
      { at: 10, dataType: 'Null', value: null, status: StatusCodes.BadNoCommunication },
    ],
    samples: [...three(0), ...none(10, 0, 1, 2)],
  },
  {
    name: 'an array where a scalar was',
    source: 'a program that was changed',
    sent: [five, { at: 10, dataType: 'Double', value: [1] }],
    samples: [held, ended, ['line/a/0', 1, 10, 'good']],
  },
]

const times: readonly ValueCase[] = [
  ...['1601-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map((day): ValueCase => ({
    name: `DateTime ${day}`,
    source: 'Part 6, 5.2.2.5: 0 and the maximum stand for none',
    sent: [
      { at: 0, dataType: 'DateTime', value: new Date(arrival) },
      { at: 10, dataType: 'DateTime', value: new Date(day) },
    ],
    samples: [['line/a', arrival, 0, 'good'], ended],
  })),
  {
    name: 'DateTime 0 as text',
    source: 'Part 6, 5.2.2.5',
    tag: { type: 'text' },
    sent: [{ at: 10, dataType: 'DateTime', value: new Date('1601-01-01T00:00:00Z') }],
    samples: [['line/a', null, 10, 'bad']],
  },
]

const again: readonly (readonly [string, unknown, number | string])[] = [
  ['Int64', [0, 7], 7],
  ['DateTime', new Date(arrival), arrival],
  ['LocalizedText', { text: 'on', locale: 'en' }, 'on'],
]

/** What is sent again is stored once, and holds again after a loss. */
const repeated: readonly ValueCase[] = [
  ...again.map(([dataType, value, becomes]): ValueCase => ({
    name: `the same ${dataType} again`,
    source: 'servers that send all values again after a resume',
    sent: [
      { at: 0, dataType, value },
      { at: 0, dataType, value: Array.isArray(value) ? [...(value as number[])] : structuredClone(value) },
    ],
    samples: [['line/a', becomes, 0, 'good']],
  })),
  {
    name: 'the same array again',
    source: 'servers that send all values again after a resume',
    sent: [
      { at: 0, ...triple },
      { at: 0, dataType: 'Double', value: [1, 2, 3] },
    ],
    samples: three(0),
  },
  {
    name: 'the same waveform again after a loss',
    source: 'servers that send all values again after a resume',
    tag: { rate: 1_000 },
    sent: [
      { at: 0, dataType: 'Double', value: [1, 2] },
      { at: 20, loss: true },
      { at: 0, dataType: 'Double', value: [1, 2] },
    ],
    samples: [
      ['line/a', 1, -1, 'good'],
      ['line/a', 2, 0, 'good'],
      ['line/a', null, 20, 'bad'],
    ],
  },
  {
    name: 'an array that does not change over an outage',
    source: 'set points',
    sent: [
      { at: 0, ...triple },
      { at: 20, loss: true },
      { at: 0, dataType: 'Double', value: [1, 2, 3] },
    ],
    samples: [...three(0), ...none(20, 0, 1, 2), ...three(30)],
  },
]

/** Values as servers send them. */
export const values = [...unstorable, ...shapes, ...times, ...repeated]
