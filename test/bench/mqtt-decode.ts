import { performance } from 'node:perf_hooks'
import { connectAsync } from 'mqtt'
import { BatchBuilder, type ConnectorContext, silentMetrics, systemClock, TagTable } from '../../agent/core/index.ts'
import { Collector } from '../../connectors/mqtt/collect.ts'
import { mqtt } from '../../connectors/mqtt/index.ts'
import { Router } from '../../connectors/mqtt/routes.ts'
import { type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { encodeMessages, RawPublisher } from '../support/publisher.ts'

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** JSON of 100 bytes with one sample, as the other benchmarks use it. */
export function samplePayload(time: number, value: number): string {
  const text = JSON.stringify({ ts: time, value, unit: 'mm/s', quality: 'good', remark: '' })
  return text.replace('"remark":""', `"remark":"${'x'.repeat(Math.max(0, 100 - text.length))}"`)
}

/**
 * What the MQTT source costs: the formats alone, in ns a message; and the rate of the source, settled at once, against a
 * bare mqtt.js subscriber that only counts: same mosquitto, same publisher, QoS 0 and 1. `messages`: how many per run.
 */
export async function run(args: { readonly messages?: string } = {}): Promise<void> {
  const messages = Number(args.messages ?? 200_000)
  decodeOnly()
  const broker = await startMosquitto({ maxInflight: 0 })
  try {
    for (const qos of [0, 1] as const) {
      const bare = await bareRate(broker, qos, messages)
      const source = await sourceRate(broker, qos, messages)
      const ratio = (source.rate / bare.rate).toFixed(2)
      console.log(`QoS ${qos}: source ${show(source)}, bare mqtt.js ${show(bare)}, ratio ${ratio}`)
    }
  } finally {
    await broker.dispose()
  }
}

interface Rate {
  /** Messages a second. */
  readonly rate: number
  /** CPU time of this process, µs a message, publisher included. */
  readonly cpu: number
}

function show({ rate, cpu }: Rate): string {
  return `${Math.round(rate)} messages/s at ${cpu.toFixed(2)} µs of CPU`
}

function decodeOnly(): void {
  const now = Date.now()
  const payloads: Record<string, string> = {
    '100 bytes of {ts, value}': samplePayload(now, 12.345),
    'object of 5 values': JSON.stringify({ ts: now, a: 1.5, b: 2.5, c: 3.5, d: 4.5, e: 5.5 }),
    '100 pairs [ts, value]': JSON.stringify(Array.from({ length: 100 }, (_, i) => [now + i, i / 7])),
    'plain number': '12.345',
    'line protocol': `pump,line=3 speed=12.345 ${now}000000`,
  }
  for (const [what, payload] of Object.entries(payloads)) {
    const settings = mqtt.config.parse({ type: 'mqtt', url: 'mqtt://localhost', topics: [{ filter: '#' }] })
    const router = new Router(settings, new TagTable(), 'bench')
    const builder = new BatchBuilder('bench')
    const collector = new Collector(builder, 'bench', settings)
    const bytes = Buffer.from(payload)
    const rounds = payload.length > 500 ? 3_000 : 100_000
    let best = Infinity
    for (let repeat = 0; repeat < 5; repeat++) {
      const start = performance.now()
      for (let i = 0; i < rounds; i++) {
        const route = router.find('plant/line3/pump7/vibration')!
        collector.message(route, bytes, 0, bytes.length, bytes.length, now, false)
        if (builder.length >= 1_024) builder.take(now)
      }
      best = Math.min(best, ((performance.now() - start) * 1e6) / rounds)
    }
    const start = performance.now()
    if (payload.startsWith('{') || payload.startsWith('[')) {
      for (let i = 0; i < rounds; i++) JSON.parse(bytes.toString('utf8'))
      const parse = ((performance.now() - start) * 1e6) / rounds
      console.log(`${what}: ${Math.round(best)} ns a message; JSON.parse alone ${Math.round(parse)} ns`)
    } else console.log(`${what}: ${Math.round(best)} ns a message`)
  }
}

async function bareRate(broker: Mosquitto, qos: 0 | 1, messages: number): Promise<Rate> {
  const client = await connectAsync(broker.url, { protocolVersion: 5, clientId: `bare-${qos}` })
  let received = 0
  client.on('message', () => received++)
  await client.subscribeAsync('plant/#', { qos })
  const rate = await measure(broker, qos, messages, () => received)
  await client.endAsync(true)
  return rate
}

async function sourceRate(broker: Mosquitto, qos: 0 | 1, messages: number): Promise<Rate> {
  const settings = mqtt.config.parse({
    type: 'mqtt',
    url: broker.url,
    qos,
    clean: true,
    topics: [{ filter: 'plant/+/+/+', tag: '{1}/{2}/{3}' }],
  })
  let up = () => undefined as void
  const subscribed = new Promise<void>((resolve) => (up = resolve))
  const context: ConnectorContext = {
    name: 'bench',
    site: 'bench',
    log: quiet,
    metrics: silentMetrics,
    clock: systemClock,
    tags: new TagTable(),
    folder: broker.folder,
    report: ({ state }) => state === 'up' && up(),
  }
  let received = 0
  const subscription = mqtt.source!(settings, context)!
    .batches()
    .subscribe(({ batch, settled }) => {
      received += batch.length
      settled?.(true)
    })
  await subscribed
  const rate = await measure(broker, qos, messages, () => received)
  subscription.unsubscribe()
  return rate
}

async function measure(broker: Mosquitto, qos: 0 | 1, messages: number, received: () => number): Promise<Rate> {
  const publisher = await RawPublisher.connect(broker.port)
  const now = Date.now()
  const chunk = encodeMessages(
    Array.from({ length: 1_000 }, (_, i) => ({
      topic: `plant/line${i % 5}/pump${i % 50}/vibration`,
      payload: samplePayload(now + i, i / 7),
    })),
    qos,
  )
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (let sent = 0; sent < messages; sent += chunk.messages) {
    await publisher.write(chunk)
    // So far ahead the broker's queue grows and its speed with it falls, which would measure the queue.
    while (sent - received() > 20_000) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  while (received() < messages) await new Promise((resolve) => setTimeout(resolve, 1))
  const seconds = (performance.now() - start) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  await publisher.close()
  return { rate: messages / seconds, cpu: (user + system) / messages }
}
