import assert from 'node:assert/strict'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Arrival, Prediction } from '../../../agent/core/index.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { type Settings, SourceRun, TestContext } from '../../connectors/mqtt/harness.ts'
import { AedesBroker } from '../../support/aedes.ts'
import { hasMosquitto, startMosquitto } from '../../support/mosquitto.ts'
import { Proxy } from '../../support/mosquitto-proxy.ts'
import { until } from '../../support/until.ts'

interface Broker {
  readonly url: string
  readonly port: number
  dispose(): Promise<void>
}

/** Brokers, the versions they speak, and why they cannot run here. */
const brokers: Readonly<
  Record<string, readonly [versions: readonly ('3.1.1' | 5)[], start: () => Promise<Broker>, missing: boolean]>
> = {
  mosquitto: [['3.1.1', 5], () => startMosquitto(), !hasMosquitto],
  aedes: [['3.1.1'], () => AedesBroker.start(), false],
}

/** What every broker has to do: the table of payloads is for one of them. */
for (const [name, [versions, start, missing]] of Object.entries(brokers))
  for (const version of versions)
    describe(`field/mqtt ${name} with MQTT ${version}${missing ? ' (skipped: it is not installed)' : ''}`, function () {
      let broker: Broker
      let client: MqttClient
      let runs: SourceRun[] = []
      const run = (settings: Partial<Settings> = {}, context?: TestContext) => {
        const made = new SourceRun({ url: broker.url, version, client_id: 'mill', topics: [{ filter: 'plant/x' }], ...settings }, context) // prettier-ignore
        runs.push(made)
        return made
      }
      const values = ({ rows }: SourceRun) => rows.map(({ value }) => value)
      const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i)

      before(async function () {
        if (missing) this.skip()
        broker = await start()
        client = await connectAsync(broker.url)
      })
      after(async () => {
        if (missing) return
        await client.endAsync(true)
        await broker.dispose()
      })
      afterEach(() => {
        for (const one of runs) one.dispose()
        runs = []
      })

      for (const qos of [0, 1, 2] as const)
        it(`delivers each message once and in order with QoS ${qos}`, async () => {
          const source = await run({ qos, client_id: `once${qos}` }).up()
          for (const value of numbers(200)) await client.publishAsync('plant/x', String(value), { qos })
          await source.until('all came', () => source.rows.length >= 200)
          assert.deepEqual(values(source), numbers(200))
        })

      it('keeps what comes while the source is away for its session, which is uncertain in time', async () => {
        const first = await run({ client_id: 'away' }).up()
        first.stop()
        await takeOver(broker.url, version, 'away')
        for (const value of numbers(50)) await client.publishAsync('plant/x', String(value), { qos: 1 })
        const second = await run({ client_id: 'away' }).up()
        await second.until('all came', () => second.rows.length >= 50)
        assert.deepEqual(values(second), numbers(50))
        assert.ok(second.rows.every(({ quality }) => quality === 1))
        assert.equal(new Set(second.rows.map(({ time }) => time)).size, 50)
      })

      it('gives a retained message at once, uncertain in time, and live ones as good', async () => {
        await client.publishAsync('kept/x', '5', { qos: 1, retain: true })
        const source = await run({ client_id: 'kept', topics: [{ filter: 'kept/x' }] }).up()
        await source.until('the retained one came', () => source.rows.length === 1)
        await client.publishAsync('kept/x', '6', { qos: 1 })
        await source.until('the live one came', () => source.rows.length === 2)
        assert.deepEqual(source.rows.map(({ value, quality }) => [value, quality]), [[5, 1], [6, 0]]) // prettier-ignore
      })

      it('says that another client took the session over, and never that TLS is wrong', async () => {
        const context = new TestContext()
        const source = await run({ client_id: 'twice', reconnect: { first: '1m', longest: '1m' } }, context).up()
        const other = await connectAsync(broker.url, { clientId: 'twice', protocolVersion: version === 5 ? 5 : 4 })
        await source.until('is down', () => context.status?.state === 'down')
        const { message, remedy } = context.status!
        assert.match(`${message} ${remedy}`, /[Aa]nother client .*with the same client id|client id.*taken/)
        assert.match(remedy!, /client_id/)
        assert.doesNotMatch(`${message} ${remedy}`, /TLS|mqtts|certificate/)
        await other.endAsync(true)
      })

      it('sends again after a cut what was not stored, and each is stored once', async () => {
        const proxy = await Proxy.start(broker.port)
        const source = run({ url: `mqtt://127.0.0.1:${proxy.port}`, client_id: 'cut' })
        const held: Arrival[] = []
        source.settle = (arrival) => held.push(arrival)
        await source.up()
        for (const value of numbers(10)) await client.publishAsync('plant/x', String(value), { qos: 1 })
        await source.until('all came', () => source.rows.length >= 10)
        source.rows.length = 0
        source.settle = (arrival) => arrival.settled?.(true)
        // The disk is full: what came is not stored, and the connection is broken for it to come again.
        for (const arrival of held) arrival.settled?.(false)
        await source.until('all came again', () => source.rows.length >= 10)
        await client.publishAsync('plant/x', '10', { qos: 1 })
        await source.until('the next came', () => values(source).includes(10))
        assert.deepEqual(values(source), numbers(11))
        await proxy.close()
      })

      it('keeps the newest result for those who subscribe later', async () => {
        const context = new TestContext()
        const settings = mqtt.config.parse({ type: 'mqtt', url: broker.url, version, publish: { prefix: `out-${version}` } }) // prettier-ignore
        const sink = mqtt.sink!(settings, context)!
        const prediction: Prediction = { time: Date.UTC(2026, 0, 15), asset: 'p', monitor: 'm', kind: 'anomaly', score: 1, threshold: 3, state: 'normal', coverage: 1, revision: 1, model: 'v', contributions: {} } // prettier-ignore
        await sink.write([{ kind: 'predictions', predictions: [prediction], origin: 0, offset: 0 }], new AbortController().signal) // prettier-ignore
        const heard: string[] = []
        client.on('message', (topic) => heard.push(topic))
        await client.subscribeAsync(`out-${version}/#`)
        await until(
          () => heard.join(),
          () => heard.includes(`out-${version}/test/p/m`) && heard.includes(`out-${version}/test/status`),
        )
        await sink.close()
        context.dispose()
      })
    })

/** Ends a connection by one under the same client id, which leaves the session as it is. */
async function takeOver(url: string, version: '3.1.1' | 5, clientId: string): Promise<void> {
  const kept = version === 5 ? { protocolVersion: 5, properties: { sessionExpiryInterval: 3_600 } } as const : { protocolVersion: 4 } as const // prettier-ignore
  const client = await connectAsync(url, { clientId, clean: false, ...kept })
  await client.endAsync()
}
