import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Batch, DeadLetter, JournalRecord, Prediction } from '../../agent/core/index.ts'
import { BatchBuilder, emptyBatch } from '../../agent/core/index.ts'
import { ByteWriter } from '../../agent/journal/bytes.ts'
import { readHeader, readRecord, seal, writeRecord } from '../../agent/journal/codec.ts'

function encode(record: JournalRecord, rowsBefore = 0, arrival = 1.7e12): Uint8Array {
  const writer = new ByteWriter(8)
  writer.text('what is in the buffer before')
  const start = writer.length
  writeRecord(writer, record, record.kind === 'samples' ? record.batch.arrival : arrival)
  const bytes = writer.bytes.slice(start, writer.length)
  seal(bytes, rowsBefore)
  return bytes
}

/** Bit for bit, so that -0 is not 0; only the payload of a NaN may differ. */
function same(actual: Float64Array, expected: Float64Array): void {
  assert.equal(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) assert.fail(`row ${i}: ${actual[i]} instead of ${expected[i]}`)
  }
}

function roundTrip(batch: Batch, origin?: number): Uint8Array {
  const record: JournalRecord = { kind: 'samples', batch, ...(origin !== undefined && { origin }) }
  const bytes = encode(record)
  const back = readRecord(bytes)
  assert.ok(back?.kind === 'samples')
  assert.equal(back.origin, origin)
  assert.equal('origin' in back, origin !== undefined)
  const { time, value, ...rest } = back.batch
  same(time, batch.time)
  same(value, batch.value)
  const { time: _time, value: _value, ...expected } = batch
  assert.deepEqual(rest, expected)
  return bytes
}

const size = { maxLength: 300 }
const unusual = fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53), 2 ** 51)
const values = fc.oneof(
  fc.double(),
  fc.float(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -99_999, max: 99_999 }).map((integer) => integer / 100),
  fc.integer({ min: -99_999, max: 99_999 }).map((integer) => Math.fround(integer / 100)),
  unusual,
)
const times = fc.oneof(
  fc.integer({ min: 1.6e12, max: 1.9e12 }),
  fc.integer({ min: 1.6e15, max: 1.9e15 }).map((micros) => micros / 1000),
  fc.double({ min: 1.6e12, max: 1.9e12 }),
  fc.double(),
  unusual,
)
const quality = fc.constantFrom(0, 0, 0, 1, 2)

/** Batches in which one kind of value or time prevails, as it does in a plant, or all are mixed. */
const batches = fc
  .record({
    value: fc.oneof(fc.constant(values), fc.constantFrom(fc.double(), fc.float(), fc.integer(), fc.maxSafeInteger())),
    time: fc.oneof(fc.constant(times), fc.constant(fc.integer({ min: 1.7e12, max: 1.7e12 + 1e6 }))),
    tag: fc.constantFrom(fc.constant(7), fc.nat(3), fc.nat(5000), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    arrival: fc.oneof(fc.integer({ min: 1.6e12, max: 1.9e12 }), fc.double({ noNaN: true })),
    source: fc.string(),
  })
  .chain(({ value, time, tag, arrival, source }) =>
    fc.array(fc.tuple(tag, time, value, quality), size).map((rows): Batch => ({
      length: rows.length,
      tag: Uint32Array.from(rows, (row) => row[0]),
      time: Float64Array.from(rows, (row) => row[1]),
      value: Float64Array.from(rows, (row) => row[2]),
      quality: Uint8Array.from(rows, (row) => row[3]),
      source,
      arrival,
    })),
  )

describe('journal codec: samples', () => {
  it('gives every batch back exactly', () => {
    fc.assert(
      fc.property(
        batches,
        fc.option(fc.integer({ min: 0, max: 2 ** 50 }), { nil: undefined }),
        (batch, origin) => void roundTrip(batch, origin),
      ),
      { numRuns: 500 },
    )
  })

  it('gives texts back, whatever is in them', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(texts, (list) => {
        const builder = new BatchBuilder('plc')
        list.forEach((text, i) => builder.addText(i % 3, 1.7e12 + i, text, 0))
        roundTrip(builder.take(1.7e12))
      }),
    )
  })

  it('gives 64-bit integers back exactly', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), size), (list) => {
        const builder = new BatchBuilder('plc')
        list.forEach((integer, i) => builder.addInteger(i % 2, 1.7e12 + i, integer, 0))
        roundTrip(builder.take(1.7e12))
      }),
    )
  })

  it('gives waveform times with fractions of a ms back exactly, in few bytes', () => {
    for (const rate of [25_600, 12_800, 44_100, 1000 / 0.3, 51_200]) {
      const builder = new BatchBuilder('daq')
      for (let i = 0; i < 4096; i++)
        builder.add(3, 1_700_000_000_123.4567 + (i * 1000) / rate, Math.round(1e3 * Math.sin(i / 9)) / 1e3, 0)
      const bytes = roundTrip(builder.take(1_700_000_000_500))
      assert.ok(bytes.length < 4096 * 2.5, `${bytes.length / 4096} bytes a sample`)
    }
  })

  it('gives disordered and repeated times back in their order', () => {
    const builder = new BatchBuilder('late')
    for (let i = 0; i < 1000; i++) builder.add(i % 7, 1.7e12 + ((i * 7919) % 1000) * 1000, i, 0)
    roundTrip(builder.take(1.7e12))
  })

  it('mixes times of 1601, today and 2200 in one batch', () => {
    const builder = new BatchBuilder('clocks')
    for (const time of [-11_644_473_600_000, 1_763_900_000_123.25, 7_258_118_400_000, 0, -0, 1e300, NaN])
      builder.add(1, time, 1, 0)
    roundTrip(builder.take(1.7e12))
    const plausible = new BatchBuilder('clocks')
    for (const time of [-11_644_473_600_000, 1_763_900_000_123, 7_258_118_400_000]) plausible.add(1, time, 1, 0)
    roundTrip(plausible.take(NaN))
  })

  it('keeps single NaNs, infinities and -0 cheap among decimals', () => {
    const builder = new BatchBuilder('gaps')
    for (let i = 0; i < 1000; i++)
      builder.add(1, 1.7e12 + i * 100, i % 50 === 7 ? [NaN, -0, Infinity][i % 3] : 20 + (i % 10) / 10, 0)
    assert.ok(roundTrip(builder.take(1.7e12)).length < 1000)
  })

  it('takes under 2 bytes for a decimal sample of 100 tags at 10 Hz', () => {
    const builder = new BatchBuilder('plant')
    for (let i = 0; i < 1000; i++)
      builder.add(i % 100, 1.7e12 + Math.floor(i / 100) * 100, Math.round(2000 + 30 * Math.sin(i * 1.7)) / 100, 0)
    assert.ok(roundTrip(builder.take(1.7e12)).length < 2000)
  })

  it('keeps a tick: an empty batch', () => {
    roundTrip(emptyBatch('clock', 1_700_000_000_000), 5)
  })
})

const given = fc.double({ noNaN: true })

const predictions: fc.Arbitrary<Prediction[]> = fc.array(
  fc.record(
    {
      time: times,
      asset: fc.constantFrom('line1/pump1', 'line1/pump2', 'Förderband ☂'),
      monitor: fc.string(),
      kind: fc.constantFrom('anomaly', 'fault', 'rul', 'estimate'),
      score: values,
      threshold: values,
      state: fc.constantFrom('normal', 'anomaly', 'unknown', 'learning'),
      coverage: fc.double({ min: 0, max: 1 }),
      revision: fc.integer({ min: 1, max: 65_535 }),
      model: fc.constantFrom('', '2026-01-01T00-00-00'),
      contributions: fc.dictionary(fc.constantFrom('vibration', 'temperature', 'flow', 'a', 'b'), values, {
        noNullPrototype: true,
      }),
      value: given,
      lower: given,
      upper: given,
      probability: given,
      label: fc.constantFrom('normal', 'bearing', 'Unwucht ☂'),
    },
    {
      noNullPrototype: true,
      requiredKeys: [
        'time',
        'asset',
        'monitor',
        'kind',
        'score',
        'threshold',
        'state',
        'coverage',
        'revision',
        'model',
        'contributions',
      ],
    },
  ),
  { maxLength: 60 },
)

describe('journal codec: what else there is', () => {
  it('gives predictions back exactly, contributions in their order', () => {
    fc.assert(
      fc.property(predictions, (list) => {
        const back = readRecord(encode({ kind: 'predictions', predictions: list, origin: 12 }))
        assert.ok(back?.kind === 'predictions')
        assert.equal(back.origin, 12)
        assert.deepEqual(back.predictions, list)
        const order = (some: readonly Prediction[]): string[][] => some.map((each) => Object.keys(each.contributions))
        assert.deepEqual(order(back.predictions), order(list))
      }),
      { numRuns: 300 },
    )
  })

  it('gives events and dead letters back', () => {
    const letter: DeadLetter = {
      time: 1.7e12,
      origin: 'plant-mqtt',
      reason: 'malformed',
      detail: 'not JSON',
      subject: 'plant/a',
      rows: 3,
      payload: Uint8Array.of(0, 1, 255),
      size: 10_000,
    }
    const gap = { type: 'gap', time: 1, source: 'plc', from: 1.5, to: 2.25, detail: 'ü' } as const
    const records: JournalRecord[] = [
      { kind: 'dead', letter },
      { kind: 'event', event: gap, arrival: 1.7e12 },
      { kind: 'event', event: gap, arrival: 1.7e12, origin: 0 },
      { kind: 'event', event: gap, arrival: 1.7e12, origin: 2 ** 40 },
    ]
    for (const record of records) assert.deepEqual(readRecord(encode(record)), record)
  })

  it('keeps the rows before it, far beyond 32 bits', () => {
    const bytes = encode({ kind: 'samples', batch: emptyBatch('a', 99.5) }, 2 ** 45 + 3)
    assert.deepEqual(readHeader(bytes), { kind: 'samples', rows: 0, rowsBefore: 2 ** 45 + 3, arrival: 99.5 })
  })

  it('finds every damaged byte and every cut, and throws at none', () => {
    const builder = new BatchBuilder('plc')
    for (let i = 0; i < 40; i++) builder.add(i % 4, 1.7e12 + i, i / 10, 0)
    const bytes = encode({ kind: 'samples', batch: builder.take(1.7e12) })
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice()
      damaged[i] ^= 1 << (i % 8)
      assert.equal(readRecord(damaged), undefined)
      assert.equal(readRecord(bytes.subarray(0, i)), undefined)
    }
  })

  it('takes a record of a version to come for unreadable', () => {
    const bytes = encode({ kind: 'samples', batch: emptyBatch('a', 1) })
    bytes[4] = 2
    seal(bytes, 0)
    assert.equal(readRecord(bytes), undefined)
  })
})
