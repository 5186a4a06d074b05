// Longer than others: sessions of one broker, which starts once for all of them.
import assert from 'node:assert/strict'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Arrival } from '../../../agent/core/index.ts'
import { hasMosquitto, type Mosquitto, startMosquitto } from '../../support/mosquitto.ts'
import { encodeMessages, RawPublisher } from '../../support/publisher.ts'
import { Proxy } from '../../support/mosquitto-proxy.ts'
import { until } from '../../support/until.ts'
import { SourceRun, TestContext } from './harness.ts'

describe('connectors/mqtt source (needs mosquitto)', function () {
  let broker: Mosquitto
  let publisher: MqttClient
  const runs: SourceRun[] = []
  const track = (run: SourceRun) => {
    runs.push(run)
    return run
  }
  const topics = [{ filter: 'plant/+/+/+', tag: '{1}/{2}/{3}' }]

  before(async function () {
    if (!hasMosquitto) this.skip()
    broker = await startMosquitto({ persistence: true })
    publisher = await connectAsync(broker.url, { reconnectPeriod: 50 })
  })

  after(async () => {
    if (!hasMosquitto) return
    await publisher.endAsync(true)
    await broker.dispose()
  })

  afterEach(() => {
    for (const run of runs.splice(0)) run.dispose()
  })

  let session = 0
  const settings = () => ({ url: broker.url, client_id: `agent-${session++}`, topics })

  it('hands on labels as events, and puts what is none aside', async () => {
    const labels = [{ filter: 'plant/labels', format: 'labels' }, ...topics] as const
    const run = await track(new SourceRun({ ...settings(), topics: [...labels] })).up()
    const time = Date.UTC(2026, 0, 5, 10)
    const list = [
      { type: 'failure', asset: 'line3/pump7', time: '2026-01-05T10:00:00Z', by: 'Mei' },
      { type: 'fault', asset: 'line3/pump7', from: time - 1000, time, class: 'bearing', by: 'Mei', note: 'loud' },
      { type: 'value', asset: 'line3/reactor', time, value: 97.5, by: 'lab' },
    ]
    await publisher.publishAsync('plant/labels', JSON.stringify(list), { qos: 1 })
    const alarm = { type: 'false-alarm', alarm: `health/line3/pump7/${time}`, by: 'Mei' }
    await publisher.publishAsync('plant/labels', JSON.stringify(alarm), { qos: 1 })
    for (const wrong of ['failure', '{"type":"failure"}', '{"type":"false-alarm","alarm":"7","by":"Mei"}'])
      await publisher.publishAsync('plant/labels', wrong, { qos: 1 })
    await run.until('all received', () => run.letters.length >= 3)
    const events = run.arrivals.flatMap((arrival) => arrival.events ?? [])
    const asset = 'line3/pump7'
    assert.deepEqual(events.slice(0, 3), [
      { type: 'label', label: 'failure', time, asset, by: 'Mei' },
      { type: 'label', label: 'fault', time, from: time - 1000, asset, class: 'bearing', by: 'Mei', note: 'loud' },
      { type: 'label', label: 'value', time, asset: 'line3/reactor', value: 97.5, by: 'lab' },
    ])
    const alarmed = events[3]
    assert.ok(alarmed.type === 'label' && alarmed.label === 'false-alarm')
    assert.deepEqual([alarmed.asset, alarmed.monitor, alarmed.from], [asset, 'health', time - 1])
    assert.deepEqual(run.rows, [])
    for (const letter of run.letters) assert.equal(letter.reason, 'malformed')
    assert.match(run.letters[1].detail, /asset/)
  })

  it('hands on orders about actions, one a message, and none that is kept for later or lifts a stop', async () => {
    const run = track(new SourceRun({ ...settings(), topics: [{ filter: 'plant/orders', format: 'orders' }] }))
    await publisher.publishAsync('plant/orders', '{"order":"refuse","decision":"a","by":"Mei"}', { qos: 1, retain: true }) // prettier-ignore
    await run.up()
    await run.until('the retained one is put aside', () => run.letters.length === 1)
    const wrong = ['{"order":"approve","by":"Mei"}', '{"order":"stop"}', '{"order":"resume","by":"Mei"}', '[{"order":"stop","by":"Mei"}]', 'stop'] // prettier-ignore
    for (const text of wrong) await publisher.publishAsync('plant/orders', text, { qos: 1 })
    for (const order of [{ order: 'approve', decision: 'b', reason: 'fine' }, { order: 'stop' }])
      await publisher.publishAsync('plant/orders', JSON.stringify({ ...order, by: 'Mei' }), { qos: 1 })
    const events = () => run.arrivals.flatMap((arrival) => arrival.events ?? [])
    await run.until('both came', () => events().length === 2)
    assert.deepEqual(events().map((event) => ({ ...event, time: 0 })), [
      { type: 'order', time: 0, order: 'approve', decision: 'b', by: 'Mei', reason: 'fine' },
      { type: 'order', time: 0, order: 'stop', by: 'Mei' },
    ]) // prettier-ignore
    assert.equal(run.letters.length, 1 + wrong.length)
    assert.match(run.letters[0].detail, /retained order/)
    assert.match(run.letters[3].detail, /no message lifts a stop/)
    await publisher.publishAsync('plant/orders', '', { qos: 1, retain: true })
  })

  for (const version of ['3.1.1', 5] as const) {
    for (const qos of [0, 1, 2] as const) {
      it(`receives samples with MQTT ${version} and QoS ${qos}, each once and in order`, async () => {
        const run = await track(new SourceRun({ ...settings(), version, qos })).up()
        const count = 200
        const start = Date.now()
        // Not more at a time than mosquitto lets a publisher have in flight.
        for (let i = 0; i < count; i += 10) {
          const sent = Array.from({ length: 10 }, (_, j) => JSON.stringify({ ts: start + i + j, value: (i + j) / 8 }))
          await Promise.all(
            sent.map((payload) => publisher.publishAsync('plant/line3/pump7/vibration', payload, { qos })),
          )
        }
        await run.until('all received', () => run.rows.length >= count)
        assert.deepEqual(
          run.rows,
          Array.from({ length: count }, (_, i) => ({
            tag: 'line3/pump7/vibration',
            time: start + i,
            value: i / 8,
            quality: 0,
          })),
        )
        assert.deepEqual(run.letters, [])
      })
    }
  }

  it('hands on what one read brings as one arrival', async () => {
    const proxy = await Proxy.start(broker.port)
    const run = await track(new SourceRun({ ...settings(), url: `mqtt://127.0.0.1:${proxy.port}`, qos: 0 })).up()
    proxy.hold()
    const raw = await RawPublisher.connect(broker.port)
    const messages = Array.from({ length: 500 }, (_, i) => ({ topic: 'plant/a/b/c', payload: String(i) }))
    await raw.write(encodeMessages(messages))
    await until('the broker has sent all', () => proxy.held.toString('latin1').endsWith('499'))
    proxy.release()
    await run.until('all received', () => run.rows.length >= 500)
    // 9 kB in one write: one read, or two where the socket cuts it.
    assert.ok(run.arrivals.length <= 2, `${run.arrivals.length} arrivals`)
    await raw.close()
    await proxy.close()
  })

  for (const qos of [1, 2] as const) {
    it(`acknowledges QoS ${qos} only when the arrival is settled: an agent that dies before gets it again`, async () => {
      const connection = { ...settings(), qos }
      const proxy = await Proxy.start(broker.port)
      const first = track(new SourceRun({ ...connection, url: `mqtt://127.0.0.1:${proxy.port}` }))
      const held: Arrival[] = []
      first.settle = (arrival) => held.push(arrival)
      await first.up()
      await publisher.publishAsync('plant/a/b/c', '1', { qos })
      await first.until('received', () => first.rows.length === 1)
      await proxy.close()
      const second = await track(new SourceRun(connection)).up()
      await second.until('received again', () => second.rows.length === 1)
      assert.equal(second.rows[0].value, 1)
      second.stop()
      const third = await track(new SourceRun(connection)).up()
      await publisher.publishAsync('plant/a/b/c', '2', { qos })
      await third.until('received', () => third.rows.length > 0)
      assert.deepEqual(values(third), [2])
    })

    it(`gets QoS ${qos} again after an arrival that could not be stored`, async () => {
      const run = track(new SourceRun({ ...settings(), qos }))
      let refusals = 2
      run.settle = (arrival) => arrival.settled?.(refusals-- <= 0)
      await run.up()
      await publisher.publishAsync('plant/a/b/c', '7', { qos })
      await run.until('stored', () => refusals < 0)
      assert.deepEqual(values(run), [7, 7, 7])
      assert.equal(run.context.counts.reconnects_total, 2)
      const down = run.context.statuses.find(({ state }) => state === 'down')
      assert.match(down!.message, /could not be stored/)
    })
  }

  it('delivers QoS 2 once although the connection breaks before it is settled', async () => {
    const proxy = await Proxy.start(broker.port)
    const run = track(new SourceRun({ ...settings(), url: `mqtt://127.0.0.1:${proxy.port}`, qos: 2 }))
    const held: Arrival[] = []
    run.settle = (arrival) => held.push(arrival)
    await run.up()
    await publisher.publishAsync('plant/a/b/c', '1', { qos: 2 })
    await run.until('received', () => run.rows.length === 1)
    proxy.cut()
    await run.until(
      'connected again',
      () => run.context.counts.reconnects_total === 1 && run.context.status?.state === 'up',
    )
    for (const arrival of held.splice(0)) arrival.settled?.(true)
    run.settle = (arrival) => arrival.settled?.(true)
    await publisher.publishAsync('plant/a/b/c', '2', { qos: 2 })
    await run.until('received', () => run.rows.length === 2)
    proxy.cut()
    await run.until(
      'connected again',
      () => run.context.counts.reconnects_total === 2 && run.context.status?.state === 'up',
    )
    await publisher.publishAsync('plant/a/b/c', '3', { qos: 2 })
    await run.until('received', () => run.rows.length >= 3)
    assert.deepEqual(values(run), [1, 2, 3])
    await proxy.close()
  })

  it('keeps the session over a restart of the agent: what came meanwhile is there', async () => {
    const connection = settings()
    const first = await track(new SourceRun(connection)).up()
    first.stop()
    for (const value of ['1', '2', '3']) await publisher.publishAsync('plant/a/b/c', value, { qos: 1 })
    const second = await track(new SourceRun(connection)).up()
    await second.until('received', () => second.rows.length === 3)
    assert.deepEqual(values(second), [1, 2, 3])
  })

  it('connects again after the broker was restarted, and gets what came before it did', async () => {
    const run = await track(new SourceRun(settings())).up()
    await broker.stop()
    await run.until('is down', () => run.context.status?.state === 'down')
    await run.until('names the reason', () => /refused/.test(run.context.status?.message ?? ''))
    assert.match(run.context.status?.remedy ?? '', /whether the broker runs/)
    await broker.start()
    await until('published', () => publisher.connected)
    await publisher.publishAsync('plant/a/b/c', '5', { qos: 1 })
    await run.until('received', () => run.rows.length === 1)
    assert.equal(run.context.gauges.source_up, 1)
  })

  it('removes filters that a former configuration left in the session', async () => {
    const connection = settings()
    const context = new TestContext()
    const first = await new SourceRun({ ...connection, topics: [{ filter: 'old/#' }] }, context).up()
    first.stop()
    const second = await track(new SourceRun(connection, context)).up()
    await publisher.publishAsync('old/a', '1', { qos: 1 })
    await publisher.publishAsync('plant/a/b/c', '2', { qos: 1 })
    await second.until('received', () => second.rows.length + second.letters.length > 0)
    assert.deepEqual(values(second), [2])
    assert.deepEqual(second.letters, [])
  })

  it('puts a message aside whose topic no filter of the configuration names, and acknowledges it', async () => {
    const connection = settings()
    const context = new TestContext()
    const first = await new SourceRun({ ...connection, topics: [{ filter: 'old/#' }] }, context).up()
    first.stop()
    // The session still has the former filter.
    await publisher.publishAsync('old/a', '17', { qos: 1 })
    const second = await track(new SourceRun(connection, context)).up()
    await second.until('put aside', () => second.letters.length === 1)
    const [{ reason, subject, detail, payload }] = second.letters
    assert.deepEqual([reason, subject, Buffer.from(payload).toString()], ['unmapped', 'old/a', '17'])
    assert.match(detail, /no filter of the configuration matches the topic/)
    second.stop()
    const third = await track(new SourceRun(connection)).up()
    await publisher.publishAsync('plant/a/b/c', '2', { qos: 1 })
    await third.until('received', () => third.rows.length + third.letters.length > 0)
    assert.deepEqual([values(third), third.letters], [[2], []])
  })

  it('marks a retained value without a time of its own as uncertain, and takes one with a time as it is', async () => {
    const time = Date.now() - 3_600_000
    await publisher.publishAsync('plant/kept/a/plain', '4', { retain: true, qos: 1 })
    await publisher.publishAsync('plant/kept/a/timed', JSON.stringify({ ts: time, value: 5 }), { retain: true, qos: 1 })
    const run = await track(new SourceRun(settings())).up()
    await run.until('received', () => run.rows.length === 2)
    const rows = run.rows.toSorted((a, b) => a.tag.localeCompare(b.tag))
    assert.deepEqual(
      rows.map(({ tag, value, quality }) => [tag, value, quality]),
      [
        ['kept/a/plain', 4, 1],
        ['kept/a/timed', 5, 0],
      ],
    )
    assert.equal(rows[1].time, time)
    for (const name of ['plain', 'timed']) await publisher.publishAsync(`plant/kept/a/${name}`, '', { retain: true })
  })

  it('puts a payload of 10 MB aside without holding it, acknowledges it, and reads on', async () => {
    const connection = settings()
    const first = await track(new SourceRun(connection)).up()
    await publisher.publishAsync('plant/a/b/c', Buffer.alloc(10_000_000, 0x7b), { qos: 1 })
    await publisher.publishAsync('plant/a/b/c', '{"value":', { qos: 1 })
    await publisher.publishAsync('plant/a/b/c', '1', { qos: 1 })
    await first.until('received', () => first.rows.length === 1)
    assert.deepEqual(
      first.letters.map(({ reason, subject, size, rows, payload }) => [reason, subject, size, rows, payload.length]),
      [
        ['oversized', 'plant/a/b/c', 10_000_000, 1, 256],
        ['malformed', 'plant/a/b/c', 9, 1, 9],
      ],
    )
    first.stop()
    const second = await track(new SourceRun(connection)).up()
    await publisher.publishAsync('plant/a/b/c', '2', { qos: 1 })
    await second.until('received', () => second.rows.length + second.letters.length > 0)
    assert.deepEqual([values(second), second.letters], [[2], []])
  })

  it('measures the clock skew', async () => {
    const run = await track(new SourceRun(settings())).up()
    await publisher.publishAsync('plant/a/b/c', JSON.stringify({ ts: Date.now() - 3_600_000, value: 1 }), { qos: 1 })
    await run.until('received', () => run.rows.length === 1)
    assert.ok(Math.abs(run.context.gauges.clock_skew_seconds - 3_600) < 60)
  })

  it('stops reading while too much is not settled, keeps its pings, and goes on afterwards', async () => {
    const count = 50_000
    const run = track(
      new SourceRun({
        ...settings(),
        qos: 0,
        max_unsettled: '256kB',
        keepalive: '1s',
        topics: [{ filter: 'load/+', tag: 'load' }],
      }),
    )
    const held: Arrival[] = []
    let unsettled = 0
    let most = 0
    run.settle = (arrival) => {
      held.push(arrival)
      unsettled += arrival.batch.length
      most = Math.max(most, unsettled)
    }
    await run.up()
    const raw = await RawPublisher.connect(broker.port)
    const messages = Array.from({ length: 1_000 }, (_, i) => ({ topic: 'load/a', payload: String(1_000 + i) }))
    const encoded = encodeMessages(messages)
    for (let sent = 0; sent < count; sent += encoded.messages) await raw.write(encoded)
    await run.until('paused', () => run.context.counts.paused_total === 1)
    const atPause = run.rows.length
    const pausedAt = Date.now()
    await run.until('has been paused for three times the keepalive', () => Date.now() - pausedAt > 3_000)
    assert.equal(run.rows.length, atPause)
    assert.equal(run.context.status?.state, 'up')
    assert.equal(run.context.counts.reconnects_total, undefined)
    const settleOne = setInterval(() => {
      for (const arrival of held.splice(0)) {
        unsettled -= arrival.batch.length
        arrival.settled?.(true)
      }
    }, 5)
    await run.until('all received', () => run.rows.length === count)
    clearInterval(settleOne)
    // 256 kB of 12-byte messages, and what one turn of the event loop may bring on top.
    assert.ok(most < 256_000 / 12 + 20_000, `${most} messages were unsettled`)
    await raw.close()
  })
})

function values(run: SourceRun): unknown[] {
  return run.rows.map((row) => row.value)
}
