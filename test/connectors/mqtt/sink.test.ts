// Longer than others: what a broker sees of every kind of result, with one set-up.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { type AlarmEvent, DeliveryError, type Entry, type Prediction, type Sink } from '../../../agent/core/index.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { hasMosquitto, type Mosquitto, startMosquitto } from '../../support/mosquitto.ts'
import { freePort } from '../../support/ports.ts'
import { Proxy } from '../../support/mosquitto-proxy.ts'
import { until } from '../../support/until.ts'
import { type Settings, TestContext } from './harness.ts'

const time = Date.UTC(2026, 0, 15)

function prediction(change: Partial<Prediction> = {}): Prediction {
  return {
    time,
    asset: 'line3/pump7',
    monitor: 'pump-health',
    kind: 'anomaly',
    score: 1.5,
    threshold: 3,
    state: 'normal',
    coverage: 1,
    revision: 1,
    model: 'v1',
    contributions: { vibration: 1, temperature: 0.5 },
    ...change,
  }
}

let offset = 0
const entry = (...predictions: Prediction[]): Entry => ({
  kind: 'predictions',
  predictions,
  origin: 0,
  offset: offset++,
})
const alarm = (change: AlarmEvent['change'], at: number): Entry => ({
  kind: 'event',
  arrival: at,
  offset: offset++,
  event: {
    type: 'alarm',
    time: at,
    id: `pump-health/line3/pump7/${time}`,
    asset: 'line3/pump7',
    monitor: 'pump-health',
    change,
    state: change === 'cleared' ? 'normal' : 'raised',
    raised: time,
    score: 5,
    threshold: 3,
    contributions: { vibration: 5 },
  },
})

describe('connectors/mqtt publications', () => {
  it('has every prediction on a second topic without retain where that is asked for, beside the newest', async () => {
    const { Publisher } = await import('../../../connectors/mqtt/publications.ts')
    const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://x', publish: { every: true, qos: 0 } }).publish!
    const publisher = new Publisher(settings, 'test')
    const rows = [1, 2, 3].map((at) => prediction({ time: time + at * 1_000 }))
    const sent = publisher.publications([entry(rows[0], rows[1]), entry(rows[2])])
    const topic = 'millwright/test/line3/pump7/pump-health'
    assert.deepEqual(
      sent.map((one) => [one.topic, one.retain, one.qos, (JSON.parse(one.payload) as { ts: number }).ts - time]),
      [
        [topic, true, 0, 3_000],
        [`${topic}/every`, false, 1, 1_000],
        [`${topic}/every`, false, 1, 2_000],
        [`${topic}/every`, false, 1, 3_000],
      ],
    )
    for (const one of sent) publisher.published(one)
    const late = publisher.publications([entry(prediction({ time: time + 500 }))])
    assert.deepEqual(late.map((one) => one.topic), [`${topic}/every`]) // prettier-ignore
  })
})

describe('connectors/mqtt sink (needs mosquitto)', function () {
  let broker: Mosquitto
  let reader: MqttClient
  let context: TestContext
  let seen: [topic: string, json: Record<string, unknown>, retained: boolean][]
  const sinks: Sink[] = []
  const never = new AbortController().signal

  const create = (settings: Partial<Settings> = {}) => {
    const parsed = mqtt.config.parse({
      type: 'mqtt',
      url: broker.url,
      publish: {},
      reconnect: { first: '20ms', longest: '100ms' },
      ...settings,
    })
    const sink = mqtt.sink!(parsed, context)!
    sinks.push(sink)
    return sink
  }
  /** What the broker keeps for later subscribers. */
  const retained = async () => {
    const client = await connectAsync(broker.url)
    const kept = new Map<string, Record<string, unknown>>()
    client.on('message', (topic, payload) => kept.set(topic, JSON.parse(payload.toString()) as Record<string, unknown>))
    await client.subscribeAsync('millwright/#')
    await client.publishAsync('end', '', { qos: 1 })
    await client.subscribeAsync('nothing')
    await client.endAsync()
    return kept
  }

  before(async function () {
    if (!hasMosquitto) this.skip()
    broker = await startMosquitto()
    reader = await connectAsync(broker.url, { protocolVersion: 5 })
    reader.on('message', (topic, payload, packet) =>
      seen.push([topic, JSON.parse(payload.toString()) as Record<string, unknown>, packet.retain]),
    )
    await reader.subscribeAsync('millwright/#', { qos: 1 })
  })

  beforeEach(() => {
    context = new TestContext()
    seen = []
  })

  afterEach(async () => {
    for (const sink of sinks.splice(0)) await sink.close()
    context.dispose()
  })

  after(async () => {
    if (!hasMosquitto) return
    await reader.endAsync(true)
    await broker.dispose()
  })

  it('publishes a prediction as JSON, and the broker keeps it', async () => {
    assert.deepEqual(await create().write([entry(prediction())], never), [])
    const kept = await retained()
    assert.deepEqual(kept.get('millwright/test/line3/pump7/pump-health'), {
      time: '2026-01-15T00:00:00.000Z',
      ts: time,
      asset: 'line3/pump7',
      monitor: 'pump-health',
      kind: 'anomaly',
      state: 'normal',
      score: 1.5,
      threshold: 3,
      coverage: 1,
      revision: 1,
      model: 'v1',
      contributions: { vibration: 1, temperature: 0.5 },
    })
  })

  it('publishes the newest prediction of each monitor and asset, and none that is older than the last', async () => {
    const sink = create()
    const other = { asset: 'line3/pump8' }
    await sink.write(
      [
        entry(prediction({ time: time + 2 }), prediction({ time: time + 1 })),
        entry(prediction(other), prediction({ time: time + 2, revision: 2 })),
      ],
      never,
    )
    await sink.write([entry(prediction({ time: time + 1 }), prediction({ ...other, time: time + 9 }))], never)
    await until('all seen', () => seen.filter(([topic]) => topic.endsWith('pump-health')).length >= 3)
    assert.deepEqual(
      seen
        .filter(([topic]) => topic.endsWith('pump-health'))
        .map(([topic, { ts, revision }]) => [topic.slice(-17, -12), ts, revision])
        .sort(),
      [
        ['pump7', time + 2, 2],
        ['pump8', time, 1],
        ['pump8', time + 9, 1],
      ],
    )
  })

  it('publishes every alarm in order and keeps the newest; models too', async () => {
    const model: Entry = {
      kind: 'event',
      arrival: time,
      offset: offset++,
      event: { type: 'model', time, monitor: 'pump-health', step: 'active', version: 'v2', detail: 'better' },
    }
    await create().write(
      [alarm('raised', time), alarm('acknowledged', time + 1), model, alarm('cleared', time + 2)],
      never,
    )
    const kept = await retained()
    assert.equal(kept.get('millwright/test/line3/pump7/pump-health/alarm')?.change, 'cleared')
    assert.deepEqual(kept.get('millwright/test/pump-health/model'), {
      time: '2026-01-15T00:00:00.000Z',
      ts: time,
      monitor: 'pump-health',
      step: 'active',
      version: 'v2',
      detail: 'better',
    })
    await until('all seen', () => seen.filter(([topic]) => topic.endsWith('/alarm')).length === 3)
    assert.deepEqual(
      seen.filter(([topic]) => topic.endsWith('/alarm')).map(([, { change }]) => change),
      ['raised', 'acknowledged', 'cleared'],
    )
  })

  it('publishes what a control says itself, without keeping it', async () => {
    const report = { type: 'report', time, source: 'plc', asset: 'line3/pump7', id: 'a1', kind: 'LimitAlarmType', origin: 'oil', message: 'too hot', severity: 700, active: true } as const // prettier-ignore
    await create().write([{ kind: 'event', event: report, arrival: time, offset: offset++ }], never)
    await until('it is seen', () => seen.some(([topic]) => topic === 'millwright/test/line3/pump7/report'))
    const [, message] = seen.find(([topic]) => topic.endsWith('/report'))!
    assert.deepEqual([message.message, message.active, message.ts], ['too hot', true, time])
    assert.equal((await retained()).has('millwright/test/line3/pump7/report'), false)
  })

  it('takes back the last word on a machine that is silent', async () => {
    const silence = { type: 'silence', time: time + 9, monitor: 'pump-health', kind: 'anomaly' } as const
    const silent = (asset: string): Entry => ({
      ...{ kind: 'event', event: { ...silence, asset, since: time }, arrival: time + 9, offset: offset++ },
    })
    const back = entry(prediction({ asset: 'line3/pump8', time: time + 10 }))
    await create().write([entry(prediction()), silent('line3/pump7'), silent('line3/pump8'), back], never)
    const kept = await retained()
    const { state, score, stale, since } = kept.get('millwright/test/line3/pump7/pump-health')!
    assert.deepEqual([state, score, stale, since], ['unknown', null, true, '2026-01-15T00:00:00.000Z'])
    assert.equal(kept.get('millwright/test/line3/pump8/pump-health')!.state, 'normal', 'it has spoken again')
  })

  it('has no opinion as null, and escapes what a topic may not hold', async () => {
    const strange = { asset: 'line #1/pump+', monitor: 'a/b', score: Number.NaN, state: 'unknown' as const }
    await create().write([entry(prediction(strange))], never)
    const kept = await retained()
    assert.equal(kept.get('millwright/test/line %231/pump%2B/a%2Fb')?.score, null)
  })

  it('publishes a thousand assets with one write', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => prediction({ asset: `many/${i}` }))
    await create().write([entry(...many)], never)
    const kept = await retained()
    assert.equal([...kept.keys()].filter((topic) => topic.startsWith('millwright/test/many/')).length, 1_000)
  })

  it('says online when it connects, offline when it is closed, and leaves a will', async () => {
    const sink = create()
    await sink.write([entry(prediction())], never)
    assert.equal((await retained()).get('millwright/test/status')?.state, 'online')
    await sink.close()
    assert.equal((await retained()).get('millwright/test/status')?.state, 'offline')

    const proxy = await Proxy.start(broker.port)
    const other = create({ url: `mqtt://127.0.0.1:${proxy.port}` })
    await other.write([entry(prediction())], never)
    assert.equal((await retained()).get('millwright/test/status')?.state, 'online')
    await proxy.close()
    await until(
      'the will is published',
      async () => (await retained()).get('millwright/test/status')?.state === 'offline',
    )
  })

  it('rejects while it is not connected, and queues nothing', async () => {
    const port = await freePort()
    const sink = create({ url: `mqtt://127.0.0.1:${port}` })
    for (let i = 0; i < 2; i++) {
      await assert.rejects(sink.write([entry(prediction())], never), (error) => {
        assert.ok(error instanceof DeliveryError)
        assert.equal(error.code, 'DELIVERY_UNREACHABLE')
        assert.equal(error.retryable, true)
        assert.match(error.message, /refused: nothing listens there/)
        return true
      })
    }
    assert.equal(context.status?.state, 'down')
  })

  it('rejects when the connection breaks, and delivers after it is back', async () => {
    const proxy = await Proxy.start(broker.port)
    const sink = create({ url: `mqtt://127.0.0.1:${proxy.port}` })
    await sink.write([entry(prediction({ time: time + 1 }))], never)
    proxy.cut()
    await until('it noticed', () => context.status?.state === 'down')
    await until('delivered', () =>
      sink.write([entry(prediction({ time: time + 2 }))], never).then(
        () => true,
        (error: unknown) => {
          assert.ok(error instanceof DeliveryError && error.code === 'DELIVERY_UNREACHABLE')
          return false
        },
      ),
    )
    assert.equal((await retained()).get('millwright/test/line3/pump7/pump-health')?.ts, time + 2)
    await proxy.close()
  })

  it('rejects when the broker does not answer until the signal aborts', async () => {
    const sink = create()
    await sink.write([entry(prediction())], never)
    broker.halt()
    try {
      const write = sink.write([entry(prediction({ time: time + 1 }))], AbortSignal.timeout(200))
      await assert.rejects(write, { code: 'DELIVERY_UNREACHABLE', message: /did not answer in time/ })
    } finally {
      broker.continue()
    }
  })

  it('says that the broker denies it the topic', async () => {
    // Without the right to its own will a client may not even connect.
    const rules = join(context.folder, 'rules')
    writeFileSync(rules, 'topic readwrite millwright/test/status\n')
    const strict = await startMosquitto({ lines: [`acl_file ${rules}`] })
    const sink = create({ url: strict.url })
    await assert.rejects(sink.write([entry(prediction())], never), {
      code: 'DELIVERY_DENIED',
      message: /not authorized/,
    })
    await strict.dispose()
  })
})
