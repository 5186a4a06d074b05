import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { systemClock } from '../../agent/core/index.ts'
import { Heartbeats, heartbeatSides } from '../../agent/decisions/index.ts'
import { type Config, schema } from '../../agent/settings/index.ts'
import { parseConfig } from '../../config/index.ts'
import { hasMosquitto, type Mosquitto, startMosquitto } from '../support/mosquitto.ts'
import { Proxy } from '../support/mosquitto-proxy.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'

const silent = () => undefined

describe('the heartbeat of a connector', () => {
  let server: OpcuaServer
  let folder: string
  let hearts: Heartbeats | undefined
  let next = 0
  let end = 0
  let asked = 0
  const warned: string[] = []

  const begin = (connectors: string): Config => {
    const config = parseConfig(`site: hall\ndata: ${folder}\nconnectors:\n${connectors}`, { schema, env: {} })
    const log = { debug: silent, info: silent, error: silent, warn: (_: object, words: string) => warned.push(words) }
    hearts = new Heartbeats({
      ...{ clock: systemClock, log, config: () => config, ...heartbeatSides(() => config, log) },
      progress: () => {
        asked++
        return { next, end }
      },
    })
    hearts.start()
    return config
  }
  const plc = (node: string) => `  plc: { type: opcua, endpoint: "${server.endpoint}", trust: any, timeout: 2s, tags: [ { node: "ns=2;s=Bit", tag: x } ], heartbeat: { node: "ns=2;s=${node}", every: 100ms } }\n` // prettier-ignore

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-heartbeat-'))
    server = await OpcuaServer.start([
      { name: 'Bit', value: false, dataType: 'Boolean' },
      { name: 'Byte', value: 98, dataType: 'Byte' },
      { name: 'Text', value: 'x', dataType: 'String' },
    ])
  })
  beforeEach(() => {
    next = end = asked = 0
    warned.length = 0
  })
  afterEach(() => hearts?.stop())
  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('toggles a Boolean', async () => {
    begin(plc('Bit'))
    await until('it is set', () => server.read('Bit'))
    await until('it is reset', async () => !(await server.read('Bit')))
  })

  it('counts in a number of any size', async () => {
    const seen = new Set<unknown>()
    begin(plc('Byte'))
    await until('it has begun again', async () => seen.add(await server.read('Byte')).has(3))
    assert.ok([...seen].every((value) => (value as number) < 100))
  })

  it('stops where entries wait and none is handled, and goes on with them', async () => {
    begin(plc('Byte'))
    await until('it beats', () => asked > 3)
    end = 10
    // The first beat may be of the progress before, and another one under way.
    const from = asked
    await until('it is asked', () => asked > from + 2)
    const held = await server.read('Byte')
    const then = asked
    await until('it is asked again', () => asked > then + 3)
    assert.equal(await server.read('Byte'), held)
    assert.match(warned.join(), /no heartbeat: the pipeline makes no progress/)
    next = 10
    await until('it beats again', async () => (await server.read('Byte')) !== held)
  })

  it('says of a node that cannot beat why', async () => {
    begin(plc('Text'))
    await until('it says so', () => warned.length > 0)
    assert.match(warned[0], /ns=2;s=Text holds x: give a Boolean or a number/)
  })

  describe('at a broker', function () {
    let broker: Mosquitto
    let proxy: Proxy
    let client: MqttClient
    let told: { state: string; count?: number }[] = []
    before(async function () {
      if (!hasMosquitto) this.skip()
      broker = await startMosquitto()
      proxy = await Proxy.start(broker.port)
      client = await connectAsync(broker.url)
      client.on('message', (_, payload) => told.push(JSON.parse(payload.toString()) as (typeof told)[number]))
      await client.subscribeAsync('plant/agent')
    })
    beforeEach(() => (told = []))
    after(async () => {
      await client.endAsync(true)
      await proxy.close()
      await broker.dispose()
    })
    const line = (port: number) => `  broker: { type: mqtt, url: "mqtt://127.0.0.1:${port}", topics: [ { filter: "plant/data/#" } ], heartbeat: { topic: plant/agent, every: 100ms } }\n` // prettier-ignore

    it('counts, and says goodbye', async () => {
      begin(line(broker.port))
      await until('it has counted', () => told.some(({ count }) => count === 2))
      assert.deepEqual([...new Set(told.map(({ state }) => state))], ['alive'])
      await hearts!.stop()
      await until('it is gone', () => told.at(-1)?.state === 'gone')
    })

    it('is said to be gone by the broker where the connection breaks', async () => {
      begin(line(proxy.port))
      await until('it beats', () => told.some(({ count }) => count === 1))
      proxy.cut()
      await until('the broker says so', () => told.some(({ state }) => state === 'gone'))
      await until('it is back', () => told.at(-1)?.state === 'alive')
    })
  })
})
