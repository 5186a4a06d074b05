import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { AgentProcess } from '../support/agent-process.ts'
import { Influxd, influxdMissing } from '../support/influxd.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'

/** Known values of two pumps: pump1 arrives over MQTT, pump2 over OPC UA. Event time runs faster than the clock. */
const step = 500
const roles = ['vibration', 'temperature', 'current'] as const
type Role = (typeof roles)[number]

/** The value of a signal at step `n`; from `faultAt` on the vibration of pump1 leaves its relation to the others. */
function valueAt(pump: number, role: Role, n: number): number {
  const load = Math.sin(n / 17 + pump)
  const noise = Math.sin(n * 12.9898 + pump * 78.233 + role.length) * 0.1
  const wear = pump === 1 && role === 'vibration' && n >= faultAt ? (n - faultAt) * 0.1 : 0
  const plain = { vibration: 2 + load * 0.3, temperature: 104 + load * 3.6, current: 12 + load }[role]
  // No two values in a row are equal: an OPC UA server reports changes only.
  return Math.round((plain + noise + wear) * 1000) / 1000 + n / 1_000_000
}

const steps = 600
const faultAt = 420

describe('main job on real servers', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-e2e-'))
  /** Event time of step 0: an hour ago, on the grid of the windows. */
  const begin = Math.floor((Date.now() - 3_600_000) / 10_000) * 10_000
  let broker: Mosquitto
  let influxd: Influxd
  let plc: OpcuaServer
  let agent: AgentProcess
  let publisher: MqttClient
  /** What `before` has started, in order. */
  const started: (() => Promise<unknown>)[] = []
  let published = 0
  let written = 0

  before(async function () {
    if (!hasMosquitto) return skip(this, 'mosquitto is not installed')
    if (influxdMissing) return skip(this, influxdMissing)
    broker = await startMosquitto({ persistence: true })
    started.push(() => broker.dispose())
    influxd = await Influxd.start()
    started.push(() => influxd.dispose())
    plc = await OpcuaServer.start(opcuaValues(0))
    started.push(() => plc.close())
    const port = await freePort()
    agent = new AgentProcess(folder, port, configuration(folder, port, broker.url, plc.endpoint, influxd.url))
    started.push(() => agent.kill())
    await agent.start()
    publisher = await connectAsync(broker.url, { protocolVersion: 5, clientId: 'press', clean: false })
    started.push(() => publisher.endAsync(true))
    await agent.connected()
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A failure shows what the agent said. */
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return
    const what = { ...(await agent.state()), assets: undefined, ledger: await agent.ledger() }
    process.stderr.write(`${JSON.stringify(what, null, 1)}\n${agent.output}\n`)
  })

  function opcuaValues(n: number) {
    return roles.map((role) => ({
      name: `line1/pump2/${role}`,
      value: valueAt(2, role, n),
      sourceTime: begin + n * step,
    }))
  }

  /** Sends steps up to `to` (exclusive) over MQTT, each message acknowledged by the broker. */
  async function publish(to: number): Promise<void> {
    for (; published < to; published++) {
      const ts = begin + published * step
      const payload = (role: Role) => JSON.stringify({ ts, value: valueAt(1, role, published) })
      await Promise.all(
        roles.map((role) => publisher.publishAsync(`plant/line1/pump1/${role}`, payload(role), { qos: 1 })),
      )
    }
  }

  /** Writes steps up to `to` on the OPC UA server, and waits until the agent has stored them all. */
  async function write(to: number): Promise<void> {
    for (; written < to; written++) await plc.write(...opcuaValues(written))
    const last = begin + (to - 1) * step
    await until('the agent has the newest OPC UA values', async () => {
      const { assets } = await agent.state()
      const tags = assets.find(({ name }) => name === 'line1/pump2')?.tags ?? []
      if (tags.length < roles.length || tags.some(({ time }) => time !== last)) return false
      // Stored, not only seen: an OPC UA server does not send again what a killed client has received.
      return (await agent.ledger()).sources.every(({ inFlight }) => inFlight === 0)
    })
  }

  async function advance(to: number): Promise<void> {
    await Promise.all([publish(to), write(to)])
  }

  /** Every written value of a tag, by time in µs, as InfluxDB has it. */
  async function stored(pump: number, role: Role): Promise<Map<number, number>> {
    const series = await influxd.query(
      `SELECT "value" FROM "sensor" WHERE "asset" = 'line1/pump${pump}' AND "tag" = '${role}'`,
      'plant',
    )
    return new Map(series.at(0)?.values.map(([time, value]) => [Number(time), Number(value)]) ?? [])
  }

  function expected(pump: number, role: Role): Map<number, number> {
    return new Map(
      Array.from({ length: steps }, (_, n) => {
        const raw = valueAt(pump, role, n)
        return [(begin + n * step) * 1000, role === 'temperature' ? ((raw - 32) * 5) / 9 : raw]
      }),
    )
  }

  it('learns from what comes in over both protocols', async () => {
    await advance(320)
    await until('the model is at work', async () => {
      const { assets } = await agent.state()
      const monitors = assets.flatMap(({ monitors }) => monitors)
      return monitors.length === 2 && monitors.every(({ model }) => model !== '')
    })
    await until('InfluxDB has samples', async () => (await influxd.count('plant', 'sensor', 'value')) > 0)
  })

  it('goes on while InfluxDB is down, and delivers when it is back', async () => {
    await influxd.stop()
    await advance(360)
    await until('the agent notices', async () => {
      const { connections } = await agent.state()
      return connections.some(({ name, status }) => name === 'history' && status.state !== 'up')
    })
    await influxd.restart()
  })

  it('goes on when the broker restarts', async () => {
    await broker.stop()
    await broker.start()
    await until('the publisher is back', () => publisher.connected)
    await agent.connected()
    await advance(400)
  })

  it('goes on when the OPC UA server restarts', async () => {
    await plc.kill()
    await publish(410)
    await plc.launch()
    await until('the agent has a subscription again', async () => (await plc.look()).subscriptions > 0)
    await agent.connected()
    await advance(440)
  })

  it('goes on after SIGKILL with all that was sent in the meantime', async () => {
    await agent.kill()
    await publish(480)
    await agent.start()
    await agent.connected()
    await advance(540)
    await agent.kill()
    await agent.start()
    await agent.connected()
    await advance(steps)
  })

  it('has every cleaned sample in InfluxDB, with its value, exactly once', async () => {
    await until('nothing waits', async () => {
      const { sinks } = await agent.ledger()
      return sinks.length === 2 && sinks.every(({ waiting }) => waiting === 0)
    })
    for (const pump of [1, 2]) {
      for (const role of roles) {
        const [want, have] = [expected(pump, role), await stored(pump, role)]
        assert.deepEqual(
          [...want.keys()].filter((time) => !have.has(time)),
          [],
          `pump${pump} ${role}: missing`,
        )
        // After the restart of the OPC UA server its value of step 0 holds again, from then on: one sample more.
        assert.equal(have.size, want.size + (pump === 2 ? 1 : 0), `pump${pump} ${role}: count`)
        for (const [time, value] of want)
          assert.ok(Math.abs(have.get(time)! - value) < 1e-9, `pump${pump} ${role} ${time}`)
      }
    }
  })

  it('has a prediction for every window of both machines', async () => {
    const end = begin + (steps - 1) * step
    const windows = Math.floor((end - begin - 1_000) / 2_000)
    await until('the last windows are delivered', async () => {
      const series = await influxd.query(`SELECT count("revision") FROM "prediction" GROUP BY "asset"`, 'plant')
      return series.length === 2 && series.every(({ values }) => Number(values[0][1]) >= windows)
    })
    for (const asset of ['line1/pump1', 'line1/pump2']) {
      const [series] = await influxd.query(`SELECT "revision" FROM "prediction" WHERE "asset" = '${asset}'`, 'plant')
      const times = series.values.map(([time]) => Number(time) / 1000)
      const gaps = times.slice(1).map((time, index) => time - times[index])
      assert.deepEqual([...new Set(gaps)], [2_000], `${asset}: every window, each once`)
    }
  })

  it('has the alarm, on the machine with the fault, in InfluxDB and retained at the broker', async () => {
    const alarms = `SELECT "score" FROM "alarm" WHERE "change" = 'raised' AND "asset" = 'line1/pump1'`
    const series = await influxd.query(alarms, 'plant')
    const raised = series.at(0)?.values.map(([time]) => Number(time) / 1000) ?? []
    assert.ok(raised.length > 0, 'raised')
    assert.ok(
      raised.every((time) => time > begin + faultAt * step),
      'not before the fault',
    )
    const newest = await retained(`millwright/e2e/line1/pump1/health`)
    assert.equal(newest.state, 'anomaly')
    assert.equal(newest.monitor, 'health')
  })

  it('has a ledger that adds up, and matches what was sent', async () => {
    const { sources, sinks } = await agent.ledger()
    for (const { name, difference } of [...sources, ...sinks]) assert.equal(difference, 0, name)
    const mqtt = sources.find(({ name }) => name === 'mqtt')!
    assert.ok(mqtt.received >= steps * roles.length)
    assert.deepEqual(mqtt.rejected, {})
    assert.equal(mqtt.inFlight, 0)
  })

  it('stops cleanly on SIGTERM', async () => assert.equal(await agent.stop(), 0))

  async function retained(topic: string): Promise<{ state?: string; monitor?: string }> {
    const client = await connectAsync(broker.url)
    try {
      const message = new Promise<string>((resolve) =>
        client.once('message', (_, payload) => resolve(payload.toString())),
      )
      await client.subscribeAsync(topic)
      return JSON.parse(await message) as { state?: string; monitor?: string }
    } finally {
      await client.endAsync(true)
    }
  }
})

function configuration(folder: string, port: number, broker: string, endpoint: string, influx: string): string {
  return `
site: e2e
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  mqtt:
    type: mqtt
    url: ${broker}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
    reconnect: { first: 100ms, longest: 1s }
  results:
    type: mqtt
    url: ${broker}
    publish: {}
    reconnect: { first: 100ms, longest: 1s }
  plc:
    type: opcua
    endpoint: ${endpoint}
    trust: any
    sampling: 0ms
    publishing: 100ms
    queue: 1000
    reconnect: { first: 200ms, longest: 2s }
    tags:
${roles.map((role) => `      - { node: "nsu=http://millwright.test/plant;s=line1/pump2/${role}", tag: line1/pump2/${role} }`).join('\n')}
  history: { type: influxdb, version: 1, url: "${influx}", database: plant }
clean:
  - deduplicate
  - scale: { tags: "**/temperature", from: °F, to: °C }
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 2s
    lateness: 1s
    idle: 10m
    model: { type: anomaly, quiet: true, sensitivity: 0.2 }
    learn: { after: 150s }
    alarm: { dwell: 3 windows }
`
}

function skip(context: Mocha.Context, why: string): never {
  context.test!.title += ` (skipped: ${why})`
  return context.skip()
}
