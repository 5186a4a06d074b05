import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { parse } from 'yaml'
import { hasMosquitto, startMosquitto, type Mosquitto } from '../../support/mosquitto.ts'
import { OpcuaServer, type ServerNode } from '../../support/opcua-server.ts'
import { millwright } from '../millwright.ts'

interface Written {
  readonly connectors: Record<
    string,
    { readonly tags?: object[]; readonly topics?: object[]; readonly identity?: object }
  >
  readonly assets: Record<string, { readonly tags: string }>
  readonly monitors: Record<string, { readonly assets: string }>
}

describe('millwright init', function () {
  let folder: string
  const path = (name: string) => join(folder, name)
  const written = () => parse(readFileSync(path('plant.yaml'), 'utf8')) as Written

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-init-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  describe('from an OPC UA server', () => {
    let server: OpcuaServer
    const analog = (name: string, place: string, unit: string, high: number): ServerNode => ({
      ...{ name, folder: place, value: 12.5, unit },
      range: { low: 0, high },
    })

    before(async () => {
      const pumps = ['line1/pump1', 'line1/pump2'].flatMap((pump) => [
        analog(`${pump}/speed`, pump, 'rpm', 3000),
        analog(`${pump}/flow`, pump, 'm³/h', 100),
      ])
      const device = 'DeviceSet/press1/ParameterSet'
      const nodes: ServerNode[] = [
        ...pumps,
        analog(`${device}/force`, device, 'kN', 500),
        { name: `${device}/motor/temperature`, folder: `${device}/motor`, value: 60 },
        { name: 'recipe', value: 'A1', dataType: 'String' },
        { name: 'wave', value: [1, 2, 3] },
        { name: `${device}/built`, folder: device, value: '2026-03-01T06:00:00Z', dataType: 'DateTime' },
        { name: `${device}/serviced`, folder: device, value: '1601-01-01T00:00:00Z', dataType: 'DateTime' },
      ]
      server = await OpcuaServer.start(nodes, { nodesets: ['di'], users: { anna: 'secret' } })
    })
    after(() => server.close())

    async function thumbprint(): Promise<string> {
      const { status, stderr } = await millwright(folder, 'init', server.endpoint, '--yes')
      assert.equal(status, 1)
      assert.match(stderr, /certificate that is not trusted yet/)
      assert.equal(existsSync(path('plant.yaml')), false)
      return /--trust ([0-9a-f]{40})/.exec(stderr)![1]
    }

    it('trusts no certificate by itself, and the named one then; what it writes passes the check', async () => {
      const { status, stderr } = await millwright(
        folder,
        'init',
        server.endpoint,
        '--yes',
        '--trust',
        (await thumbprint()).slice(0, 12),
      )
      assert.equal(status, 0, stderr)
      const { connectors, assets, monitors } = written()
      assert.deepEqual(connectors.plc.tags, [
        ...['line1/pump1', 'line1/pump2'].flatMap((pump) => [
          { node: node(`${pump}/speed`), tag: `${pump}/speed`, unit: 'rpm', low: 0, high: 3000 },
          { node: node(`${pump}/flow`), tag: `${pump}/flow`, unit: 'm³/h', low: 0, high: 100 },
        ]),
        { node: node('DeviceSet/press1/ParameterSet/force'), tag: 'press1/force', unit: 'kN', low: 0, high: 500 },
        { node: node('DeviceSet/press1/ParameterSet/built'), tag: 'press1/built' },
        { node: node('DeviceSet/press1/ParameterSet/serviced'), tag: 'press1/serviced' },
        { node: node('DeviceSet/press1/ParameterSet/motor/temperature'), tag: 'press1/motor.temperature' },
      ])
      assert.deepEqual(assets, { pump: { tags: '{line}/pump{n}/{role}' }, press: { tags: 'press{n}/{role}' } })
      assert.deepEqual(Object.keys(monitors), ['pump-health', 'press-health'])
      const text = readFileSync(path('plant.yaml'), 'utf8')
      assert.match(text, /Device press1: ACME, P-100, 4711/)
      assert.match(text, /tag: press1\/built } # 2026-03-01T06:00:00.000Z/)
      assert.match(text, /tag: press1\/serviced } # no value yet/)
      assert.equal((await millwright(folder, 'check', 'plant.yaml')).status, 0)
      assert.equal((await server.look()).sessions, 0)
    })

    it('narrows to the wanted tags, names what it made for programs, and overwrites only when told', async () => {
      const words = [
        'init',
        server.endpoint,
        '--yes',
        '--trust',
        await thumbprint(),
        '--tags',
        'line1/*/speed',
        '--json',
      ]
      const { status, stdout } = await millwright(folder, ...words)
      assert.equal(status, 0)
      const { tags, monitors } = JSON.parse(stdout) as { tags: string[]; monitors: string[] }
      assert.deepEqual(tags, ['line1/pump1/speed', 'line1/pump2/speed'])
      assert.deepEqual(monitors, [])
      const again = await millwright(folder, ...words)
      assert.equal(again.status, 1)
      assert.match(again.stderr, /plant\.yaml exists already/)
      assert.equal((await millwright(folder, ...words, '--force')).status, 0)
    })

    it('takes user and password file into the configuration', async () => {
      writeFileSync(path('plc.password'), 'secret\n')
      const words = [
        'init',
        server.endpoint,
        '--yes',
        '--trust',
        await thumbprint(),
        '--user',
        'anna',
        '--password-file',
        'plc.password',
      ]
      assert.equal((await millwright(folder, ...words)).status, 0)
      assert.deepEqual(written().connectors.plc.identity, { user: 'anna', password_file: 'plc.password' })
      writeFileSync(path('plc.password'), 'wrong\n')
      const refused = await millwright(folder, ...words, '--force')
      assert.equal(refused.status, 1)
      assert.match(refused.stderr, /the server refuses the identity/)
    })
  })

  describe('from an MQTT broker', () => {
    let broker: Mosquitto
    let client: MqttClient
    let timer: NodeJS.Timeout

    before(async function () {
      if (!hasMosquitto) return this.skip()
      broker = await startMosquitto()
      client = await connectAsync(broker.url)
      let count = 0
      timer = setInterval(() => {
        const ts = Date.now()
        const value = ++count + 0.5
        for (const pump of ['line1/pump1', 'line1/pump2'])
          for (const role of ['speed', 'flow']) client.publish(`plant/${pump}/${role}`, JSON.stringify({ ts, value }))
        client.publish('factory/mixer/data', JSON.stringify({ t: ts / 1000, v: value }))
        client.publish('energy/meter1', `power value=${value},cosphi=0.9 ${ts}000000`)
        client.publish('raw/scale', String(value))
        client.publish('waves/bearing', '[1,2,3]')
        const q = true
        const values = ['Mill.Load', 'Mill.Speed'].map((id, at) => ({ id, v: value + at, q, t: ts }))
        client.publish('gateway', JSON.stringify({ timestamp: ts, values }))
        const points = ['heat', 'feed'].map((point) => ({ point, reading: value, time: ts }))
        client.publish('kiln/all', JSON.stringify({ data: { points } }))
      }, 50)
    })
    after(async () => {
      clearInterval(timer)
      await client.endAsync(true)
      await broker.dispose()
    })

    it('recognises topics and payloads, and what it writes makes the proposed tags', async () => {
      const { status, stderr } = await millwright(folder, 'init', broker.url, '--yes', '--seconds', '1')
      assert.equal(status, 0, stderr)
      assert.match(stderr, /waves\/bearing.*no rate/)
      const { connectors, assets } = written()
      assert.deepEqual(connectors.broker.topics, [
        { filter: 'plant/+/+/+', tag: 'plant/{1}/{2}/{3}' },
        { filter: 'factory/mixer/data', tag: 'factory/mixer/data', time: { field: 't' }, values: 'v' },
        { filter: 'energy/meter1', tag: 'energy/meter1' },
        { filter: 'raw/scale', tag: 'raw/scale' },
        { filter: 'gateway', preset: 'kepware' },
        {
          filter: 'kiln/all',
          tag: 'kiln/all/{item}',
          items: { list: 'data.points', name: 'point', value: 'reading', time: 'time' },
        },
      ])
      assert.equal(assets.pump.tags, 'plant/{line}/pump{n}/{role}')
      const tried = await millwright(folder, 'test', '--once', '--config', 'plant.yaml', '--json')
      assert.equal(tried.status, 0, tried.stderr)
      const { sources } = JSON.parse(tried.stdout) as { sources: { values: { tag: string; value: number }[] }[] }
      const tags = sources[0].values.map(({ tag }) => tag).sort()
      assert.deepEqual(tags, [
        'Mill/Load',
        'Mill/Speed',
        'energy/meter1/power/cosphi',
        'energy/meter1/power/value',
        'factory/mixer/data',
        'kiln/all/feed',
        'kiln/all/heat',
        'plant/line1/pump1/flow',
        'plant/line1/pump1/speed',
        'plant/line1/pump2/flow',
        'plant/line1/pump2/speed',
        'raw/scale',
      ])
    })

    it('drops a first level that all topics share', async () => {
      const { status } = await millwright(folder, 'init', broker.url, '--yes', '--seconds', '1', '--filter', 'plant/#')
      assert.equal(status, 0)
      assert.deepEqual(written().connectors.broker.topics, [{ filter: 'plant/+/+/+', tag: '{1}/{2}/{3}' }])
    })

    it('says that nothing was heard, and writes nothing', async () => {
      const { status, stderr } = await millwright(
        folder,
        'init',
        broker.url,
        '--yes',
        '--seconds',
        '0.3',
        '--filter',
        'silence/#',
      )
      assert.equal(status, 1)
      assert.match(stderr, /nothing was heard on silence\/#/)
      assert.equal(existsSync(path('plant.yaml')), false)
    })
  })

  it('a server that is down, and an address that is none, are told in plain words', async () => {
    const down = await millwright(folder, 'init', 'mqtt://127.0.0.1:1', '--yes')
    assert.equal(down.status, 1)
    assert.match(down.stderr, /nothing listens there/)
    const wrong = await millwright(folder, 'init', 'http://plc')
    assert.equal(wrong.status, 2)
    assert.match(wrong.stderr, /opc\.tcp:/)
  })
})

function node(name: string): string {
  return `nsu=http://millwright.test/plant;s=${name}`
}
