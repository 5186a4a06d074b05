import assert from 'node:assert/strict'
import mqtt from 'mqtt'
import {
  silentMetrics,
  systemClock,
  TagTable,
  type ConnectorContext,
  type ImageArrival,
} from '../../../agent/core/index.ts'
import { MqttImages } from '../../../connectors/images/mqtt.ts'
import { mqttSource } from '../../../connectors/images/settings.ts'
import { Publisher } from '../../../connectors/mqtt/publications.ts'
import { hasMosquitto, startMosquitto, type Mosquitto } from '../../support/mosquitto.ts'
import { until } from '../../support/until.ts'

const silent = () => undefined

describe('images over MQTT', () => {
  let broker: Mosquitto
  before(async function () {
    if (!hasMosquitto) throw new Error('mosquitto is not installed')
    broker = await startMosquitto()
  })
  after(() => broker.stop())

  it('arrive as bytes with the part of their topic, again after the broker was gone', async () => {
    const statuses: string[] = []
    const context: ConnectorContext = {
      name: 'camera',
      site: 'test',
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: silentMetrics,
      clock: systemClock,
      tags: new TagTable(),
      folder: '',
      report: ({ state }) => statuses.push(state),
    }
    const settings = mqttSource.parse({ type: 'mqtt', url: broker.url, topic: 'line/+/image/#', part: 'line/*/image/{part}' }) // prettier-ignore
    const arrivals: ImageArrival[] = []
    const subscription = new MqttImages(settings, context).images().subscribe((arrival) => arrivals.push(arrival))
    const publish = async (part: string) => {
      const client = await mqtt.connectAsync(broker.url)
      await client.publishAsync(`line/3/image/${part}`, Buffer.from([0xff, 0xd8, 0xff, 0x00]), { qos: 1 })
      await client.endAsync()
    }
    try {
      await until('it is subscribed', () => statuses.at(-1) === 'up')
      await publish('A-7')
      await until('the image is there', () => arrivals.length === 1)
      await broker.stop()
      await until('the loss is told', () => statuses.at(-1) === 'connecting')
      await broker.start()
      await until('it is subscribed again', () => statuses.at(-1) === 'up')
      await publish('A-8')
      await until('the next image is there', () => arrivals.length === 2)
      assert.deepEqual(
        arrivals.map(({ part, subject, image }) => [part, subject, image.length]),
        ['A-7', 'A-8'].map((part) => [part, `line/3/image/${part}`, 4]),
      )
    } finally {
      subscription.unsubscribe()
    }
  })
})

describe('verdicts over MQTT', () => {
  const publisher = new Publisher(
    { prefix: 'millwright', qos: 1, retain: true, content: ['inspections'] },
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
