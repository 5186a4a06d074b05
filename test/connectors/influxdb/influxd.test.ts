// Longer than others: one server, started once, for all that it answers.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { influxdb, readHistory } from '../../../connectors/influxdb/index.ts'
import {
  BatchBuilder,
  DeliveryError,
  TagTable,
  type Batch,
  type Sink,
  type TagType,
} from '../../../agent/core/index.ts'
import { Influxd, influxdMissing } from '../../support/influxd.ts'
import { alarm, numbers, prediction, samples, sinkOf } from './helpers.ts'

const time = 1_700_000_000_000

/** Samples as `[tag, time, value, quality]`, in order of time. */
function rowsOf({ length, tag, time: times, value, quality, texts }: Batch, tags: TagTable): unknown[][] {
  const rows = Array.from({ length }, (_, row) => {
    const { name, type } = tags.at(tag[row])
    return [name, times[row], type === 'text' ? texts![value[row]] : value[row], quality[row]] as const
  })
  return rows.sort((a, b) => a[1] - b[1]).map((row) => [...row])
}
const never = new AbortController().signal

const missing = influxdMissing ? ` (skipped: ${influxdMissing})` : ''

describe(`influxdb sink with a real InfluxDB 1.x${missing}`, function () {
  let influxd: Influxd
  let sinks: Sink[] = []
  let databases = 0

  before(async function () {
    if (influxdMissing) this.skip()
    influxd = await Influxd.start()
  })

  after(() => (influxdMissing ? undefined : influxd.dispose()))

  afterEach(async () => {
    for (const sink of sinks) await sink.close()
    sinks = []
  })

  /** A sink to a database of its own, which does not exist yet. */
  function open(tags: TagTable, options: object = {}, server = influxd): { sink: Sink; database: string } {
    const database = `plant ${++databases}`
    const sink = sinkOf({ version: 1, url: server.url, database, ...options }, tags)
    sinks.push(sink)
    return { sink, database }
  }

  function tagsOf(...names: string[]): TagTable {
    const tags = new TagTable()
    for (const name of names) tags.resolve({ name, type: 'number' })
    return tags
  }

  it('reads back what it wrote, by time, for a replay', async () => {
    const tags = new TagTable()
    const types: TagType[] = ['number', 'integer', 'boolean', 'text']
    for (const type of types) tags.resolve({ name: `line3/pump7/${type}`, type })
    const builder = new BatchBuilder('test')
    for (let i = 0; i < 5_000; i++) {
      builder.add(0, time + i, i / 7, 0)
      if (i % 10 === 0) builder.addInteger(1, time + i + 0.25, BigInt(-i), 1)
      if (i % 100 === 0) builder.add(2, time + i + 0.5, i % 200 === 0 ? 1 : 0, 0)
      if (i % 100 === 0) builder.addText(3, time + i + 0.75, `state ${i}`, 0)
    }
    builder.add(0, time + 5_000, NaN, 2)
    const { sink, database } = open(tags)
    const batch = builder.take(time)
    assert.deepEqual(await sink.write([samples(batch)], never), [])
    const settings = influxdb.config.parse({ version: 1, url: influxd.url, database })
    const seen = new TagTable()
    const read: unknown[][] = []
    const range = { site: 'shenzhen-1', from: time, to: time + 3_600_000 }
    for await (const arrival of readHistory(settings, range, seen, 'history')) read.push(...rowsOf(arrival.batch, seen))
    assert.deepEqual(read, rowsOf(batch, tags))
    const none = []
    const earlier = { ...range, from: 0, to: 1_000 }
    for await (const arrival of readHistory(settings, earlier, seen, 'history')) none.push(arrival)
    assert.deepEqual(none, [])
    const wrong = influxdb.config.parse({ version: 1, url: influxd.url, database: 'nowhere' })
    await assert.rejects(readHistory(wrong, range, seen, 'history').next(), /database not found: nowhere/)
  })

  it('reads all of its history from a server that gives a few rows at a time, or says that it cannot', async () => {
    const small = await Influxd.start({ rows: 10 })
    try {
      const tags = tagsOf('line3/pump7/x', 'line3/pump7/y')
      const { sink, database } = open(tags, {}, small)
      const builder = new BatchBuilder('test')
      for (let i = 0; i < 300; i++) for (const tag of [0, 1]) builder.add(tag, time + i * 7, i + tag, 0)
      const batch = builder.take(time)
      await sink.write([samples(batch)], never)
      const settings = influxdb.config.parse({ version: 1, url: small.url, database })
      const range = { site: 'shenzhen-1', from: time, to: time + 10_000 }
      const read: unknown[] = []
      for await (const arrival of readHistory(settings, range, tags, 'history'))
        read.push(...rowsOf(arrival.batch, tags))
      assert.deepEqual(read, rowsOf(batch, tags))
      for (let i = 0; i < 30; i++) builder.add(0, time + 20_000 + i / 1000, i, 0)
      await sink.write([samples(builder.take(time))], never)
      const dense = readHistory(settings, { ...range, from: time + 20_000, to: time + 20_001 }, tags, 'history')
      await assert.rejects(dense.next(), /fewer rows at a time.*within a millisecond/)
    } finally {
      await small.dispose()
    }
  })

  it('puts aside what is older than the retention policy keeps, in two requests, and keeps the rest', async () => {
    const tags = tagsOf('line3/pump7/x')
    const { sink, database } = open(tags, { retention: { name: 'short', duration: '1h' } })
    const now = Date.now()
    const builder = new BatchBuilder('test')
    for (let i = 0; i < 2_000; i++) builder.add(0, i % 2 === 0 ? now - i : now - 7 * 86_400_000 - i, i, 0)
    const rejected = await sink.write([samples(builder.take(now))], never)
    assert.equal(rejected.length, 1_000)
    assert.ok(rejected.every(({ row }) => row! % 2 === 1))
    assert.match(rejected[0].detail, /beyond retention policy/)
    assert.match(rejected[0].remedy!, /lengthen it/)
    const [{ values }] = await influxd.query('SELECT count(value) FROM short.sensor', database)
    assert.equal(values[0][1], 1_000)
  })

  it('creates the database and writes every type with its microseconds', async () => {
    const tags = new TagTable()
    const types: TagType[] = ['number', 'integer', 'boolean', 'text']
    for (const type of types) tags.resolve({ name: `line3/pump7/${type}`, type })
    const builder = new BatchBuilder('test')
    builder.add(0, time + 0.001, 21.123456789, 0)
    builder.addInteger(1, time + 0.25, -9_223_372_036_854_775_807n, 0)
    builder.add(2, time + 0.5, 1, 1)
    builder.addText(3, time + 0.999, 'naïve "泵" \\ a=b, c\nd', 0)
    builder.add(0, time + 1, 7, 2)
    const { sink, database } = open(tags)
    assert.deepEqual(await sink.write([samples(builder.take(time))], never), [])
    const series = await influxd.query('SELECT * FROM sensor', database)
    const [{ columns, values }] = series
    const rows = values.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value])))
    const common = { asset: 'line3/pump7', line: 'line3', site: 'shenzhen-1' }
    const none = { value: null, integer: null, state: null, text: null }
    assert.deepEqual(rows, [
      { ...common, ...none, time: time * 1000 + 1, tag: 'number', quality: 0, value: 21.123456789 },
      // The exact integer is beyond what JSON.parse of this test can read; its neighbour is what it makes of it.
      { ...common, ...none, time: time * 1000 + 250, tag: 'integer', quality: 0, integer: -9_223_372_036_854_775_807 },
      { ...common, ...none, time: time * 1000 + 500, tag: 'boolean', quality: 1, state: true },
      { ...common, ...none, time: time * 1000 + 999, tag: 'text', quality: 0, text: 'naïve "泵" \\ a=b, c\nd' },
      { ...common, ...none, time: time * 1000 + 1000, tag: 'number', quality: 2 },
    ])
    const types_ = await influxd.query('SHOW FIELD KEYS FROM sensor', database)
    assert.deepEqual(Object.fromEntries(types_[0].values as [string, string][]), {
      integer: 'integer',
      quality: 'integer',
      state: 'boolean',
      text: 'string',
      value: 'float',
    })
  })

  it('writes names with spaces, commas, equals signs, backslashes and other scripts', async () => {
    const names = ['a b/c,d/e=f', 'a\\b/c\\,d/e\\ f', '泵/é/ü', 'x/y/ends\\']
    const { sink, database } = open(tagsOf(...names))
    const entries = names.map((_, tag) => numbers(tag, [tag], time))
    assert.deepEqual(await sink.write(entries, never), [])
    const series = await influxd.query('SELECT value FROM sensor GROUP BY asset, "tag"', database)
    const found = series.map(({ tags, values }) => [`${tags!.asset}/${tags!.tag}`, values[0][1]])
    const expected = names.map((name, tag) => [name.replace(/\\$/, ''), tag])
    assert.deepEqual(new Map(found as [string, number][]), new Map(expected as [string, number][]))
  })

  it('writes every point of many bodies, and twice is the same as once', async () => {
    const tags = tagsOf('l/a/x', 'l/a/y', 'l/a/z')
    const values = Array.from({ length: 4000 }, (_, i) => i / 8)
    const entries = [0, 1, 2].map((tag) => numbers(tag, values, time + tag / 1000))
    const { sink, database } = open(tags, { batch: 1000 })
    for (let i = 0; i < 2; i++) assert.deepEqual(await sink.write(entries, never), [])
    assert.equal(await influxd.count(database, 'sensor', 'value'), 12_000)
    const [series] = await influxd.query('SELECT sum(value) FROM sensor', database)
    assert.equal(series.values[0][1], 3 * values.reduce((sum, value) => sum + value, 0))
  })

  it('writes predictions and alarms', async () => {
    const { sink, database } = open(new TagTable())
    const entries = [
      { kind: 'predictions', predictions: [prediction], origin: 0, offset: 0 } as const,
      { kind: 'predictions', predictions: [{ ...prediction, revision: 2, score: 13 }], origin: 0, offset: 1 } as const,
      { kind: 'event', event: alarm, arrival: time, offset: 2 } as const,
    ]
    assert.deepEqual(await sink.write(entries, never), [])
    const [scores] = await influxd.query('SELECT score, state, revision FROM prediction', database)
    assert.deepEqual(scores.values, [[prediction.time * 1000, 13, 'anomaly', 2]])
    const [alarms] = await influxd.query('SELECT id, "change" FROM alarm', database)
    assert.deepEqual(alarms.values, [[alarm.time * 1000, alarm.id, 'raised']])
  })

  it('hands back the lines of a field type conflict with the words of the server, and delivers all others', async () => {
    const { sink, database } = open(tagsOf('l/a/x', 'l/a/y'))
    await influxd.query(`CREATE DATABASE "${database}"`)
    await influxd.write(encodeURIComponent(database), `other value="text" ${time}000\nsensor text=1 ${time}000`)
    const tags = tagsOf('l/a/x', 'l/a/y')
    tags.resolve({ name: 'l/a/t', type: 'text' })
    const builder = new BatchBuilder('test')
    for (let i = 0; i < 2000; i++) {
      if (i === 777 || i === 778 || i === 1999) builder.addText(2, time + i, 'no', 0)
      else builder.add(i % 2, time + i, i, 0)
    }
    const typed = sinkOf({ version: 1, url: influxd.url, database }, tags)
    sinks.push(typed)
    const entry = samples(builder.take(time))
    const rejected = await typed.write([numbers(0, [1], time - 5000), entry], never)
    assert.deepEqual(rejected.map(({ row }) => row).sort(), [1999, 777, 778])
    for (const { entry: from, detail } of rejected) {
      assert.equal(from, entry)
      assert.equal(
        detail,
        'partial write: field type conflict: input field "text" on measurement "sensor" is type string, already exists as type float',
      )
    }
    assert.equal(await influxd.count(database, 'sensor', 'value'), 1998)
    assert.deepEqual(await sink.write([numbers(1, [5], time + 9000)], never), [])
  })

  it('hands back points beyond the retention policy, which a long outage makes, and delivers the newer ones', async () => {
    const { sink, database } = open(tagsOf('l/a/x'), { retention: { name: 'short', duration: '1h' } })
    const now = Date.now()
    const [old, fresh] = [numbers(0, [1, 2, 3], time, 0), numbers(0, [4, 5], now, 1)]
    const rejected = await sink.write([old, fresh], never)
    assert.deepEqual(
      rejected.map(({ entry, row, detail }) => [entry.offset, row, detail]),
      [0, 1, 2].map((row) => [0, row, 'partial write: points beyond retention policy']),
    )
    const [series] = await influxd.query('SELECT value FROM short.sensor', database)
    assert.deepEqual(
      series.values.map(([, value]) => value),
      [4, 5],
    )
  })

  it('creates a dropped database again', async () => {
    const { sink, database } = open(tagsOf('l/a/x'))
    await sink.write([numbers(0, [1], time)], never)
    await influxd.query(`DROP DATABASE "${database}"`)
    assert.deepEqual(await sink.write([numbers(0, [2, 3], time)], never), [])
    assert.equal(await influxd.count(database, 'sensor', 'value'), 2)
  })

  it('creates a retention policy in a database that is there, and leaves the default policy as it is', async () => {
    const { sink, database } = open(tagsOf('l/a/x'), { retention: { name: 'long', duration: '520w' } })
    await influxd.query(`CREATE DATABASE "${database}"`)
    assert.deepEqual(await sink.write([numbers(0, [1], Date.now())], never), [])
    const [policies] = await influxd.query(`SHOW RETENTION POLICIES ON "${database}"`)
    const byName = new Map(policies.values.map(([name, duration, , , isDefault]) => [name, [duration, isDefault]]))
    assert.deepEqual(byName.get('long'), ['87360h0m0s', false])
    assert.equal(byName.get('autogen')?.[1], true)
  })

  it('says what to do when the database is missing and may not be created', async () => {
    const { sink } = open(tagsOf('l/a/x'), { create: false })
    await assert.rejects(sink.write([numbers(0, [1], time)], never), (error: DeliveryError) => {
      assert.equal(error.code, 'DELIVERY_DENIED')
      assert.match(error.message, /answered 404: database not found/)
      assert.match(error.remedy!, /set create: true/)
      return true
    })
  })

  it('fails while the server is stopped or silent, and delivers once it is back', async () => {
    const { sink, database } = open(tagsOf('l/a/x'), { timeout: '300ms' })
    const unreachable = (error: DeliveryError) => error.code === 'DELIVERY_UNREACHABLE' && error.retryable
    await sink.write([numbers(0, [1], time)], never)
    influxd.freeze()
    await assert.rejects(sink.write([numbers(0, [2], time + 1000)], never), unreachable)
    influxd.resume()
    await influxd.stop()
    await assert.rejects(sink.write([numbers(0, [3], time + 2000)], never), unreachable)
    await influxd.restart()
    await sink.write([numbers(0, [1, 2, 3], time)], never)
    assert.equal(await influxd.count(database, 'sensor', 'value'), 3)
  })

  it('makes smaller bodies for a server that takes no large ones, and hands back a line that is too large', async () => {
    const narrow = await Influxd.start({ largest: 2_000 })
    try {
      const tags = tagsOf('l/a/x')
      tags.resolve({ name: 'l/a/t', type: 'text' })
      const builder = new BatchBuilder('test')
      for (let i = 0; i < 300; i++) builder.add(0, time + i, i, 0)
      builder.addText(1, time, 'long'.repeat(1_000), 0)
      const { sink, database } = open(tags, { gzip: false }, narrow)
      const rejected = await sink.write([samples(builder.take(time))], never)
      assert.deepEqual(
        rejected.map(({ row }) => row),
        [300],
      )
      assert.match(rejected[0].detail, /too large for the server: 40\d\d bytes/)
      assert.equal(await narrow.count(database, 'sensor', 'value'), 300)
    } finally {
      await narrow.dispose()
    }
  })

  for (const [status, message] of [
    [429, /answered 429: slow down/],
    [500, /answered 500: slow down/],
    [503, /answered 503: slow down/],
  ] as const)
    it(`keeps everything for later when a proxy before it answers ${status}`, async () => {
      const proxy = createServer((_, response) =>
        response.writeHead(status, { 'retry-after': '7' }).end('{"error":"slow down"}'),
      )
      await once(proxy.listen(0, '127.0.0.1'), 'listening')
      const { port } = proxy.address() as AddressInfo
      const sink = sinkOf({ version: 1, url: `http://127.0.0.1:${port}`, database: 'plant' }, tagsOf('l/a/x'))
      sinks.push(sink)
      await assert.rejects(sink.write([numbers(0, [1], time)], never), (error: DeliveryError) => {
        assert.deepEqual([error.code, error.retryable, error.retryAfter], ['DELIVERY_BUSY', true, 7_000])
        assert.match(error.message, message)
        assert.match(error.remedy!, /wait in the journal/)
        return true
      })
      proxy.closeAllConnections()
      proxy.close()
    })

  describe('that asks for credentials', () => {
    let guarded: Influxd
    before(async () => {
      guarded = await Influxd.start({ auth: true })
    })
    after(() => guarded.dispose())

    it('delivers with them', async () => {
      const { sink, database } = open(tagsOf('l/a/x'), { username: 'admin', password: 'secret' }, guarded)
      assert.deepEqual(await sink.write([numbers(0, [1], time)], never), [])
      assert.equal(await guarded.count(database, 'sensor', 'value'), 1)
    })

    it('says so when they are missing or wrong', async () => {
      for (const options of [{}, { username: 'admin', password: 'wrong' }]) {
        const { sink } = open(tagsOf('l/a/x'), options, guarded)
        await assert.rejects(sink.write([numbers(0, [1], time)], never), (error: DeliveryError) => {
          assert.equal(error.code, 'DELIVERY_DENIED')
          assert.match(error.message, /answered 401/)
          assert.match(error.remedy!, /username and password/)
          assert.ok(!error.message.includes('wrong'))
          return true
        })
      }
    })

    it('says so when the user may not create the database', async () => {
      await guarded.query(`CREATE USER writer WITH PASSWORD 'pen'`)
      const { sink } = open(tagsOf('l/a/x'), { username: 'writer', password: 'pen' }, guarded)
      await assert.rejects(sink.write([numbers(0, [1], time)], never), (error: DeliveryError) => {
        assert.equal(error.code, 'DELIVERY_DENIED')
        assert.ok(error.remedy)
        return true
      })
    })
  })
})
