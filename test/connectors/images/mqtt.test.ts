import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { Aedes } from 'aedes'
import { connectAsync, type IClientOptions } from 'mqtt'
import type { Subscription } from 'rxjs'
import type { z } from 'zod'
import {
  silentMetrics,
  systemClock,
  TagTable,
  type ConnectorContext,
  type ImageArrival,
  type InHand,
  type Status,
} from '../../../agent/core/index.ts'
import { MqttImages } from '../../../connectors/images/mqtt.ts'
import { imageSourceConfig, mqttSource } from '../../../connectors/images/settings.ts'
import { Publisher } from '../../../connectors/mqtt/publications.ts'
import { makeCertificates } from '../../support/certificates.ts'
import {
  freePort,
  hasMosquitto,
  startMosquitto,
  type Mosquitto,
  type MosquittoOptions,
} from '../../support/mosquitto.ts'
import { until } from '../../support/until.ts'

const silent = () => undefined

describe('images over MQTT', () => {
  const brokers: Mosquitto[] = []
  const subscriptions: Subscription[] = []
  let statuses: Status[]
  let arrivals: ImageArrival[]
  const start = async (options: MosquittoOptions = {}) => {
    const broker = await startMosquitto(options)
    brokers.push(broker)
    return broker
  }
  /** Subscribes as a station would. */
  const watch = (settings: Partial<z.input<typeof mqttSource>> & { url: string }, inHand?: InHand) => {
    const context: ConnectorContext = {
      name: 'camera',
      site: 'test',
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: silentMetrics,
      clock: systemClock,
      tags: new TagTable(),
      folder: '',
      report: (status) => statuses.push(status),
      ...(inHand && { inHand }),
    }
    const parsed = mqttSource.parse({ type: 'mqtt', topic: 'line/+/image/#', part: 'line/*/image/{part}', reconnect: { first: '20ms', longest: '200ms' }, ...settings }) // prettier-ignore
    subscriptions.push(new MqttImages(parsed, context, 1_000).images().subscribe((arrival) => arrivals.push(arrival)))
  }
  const publish = async (url: string, part: string, options: IClientOptions = {}) => {
    const client = await connectAsync(url, options)
    await client.publishAsync(`line/3/image/${part}`, Buffer.from([0xff, 0xd8, 0xff, 0x00]), { qos: 1 })
    await client.endAsync()
  }
  const becomes = (state: Status['state']) => until(() => `it is ${state} (${JSON.stringify(statuses.at(-1))})`, () => statuses.at(-1)?.state === state) // prettier-ignore

  before(() => {
    if (!hasMosquitto) throw new Error('mosquitto is not installed')
  })
  beforeEach(() => {
    statuses = []
    arrivals = []
  })
  afterEach(async () => {
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe()
    await Promise.all(brokers.splice(0).map((broker) => broker.dispose()))
  })

  it('puts a message aside unread that was in hand whenever the process ended, and takes the next', async () => {
    const { url } = await start()
    const marked: string[] = []
    const inHand: InHand = {
      // As if the first message had ended processes.
      take: (_, key) => marked.push(key) > 1,
      done: () => marked.push('done'),
      suspects: () => [],
    }
    watch({ url }, inHand)
    await becomes('up')
    for (const part of ['7', '8']) await publish(url, part)
    await until('both', () => arrivals.length === 2)
    assert.deepEqual(
      arrivals.map(({ part, refused }) => [part, refused?.reason]),
      [
        ['7', 'quarantined'],
        ['8', undefined],
      ],
    )
    assert.deepEqual([new Set(marked).size, marked.at(-1)], [3, 'done'])
  })

  it('arrive as bytes with the part of their topic, again after the broker was gone', async () => {
    const broker = await start()
    watch({ url: broker.url })
    await becomes('up')
    await publish(broker.url, 'A-7')
    await until('the image is there', () => arrivals.length === 1)
    await broker.stop()
    await becomes('down')
    await broker.start()
    await becomes('up')
    await publish(broker.url, 'A-8')
    await until('the next image is there', () => arrivals.length === 2)
    assert.deepEqual(
      arrivals.map(({ part, subject, image }) => [part, subject, image.length]),
      ['A-7', 'A-8'].map((part) => [part, `line/3/image/${part}`, 4]),
    )
  })

  for (const version of ['3.1.1', 5] as const) {
    it(`come from a broker that asks for a certificate and a password (MQTT ${version})`, async () => {
      const files = makeCertificates()
      try {
        const plain = await freePort()
        const { url } = await start({ tls: { ...files, requireCertificate: true }, users: { camera: 'right' }, lines: [`listener ${plain} 127.0.0.1`] }) // prettier-ignore
        const user = { username: 'camera', password: 'right' }
        const tls = { ca: files.ca, cert: files.clientCert, key: files.clientKey, passphrase: 'open sesame' }
        watch({ url, version, tls, ...user })
        await becomes('up')
        await publish(`mqtt://127.0.0.1:${plain}`, 'A-7', user)
        await until('the image is there', () => arrivals.length === 1)
        assert.equal(arrivals[0].part, 'A-7')
      } finally {
        rmSync(files.folder, { recursive: true })
      }
    })
  }

  it('say why a broker cannot be trusted, and how to mend it', async () => {
    const files = makeCertificates()
    try {
      const { url } = await start({ tls: files })
      watch({ url })
      await becomes('down')
      assert.equal(statuses.at(-1)!.message, `${url}: the certificate of the broker comes from an unknown authority`)
      assert.match(statuses.at(-1)!.remedy!, /tls\.ca/)
    } finally {
      rmSync(files.folder, { recursive: true })
    }
  })

  it('say that the broker refuses the topic, and come once it is allowed', async () => {
    const broker = await Aedes.createBroker()
    let allowed = false
    broker.authorizeSubscribe = (_, subscription, done) => done(null, allowed ? subscription : null)
    const server = createServer((socket) => broker.handle(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
    watch({ url, version: '3.1.1' })
    await becomes('degraded')
    assert.match(statuses.at(-1)!.message, /refuses line\/\+\/image\/#: the broker refuses without a reason/)
    assert.match(statuses.at(-1)!.remedy!, /access rules/)
    allowed = true
    await becomes('up')
    await publish(url, 'A-7', { protocolVersion: 4 })
    await until('the image is there', () => arrivals.length === 1)
    for (const subscription of subscriptions.splice(0)) subscription.unsubscribe()
    await new Promise<void>((resolve) => broker.close(() => resolve()))
    server.close()
  })

  for (const [what, settings, message] of [
    ['TLS settings without TLS', { url: 'mqtt://broker', tls: { ca: 'c.pem' } }, /no TLS/],
    ['a certificate without its key', { url: 'mqtts://broker', tls: { cert: 'c.pem' } }, /belong together/],
    ['a password without a user', { url: 'mqtt://broker', password: 'x' }, /username/],
    ['a filter that no broker takes', { url: 'mqtt://broker', topic: 'a/#/b' }, /last level/],
  ] as const) {
    it(`refuse ${what}`, () => {
      const result = imageSourceConfig.safeParse({ type: 'mqtt', topic: 'camera/+', ...settings })
      assert.match(result.error!.message, message)
    })
  }
})

describe('verdicts over MQTT', () => {
  const publisher = new Publisher(
    { prefix: 'millwright', qos: 1, every: false, retain: true, content: ['inspections'] },
    'shenzhen-1',
  )
  const event = { type: 'inspection', time: 1000, station: 'weld', part: 'A', label: '', score: null, threshold: null, model: '', ms: 1, values: {}, reason: 'dent' } as const // prettier-ignore
  const topics = (verdict: 'pass' | 'fail') =>
    publisher
      .publications([{ kind: 'event', event: { ...event, verdict }, arrival: 0, offset: 0 }])
      .map(({ topic, retain }) => [topic, retain])

  it('are retained by station', () => {
    assert.deepEqual(topics('pass'), [['millwright/shenzhen-1/weld/verdict', true]])
  })

  it('say what became of a signal to a PLC', () => {
    const reject = { type: 'reject', time: 1000, station: 'weld', part: 'A', outcome: 'failed', attempts: 3, ms: 5000, detail: 'no answer' } as const // prettier-ignore
    const [{ topic, retain, payload }, ...others] = publisher.publications([{ kind: 'event', event: reject, arrival: 0, offset: 0 }]) // prettier-ignore
    assert.deepEqual([topic, retain, others], ['millwright/shenzhen-1/weld/reject/outcome', true, []])
    assert.deepEqual(JSON.parse(payload), { time: '1970-01-01T00:00:01.000Z', ts: 1000, station: 'weld', part: 'A', outcome: 'failed', attempts: 3, ms: 5000, detail: 'no answer' }) // prettier-ignore
  })

  it('signal a part that fails once, so that no later part is taken for it', () => {
    assert.deepEqual(topics('fail'), [
      ['millwright/shenzhen-1/weld/verdict', true],
      ['millwright/shenzhen-1/weld/reject', false],
    ])
  })
})
