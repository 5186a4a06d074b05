import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import type { Prediction } from '../../../agent/core/index.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { SourceRun, TestContext } from '../../connectors/mqtt/harness.ts'
import { hasMosquitto, startMosquitto } from '../../support/mosquitto.ts'
import { until } from '../../support/until.ts'

describe('field/mqtt what brokers do (needs mosquitto)', () => {
  before(function () {
    if (!hasMosquitto) this.skip()
  })

  it('stores what waited at the broker once each, in order, uncertain in time, and what is live as good', async () => {
    const broker = await startMosquitto({ maxInflight: 20 })
    const settings = { url: broker.url, client_id: 'waits', topics: [{ filter: 'plant/x' }] }
    const publisher = await connectAsync(broker.url)
    const first = await new SourceRun(settings).up()
    first.stop()
    await until(
      () => 'the session waits',
      () => first.context.status !== undefined,
    )
    const second = new SourceRun(settings)
    try {
      for (let i = 0; i < 50; i++) await publisher.publishAsync('plant/x', String(i), { qos: 1 })
      await second.up()
      await second.until('all came', () => second.rows.length >= 50)
      assert.deepEqual(second.rows.map(({ value }) => value), Array.from({ length: 50 }, (_, i) => i)) // prettier-ignore
      const micros = second.rows.map(({ time }) => Math.round(time * 1_000))
      assert.equal(new Set(micros).size, 50)
      assert.deepEqual(
        [...micros].sort((a, b) => a - b),
        micros,
      )
      assert.ok(second.rows.every(({ quality }) => quality === 1))
      // Live ones are told as soon as the broker has answered that nothing waits any more.
      let sent = 50
      await second.until('live ones are good', () => {
        publisher.publish('plant/x', String(sent++), { qos: 1 })
        return second.rows.at(-1)?.quality === 0
      })
    } finally {
      first.dispose()
      second.dispose()
      await publisher.endAsync(true)
      await broker.dispose()
    }
  })

  it('stores a message once though two filters match it, by the first of them', async () => {
    const broker = await startMosquitto()
    const topics = [
      { filter: 'plant/pump/flow', tag: 'flow' },
      { filter: 'plant/+/flow', tag: '{1}' },
      { filter: 'plant/#', tag: 'rest/{#}' },
    ]
    const run = await new SourceRun({ url: broker.url, topics }).up()
    const publisher = await connectAsync(broker.url)
    try {
      for (const topic of ['pump/flow', 'fan/flow', 'fan/speed'])
        await publisher.publishAsync(`plant/${topic}`, '1', { qos: 1 })
      await publisher.publishAsync('plant/end', '1', { qos: 1 })
      await run.until('all came', () => run.rows.some(({ tag }) => tag === 'rest/end'))
      assert.deepEqual(run.rows.map(({ tag }) => tag), ['flow', 'fan', 'rest/fan/speed', 'rest/end']) // prettier-ignore
    } finally {
      run.dispose()
      await publisher.endAsync(true)
      await broker.dispose()
    }
  })

  it('warns of filters of which one is never used, or that bring messages twice', async () => {
    const broker = await startMosquitto()
    const texts: string[] = []
    const filters = ['a/#', 'a/b', 'c/+/x', 'c/d/+']
    const settings = mqtt.config.parse({ type: 'mqtt', url: broker.url, topics: filters.map((filter) => ({ filter })) })
    try {
      for await (const { text } of mqtt.examine!(settings, new TestContext())) texts.push(text)
      assert.ok(
        texts.some((text) => /a\/b is never used: a\/# before it/.test(text)),
        texts.join('\n'),
      )
      assert.ok(texts.some((text) => /c\/\+\/x and c\/d\/\+ match some topics both/.test(text)))
      assert.ok(texts.some((text) => /max_queued_messages/.test(text)))
    } finally {
      await broker.dispose()
    }
  })

  it('publishes to a broker without retained messages, and says so', async () => {
    const broker = await startMosquitto({ lines: ['retain_available false'] })
    const context = new TestContext()
    const sink = mqtt.sink!(
      mqtt.config.parse({ type: 'mqtt', url: broker.url, publish: {}, reconnect: { first: '20ms', longest: '50ms' } }),
      context,
    )!
    const reader = await connectAsync(broker.url)
    try {
      const heard: string[] = []
      reader.on('message', (topic) => heard.push(topic))
      await reader.subscribeAsync('millwright/#')
      const prediction: Prediction = { time: Date.UTC(2026, 0, 15), asset: 'p', monitor: 'm', kind: 'anomaly', score: 1, threshold: 3, state: 'normal', coverage: 1, revision: 1, model: 'v', contributions: {} } // prettier-ignore
      const entry = { kind: 'predictions', predictions: [prediction], origin: 0, offset: 0 } as const
      await sink.write([entry], new AbortController().signal).catch(() => undefined)
      await until(
        () => 'it is up',
        () => context.status?.state === 'up',
      )
      await sink.write(
        [{ ...entry, predictions: [{ ...prediction, time: prediction.time + 1 }] }],
        new AbortController().signal,
      )
      await until(
        () => heard.join(),
        () => heard.includes('millwright/test/p/m'),
      )
      assert.match(context.status!.message, /keeps no retained messages/)
    } finally {
      await sink.close()
      await reader.endAsync(true)
      await broker.dispose()
      context.dispose()
    }
  })

  it('tells how little a broker takes, and puts results aside that are larger than its packets', async () => {
    const broker = await startMosquitto({ maxInflight: 5, lines: ['max_packet_size 600'] })
    const context = new TestContext()
    const sink = mqtt.sink!(mqtt.config.parse({ type: 'mqtt', url: broker.url, publish: { every: true } }), context)!
    const prediction: Prediction = { time: Date.UTC(2026, 0, 15), asset: 'p', monitor: 'm', kind: 'anomaly', score: 1, threshold: 3, state: 'normal', coverage: 1, revision: 1, model: 'v', contributions: {} } // prettier-ignore
    const large = { ...prediction, time: prediction.time + 1, contributions: { ['x'.repeat(600)]: 1 } }
    const entry = { kind: 'predictions', predictions: [prediction, large], origin: 0, offset: 0 } as const
    try {
      const rejected = await sink.write([entry], new AbortController().signal)
      assert.ok(rejected.length > 0)
      for (const { row, detail } of rejected) {
        assert.equal(row, 1)
        assert.match(detail, /bytes; the broker takes packets of at most 600/)
      }
      assert.deepEqual(await sink.write([{ ...entry, predictions: [prediction], offset: 1 }], new AbortController().signal), []) // prettier-ignore
      assert.match(context.status!.message, /it takes 5 messages at a time, not 100/)
      assert.match(context.status!.message, /it takes packets of at most 600 bytes/)
    } finally {
      await sink.close()
      await broker.dispose()
      context.dispose()
    }
  })

  it('uses the new password of its file once the broker refuses the old one', async () => {
    const broker = await startMosquitto({ users: { mill: 'new' } })
    const context = new TestContext()
    const file = join(context.folder, 'password')
    writeFileSync(file, 'old')
    const topics = [{ filter: 'a' }]
    const run = new SourceRun({ url: broker.url, username: 'mill', password_file: file, topics }, context).start()
    try {
      await run.until('is refused', () => context.status?.state === 'down')
      assert.match(context.status!.message, /password|not authorized/)
      writeFileSync(file, 'new\n')
      await run.until('is up', () => context.status?.state === 'up')
    } finally {
      run.dispose()
      await broker.dispose()
    }
  })
})
