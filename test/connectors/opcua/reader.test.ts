import assert from 'node:assert/strict'
import fc from 'fast-check'
import { DataType, DataValue, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client'
import type { StatusCode } from 'node-opcua-client'
import { Quality, TagTable } from '../../../agent/core/index.ts'
import type { Batch, MetricName } from '../../../agent/core/index.ts'
import { makeInventory } from '../../../connectors/opcua/items.ts'
import { ValueReader } from '../../../connectors/opcua/reader.ts'
import { settings } from '../../../connectors/opcua/settings.ts'
import { ClockSkew, TimePicker } from '../../../connectors/opcua/times.ts'
import { integer64 } from '../../../connectors/opcua/values.ts'

const arrival = Date.UTC(2026, 5, 1)

function setUp(tag: object = {}) {
  const counts = new Map<string, number>()
  const tags = new TagTable()
  const count = (metric: MetricName, amount: number, labels?: Readonly<Record<string, string>>) => {
    const key = `${metric} ${labels?.fallback ?? ''}`
    counts.set(key, (counts.get(key) ?? 0) + amount)
  }
  const metrics = { count, gauge: () => undefined, observe: () => undefined }
  const config = { endpoint: 'opc.tcp://plc:4840', tags: [{ node: 'ns=2;s=A', tag: 'line/a', ...tag }] }
  const [item] = makeInventory(settings.parse(config)).items
  return { reader: new ValueReader('plc', tags, metrics, 8), item, tags, counts }
}

function sample(
  value: unknown,
  dataType = DataType.Double,
  more: { source?: number; server?: number; status?: StatusCode } = {},
) {
  return new DataValue({
    value: new Variant({
      dataType,
      value,
      arrayType:
        Array.isArray(value) && !DataType[dataType].includes('64') ? VariantArrayType.Array : VariantArrayType.Scalar,
    }),
    statusCode: more.status ?? StatusCodes.Good,
    sourceTimestamp: more.source === undefined ? null : new Date(more.source),
    serverTimestamp: more.server === undefined ? null : new Date(more.server),
  })
}

const columns = (batch: Batch) => ({ time: [...batch.time], value: [...batch.value], quality: [...batch.quality] })

describe('opcua values', () => {
  const cases: { name: string; source?: number; server?: number; time: number; fallback?: string }[] = [
    { name: 'takes the source time', source: arrival - 5, server: arrival - 1, time: arrival - 5 },
    {
      name: 'takes the server time where there is no source time',
      server: arrival - 1,
      time: arrival - 1,
      fallback: 'server',
    },
    { name: 'takes the arrival where there is neither', time: arrival, fallback: 'arrival' },
    {
      name: 'replaces a time of 1601',
      source: Date.UTC(1601, 0, 1),
      server: arrival - 1,
      time: arrival - 1,
      fallback: 'server',
    },
    {
      name: 'replaces a time of 2200',
      source: Date.UTC(2200, 0, 1),
      server: Date.UTC(2200, 0, 1),
      time: arrival,
      fallback: 'arrival',
    },
    { name: 'keeps a clock that is an hour ahead', source: arrival + 3_600_000, time: arrival + 3_600_000 },
    { name: 'keeps a clock that is an hour behind', source: arrival - 3_600_000, time: arrival - 3_600_000 },
  ]
  for (const { name, source, server, time, fallback } of cases) {
    it(name, () => {
      const { reader, item, counts } = setUp()
      reader.add(item, sample(1, DataType.Double, { source, server }), arrival)
      assert.deepEqual(columns(reader.take(arrival)!.batch).time, [time])
      assert.deepEqual([...counts.keys()], fallback ? [`repaired_times_total ${fallback}`] : [])
    })
  }

  it('keeps what a time has below the millisecond', () => {
    const picker = new TimePicker()
    const stamped = {
      sourceTimestamp: new Date(arrival),
      sourcePicoseconds: 250_000_000,
      serverTimestamp: null,
      serverPicoseconds: 0,
    }
    assert.equal(picker.pick(stamped, arrival), arrival + 0.25)
  })

  it('believes the time of a source while its own clock was never set', () => {
    const stamped = { sourceTimestamp: new Date(arrival), sourcePicoseconds: 0, serverTimestamp: null, serverPicoseconds: 0 } // prettier-ignore
    assert.equal(new TimePicker().pick(stamped, 5_000), arrival)
    const absurd = { ...stamped, sourceTimestamp: new Date(Date.UTC(2150, 0)) }
    assert.equal(new TimePicker().pick(absurd, 5_000), 5_000)
  })

  it('makes 64-bit integers exact, whatever they are', () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (integer) => {
        const bits = BigInt.asUintN(64, integer)
        const pair = [Number(bits >> 32n), Number(bits & 0xffff_ffffn)] as const
        assert.equal(BigInt(integer64(pair, true)), integer)
        assert.equal(BigInt(integer64(pair, false)), bits)
      }),
    )
  })

  it('makes no sample of a node without a value whose type nobody knows, and a bad one where the type is known', () => {
    const unknown = setUp()
    unknown.reader.add(unknown.item, sample(null, DataType.Null), arrival)
    assert.equal(unknown.reader.take(arrival), undefined)
    const known = setUp({ type: 'integer' })
    known.reader.add(known.item, sample(null, DataType.Null), arrival)
    const { value, quality } = columns(known.reader.take(arrival)!.batch)
    assert.ok(Number.isNaN(value[0]))
    assert.deepEqual(quality, [Quality.bad])
  })

  it('puts structures aside, and arrays longer than the bound, with one letter for many values', () => {
    const { reader, item } = setUp()
    for (let i = 0; i < 3; i++) reader.add(item, sample(Buffer.from('raw'), DataType.ByteString), arrival + i)
    reader.add(item, sample(Array.from({ length: 9 }, () => 1)), arrival)
    const { batch, rejected } = reader.take(arrival)!
    assert.equal(batch.length, 0)
    assert.deepEqual(
      rejected!.map(({ reason, rows }) => [reason, rows]),
      [
        ['type', 3],
        ['oversized', 9],
      ],
    )
  })

  it('keeps an array of integers apart by element, and a boolean array as 0 and 1', () => {
    const { reader, item, tags } = setUp()
    reader.add(item, sample([true, false], DataType.Boolean, { source: arrival }), arrival)
    assert.deepEqual(columns(reader.take(arrival)!.batch).value, [1, 0])
    assert.deepEqual(
      [...tags].map(({ name, type }) => [name, type]),
      [
        ['line/a/0', 'boolean'],
        ['line/a/1', 'boolean'],
      ],
    )
  })

  it('refuses what changes its type but takes integers for numbers', () => {
    const number = setUp()
    for (const value of [sample(1.5), sample(2, DataType.Int32), sample([0, 3], DataType.Int64)])
      number.reader.add(number.item, value, arrival)
    assert.deepEqual(columns(number.reader.take(arrival)!.batch).value, [1.5, 2, 3])
    const integer = setUp()
    for (const value of [sample(1, DataType.Int32), sample(1.5), sample('x', DataType.String)])
      integer.reader.add(integer.item, value, arrival)
    const { batch, rejected } = integer.reader.take(arrival)!
    assert.deepEqual([...batch.value], [1, NaN, NaN])
    assert.deepEqual([...batch.quality], [Quality.good, Quality.bad, Quality.bad])
    assert.deepEqual(
      rejected!.map(({ reason, rows }) => [reason, rows]),
      [['type', 2]],
    )
  })

  it('says that a value holds again after a loss, and repeats no sample', () => {
    const { reader, item } = setUp()
    reader.add(item, sample(7, DataType.Double, { source: arrival - 100 }), arrival)
    reader.addLoss([item], arrival + 1_000)
    reader.add(item, sample(7, DataType.Double, { source: arrival - 100 }), arrival + 2_000)
    reader.add(item, sample(7, DataType.Double, { source: arrival - 100 }), arrival + 3_000)
    const { time, value, quality } = columns(reader.take(arrival)!.batch)
    assert.deepEqual(time, [arrival - 100, arrival + 1_000, arrival + 2_000])
    assert.deepEqual([value[0], value[2]], [7, 7])
    assert.deepEqual(quality, [Quality.good, Quality.bad, Quality.good])
  })

  it('says of no value that was asked for again that it holds after a loss', () => {
    const { reader, item } = setUp()
    const at = (source: number, value: number) => sample(value, DataType.Double, { source: arrival + source })
    reader.add(item, at(0, 1), arrival)
    reader.addLoss([item], arrival + 1_000)
    reader.add(item, at(300, 2), arrival + 2_000, 'late')
    reader.add(item, at(600, 3), arrival + 2_001, 'late')
    reader.add(item, at(900, 4), arrival + 2_002, 'read')
    const { time, value } = columns(reader.take(arrival + 2_002)!.batch)
    assert.deepEqual(
      time.map((one, row) => [one - arrival, value[row]]),
      [
        [0, 1],
        [1_000, NaN],
        [300, 2],
        [600, 3],
        [900, 4],
        [2_002, 4],
      ],
    )
  })

  it('gives a value that holds again the time of the server, whatever becomes of the clock of the agent', () => {
    const { reader, item } = setUp()
    const hour = 3_600_000
    reader.add(item, sample(1, DataType.Double, { source: arrival - 200 }), arrival - 200)
    reader.add(item, sample(7, DataType.Double, { source: arrival - 100 }), arrival - 100)
    reader.take(arrival - 100)
    reader.stepped(hour)
    reader.addLoss([item], arrival + hour + 1_000)
    reader.add(item, sample(7, DataType.Double, { source: arrival - 100 }), arrival + hour + 2_000)
    assert.deepEqual(columns(reader.take(arrival + hour + 2_000)!.batch).time, [arrival + 1_000, arrival + 2_000])
  })

  it('takes a new value of an unchanged time', () => {
    const { reader, item } = setUp()
    for (const value of [1, 2]) reader.add(item, sample(value, DataType.Double, { source: arrival }), arrival)
    assert.deepEqual(columns(reader.take(arrival)!.batch).value, [1, 2])
  })

  it('tells between which values the queue of the server overflowed', () => {
    const { reader, item } = setUp()
    reader.add(item, sample(0, DataType.Double, { source: arrival - 900 }), arrival)
    reader.add(item, sample(1, DataType.Double, { source: arrival, status: StatusCodes.GoodWithOverflowBit }), arrival)
    assert.deepEqual(reader.overflows, [{ from: arrival - 900, to: arrival }])
    assert.deepEqual(columns(reader.take(arrival)!.batch).quality, [Quality.good, Quality.good])
  })

  it('tells the median of clock differences, not moved by a few wild ones', () => {
    const skew = new ClockSkew()
    assert.ok(Number.isNaN(skew.median))
    for (const difference of [10, -1e9, 12, 11, 1e9]) skew.add(difference)
    assert.equal(skew.median, 11)
  })
})
