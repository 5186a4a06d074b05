import assert from 'node:assert/strict'
import { BatchBuilder, TagTable, type DeliveryError, type ErrorCode, type Sink } from '../../../agent/core/index.ts'
import { InfluxRecorder, type RecorderOptions, type Reply } from '../../support/influx-recorder.ts'
import { alarm, numbers, prediction, samples, sinkOf } from './helpers.ts'

const time = 1_700_000_000_000
const never = new AbortController().signal

/** InfluxDB 2.x and 3 are not installed anywhere near: the far side is a strict recorder of their documented protocol. */
for (const version of [2, 3] as const) {
  describe(`influxdb sink with a recorder of the InfluxDB ${version} protocol`, () => {
    let recorder: InfluxRecorder
    let sink: Sink
    let tags: TagTable

    beforeEach(() => {
      tags = new TagTable()
      for (const name of ['l/a/x', 'l/a/y']) tags.resolve({ name, type: 'number' })
    })

    afterEach(async () => {
      await sink.close()
      await recorder.stop()
      assert.deepEqual(recorder.violations, [])
    })

    async function open(options: Partial<RecorderOptions> = {}, settings: object = {}): Promise<void> {
      recorder = await InfluxRecorder.start({ version, org: 'plant & co', bucket: 'm 1', token: 'pass', ...options })
      const target = version === 2 ? { version, org: 'plant & co', bucket: 'm 1' } : { version, database: 'm 1' }
      sink = sinkOf({ ...target, url: recorder.url, token: 'pass', timeout: '2s', ...settings }, tags)
    }

    function fails(code: ErrorCode, message: RegExp, remedy: RegExp) {
      return assert.rejects(sink.write([numbers(0, [1, 2, 3], time)], never), (error: DeliveryError) => {
        assert.equal(error.code, code)
        assert.ok(error.retryable)
        assert.match(error.message, message)
        assert.match(error.remedy!, remedy)
        assert.ok(!`${error.message}${error.remedy}`.includes('pass'))
        return true
      })
    }

    for (const gzip of [true, false])
      it(`writes samples, predictions and alarms, ${gzip ? 'compressed' : 'plain'}`, async () => {
        await open({ gzip }, { gzip, batch: 10 })
        const entries = [
          numbers(
            0,
            Array.from({ length: 25 }, (_, i) => i),
            time,
          ),
          { kind: 'predictions', predictions: [prediction], origin: 0, offset: 1 } as const,
          { kind: 'event', event: alarm, arrival: time, offset: 2 } as const,
        ]
        assert.deepEqual(await sink.write(entries, never), [])
        assert.deepEqual(
          recorder.of('sensor').map((point) => [point.time, point.fields.value]),
          Array.from({ length: 25 }, (_, i) => [BigInt(time + i * 1000) * 1000n, i]),
        )
        assert.equal(recorder.of('prediction').length, 1)
        assert.equal(recorder.of('alarm').length, 1)
        assert.deepEqual(
          recorder.requests.map(({ lines }) => lines),
          [10, 10, 7],
        )
      })

    it('hands back each line that is refused, with the words of the server, and delivers all others', async () => {
      const odd = (value: unknown) => typeof value === 'number' && [3, 500, 501, 999].includes(value)
      await open({ refuse: ({ fields }) => (odd(fields.value) ? `unable to parse: value ${fields.value}` : undefined) })
      const entry = numbers(
        0,
        Array.from({ length: 1000 }, (_, i) => i),
        time,
      )
      const rejected = await sink.write([numbers(1, [0], time), entry], never)
      assert.deepEqual(
        rejected.map(({ entry: from, row, detail }) => [from === entry, row, detail]),
        [3, 500, 501, 999].map((row) => [true, row, `unable to parse: value ${row}`]),
      )
      assert.equal(recorder.points.size, 997)
      assert.ok(recorder.requests.length < 60, `${recorder.requests.length} requests`)
    })

    it('finds out with few requests that no line of a field can be delivered', async () => {
      await open()
      recorder.types.set('sensor/value', 'boolean')
      const builder = new BatchBuilder('test')
      for (let i = 0; i < 2000; i++) builder.add(i % 2, time + i, i, 0)
      const scores = { kind: 'predictions', predictions: [prediction], origin: 0, offset: 9 } as const
      const rejected = await sink.write([samples(builder.take(time)), scores], never)
      assert.equal(rejected.length, 2000)
      for (const { detail } of rejected)
        assert.match(detail, /field type conflict: input field "value" on measurement "sensor" .* boolean$/)
      assert.equal(recorder.of('prediction').length, 1)
      assert.ok(recorder.requests.length <= 6, `${recorder.requests.length} requests`)
    })

    it('makes smaller bodies for a server that takes no large ones, and hands back a line that is too large', async () => {
      await open({ largest: 2000 })
      tags.resolve({ name: 'l/a/t', type: 'text' })
      const builder = new BatchBuilder('test')
      for (let i = 0; i < 300; i++) builder.add(0, time + i, i, 0)
      builder.addText(2, time, 'long'.repeat(1000), 0)
      const rejected = await sink.write([samples(builder.take(time))], never)
      assert.deepEqual(
        rejected.map(({ row }) => row),
        [300],
      )
      assert.match(rejected[0].detail, /too large for the server: 40\d\d bytes/)
      assert.equal(recorder.points.size, 300)
    })

    it('says which token is needed when it is refused', async () => {
      await open({ token: 'another' })
      await fails('DELIVERY_DENIED', /answered 401: unauthorized access/, /token or token_file .*"m 1"/)
    })

    it('says what to create when the target does not exist', async () => {
      await open({ bucket: 'elsewhere' })
      await fails('DELIVERY_DENIED', /answered 404: bucket "m 1" not found/, /Create .*"m 1"/)
    })

    const answers: [string, Reply, ErrorCode, RegExp, RegExp][] = [
      ['429', { status: 429, headers: { 'retry-after': '7' } }, 'DELIVERY_BUSY', /answered 429/, /limits the rate/],
      ['500', { status: 500, body: '{"message":"internal"}' }, 'DELIVERY_BUSY', /500: internal/, /wait in the journal/],
      ['503', { status: 503, body: 'sorry' }, 'DELIVERY_BUSY', /503: sorry/, /overloaded/],
      ['403', { status: 403, body: '{"message":"read only"}' }, 'DELIVERY_DENIED', /403: read only/, /token/],
      [
        'the 200 of a proxy',
        { status: 200, body: '<html>' },
        'DELIVERY_DENIED',
        /200: <html>/,
        /url leads to InfluxDB/,
      ],
      [
        'the 400 of a proxy',
        { status: 400, body: '<html>' },
        'DELIVERY_DENIED',
        /400: <html>/,
        /url leads to InfluxDB/,
      ],
      [
        '500 about a part',
        { status: 500, body: '{"error":"partial write: timeout"}' },
        'DELIVERY_BUSY',
        /timeout/,
        /wait/,
      ],
      ['a redirect', { status: 302 }, 'DELIVERY_DENIED', /answered 302/, /url leads to InfluxDB/],
      [
        '400 for the request',
        { status: 400, body: '{"message":"invalid precision"}' },
        'DELIVERY_DENIED',
        /400/,
        /target/,
      ],
      ['silence', 'silence', 'DELIVERY_UNREACHABLE', /does not answer/, /Check that InfluxDB runs/],
    ]
    for (const [name, reply, code, message, remedy] of answers)
      it(`has everything written again after ${name}`, async () => {
        await open({}, { timeout: '200ms' })
        recorder.always = reply
        await fails(code, message, remedy)
        recorder.always = undefined
        assert.deepEqual(await sink.write([numbers(0, [1, 2, 3], time)], never), [])
        assert.equal(recorder.points.size, 3)
      })

    for (const [title, headerNow, wait] of [
      ['7', () => '7', [7000, 7000]],
      ['a date', () => new Date(Date.now() + 60_000).toUTCString(), [1000, 60_000]],
      ['soon', () => 'soon', [undefined, undefined]],
    ] as const)
      it(`hands on "Retry-After: ${title}"`, async () => {
        await open()
        recorder.replies.push({ status: 429, headers: { 'retry-after': headerNow() } })
        await assert.rejects(sink.write([numbers(0, [1], time)], never), ({ retryAfter }: DeliveryError) => {
          if (wait[0] === undefined) assert.equal(retryAfter, undefined)
          else assert.ok(retryAfter! >= wait[0] && retryAfter! <= wait[1], `${retryAfter}`)
          return true
        })
      })

    it('gives up at once when it is told to stop', async () => {
      await open({}, { timeout: '1h' })
      recorder.always = 'silence'
      const stop = new AbortController()
      const written = sink.write([numbers(0, [1], time)], stop.signal)
      stop.abort()
      await assert.rejects(written, { code: 'DELIVERY_UNREACHABLE' })
    })

    it('fails when nobody listens', async () => {
      await open()
      await recorder.stop()
      await fails('DELIVERY_UNREACHABLE', /does not answer/, /Check that InfluxDB runs/)
    })
  })
}
