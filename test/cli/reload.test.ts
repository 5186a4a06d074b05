import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { RawPublisher, encodeMessages } from '../support/publisher.ts'
import { until } from '../support/until.ts'

describe('reload of the configuration', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-reload-'))
  let broker: Mosquitto
  let plc: OpcuaServer
  let agent: AgentProcess
  let port: number
  let sent = 0
  const started: (() => Promise<unknown>)[] = []

  before(async function () {
    if (!hasMosquitto) return this.skip()
    broker = await startMosquitto({ persistence: true })
    started.push(() => broker.dispose())
    // One session: a reload that opens the next before the last is closed would be refused.
    plc = await OpcuaServer.start([{ name: 'line1/pump9/speed', value: 1 }], { capabilities: { maxSessions: 1 } })
    started.push(() => plc.close())
    port = await freePort()
    agent = new AgentProcess(folder, port, configuration({}))
    started.push(() => agent.kill())
    await agent.start()
    await agent.connected()
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(agent.output.slice(-6_000))
  })

  interface Variant {
    readonly qos?: number
    readonly sampling?: string
    readonly window?: string
    readonly port?: number
    readonly level?: string
    readonly extra?: string
  }

  function configuration({
    qos = 1,
    sampling = '0ms',
    window = '10s',
    level = 'info',
    extra = '',
    ...more
  }: Variant): string {
    return `
site: reload
data: ${join(folder, 'data')}
http: { port: ${more.port ?? port} }
log: { level: ${level} }
connectors:
  mqtt:
    type: mqtt
    url: ${broker.url}
    qos: ${qos}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
    reconnect: { first: 50ms, longest: 500ms }
  results: { type: mqtt, url: "${broker.url}", publish: {} }
  plc:
    type: opcua
    endpoint: ${plc.endpoint}
    trust: any
    sampling: ${sampling}
    publishing: 100ms
    reconnect: { first: 100ms, longest: 1s }
    tags: [{ node: "nsu=http://millwright.test/plant;s=line1/pump9/speed", tag: line1/pump9/speed }]
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
monitors:
  health: { assets: pump, window: ${window}, every: 5s, learn: { after: 1d } }
${extra}`
  }

  /** Writes the file and asks for the reload; resolves when the agent has said what became of it. */
  async function reload(text: string): Promise<string> {
    const at = agent.output.length
    writeFileSync(agent.file, text)
    agent.signal('SIGHUP')
    await until('the agent answers the SIGHUP', () => /SIGHUP: the configuration/.test(agent.output.slice(at)))
    return agent.output.slice(at)
  }

  async function stored(): Promise<number> {
    const { sources } = await agent.ledger()
    return sources.find(({ name }) => name === 'mqtt')?.stored ?? 0
  }

  /** Publishes with QoS 1 until `more` says that it is enough; the broker has all of it then. */
  async function publishWhile(publisher: RawPublisher, more: () => boolean): Promise<void> {
    while (more()) {
      const messages = Array.from({ length: 100 }, (_, index) => ({
        topic: `plant/line1/pump${index % 4}/speed`,
        payload: JSON.stringify({ ts: Date.now(), value: sent + index }),
      }))
      await publisher.write(encodeMessages(messages, 1))
      sent += 100
      await publisher.acknowledgedBut(500)
    }
    await publisher.acknowledgedBut(0)
  }

  it('under load: a connector restarts, and every message is stored exactly once', async () => {
    const publisher = await RawPublisher.connect(broker.port)
    let loading = true
    const load = publishWhile(publisher, () => loading)
    for (let round = 0; round < 5; round++) {
      const said = await reload(configuration({ qos: round % 2 === 0 ? 2 : 1 }))
      assert.match(said, /connector mqtt restarted/)
      assert.doesNotMatch(said, /connector plc|connector results/)
      await agent.connected()
    }
    loading = false
    await load
    await publisher.close()
    await until(
      () => `all of ${sent} are stored`,
      async () => (await stored()) >= sent,
    )
    assert.equal(await stored(), sent)
    for (const { difference } of (await agent.ledger()).sources) assert.equal(difference, 0)
  })

  it('a bad file changes nothing, and the log names its lines', async () => {
    const before = await agent.state()
    const said = await reload(configuration({}).replace('window: 10s', 'window: soon'))
    assert.match(said, /plant\.yaml:\d+:\d+ monitors\.health\.window: expected a duration/)
    const { connections } = await agent.state()
    assert.deepEqual(
      connections.map(({ name, status }) => [name, status.state]),
      before.connections.map(({ name, status }) => [name, status.state]),
    )
    const unreadable = await reload('connectors: [')
    assert.match(unreadable, /plant\.yaml:1:\d+/)
  })

  it('a monitor with another window begins anew, while the others go on', async () => {
    const extra = '  other: { assets: pump, window: 20s, learn: { after: 1d } }'
    assert.match(await reload(configuration({ extra })), /monitors\.other changed/)
    await until('both monitors look at the machines', async () => {
      const { assets } = await agent.state()
      return assets.some(({ monitors }) => monitors.length === 2)
    })
    const said = await reload(configuration({ window: '30s', extra }))
    assert.match(said, /monitors\.health changed/)
    assert.doesNotMatch(said, /monitors\.other changed|connector \w+ (re)?start/)
    await reload(configuration({}))
  })

  it('an OPC UA server with one session has it free for the next connection', async () => {
    assert.match(await reload(configuration({ sampling: '200ms' })), /connector plc restarted/)
    await agent.connected()
    assert.equal((await plc.look()).sessions, 1)
    assert.doesNotMatch(agent.output, /no session left/)
  })

  it('says what takes effect at the next start only', async () => {
    assert.match(
      await reload(configuration({ sampling: '200ms', port: port + 1 })),
      /http takes effect at the next start/,
    )
    assert.notEqual(await agent.get('/healthz'), undefined)
    await reload(configuration({}))
  })

  it('sees that the file has changed without being told', async () => {
    const at = agent.output.length
    writeFileSync(agent.file, configuration({ level: 'debug' }))
    await until('it is reloaded', () =>
      /the file has changed.*log level changed|log level changed.*the file has changed/s.test(agent.output.slice(at)),
    )
    await reload(configuration({}))
  })

  it('is on record, with what has changed', async () => {
    const entries = (await agent.get('/api/audit')) as { action: string; detail: string }[]
    const reloads = entries.filter(({ action }) => action === 'reload').map(({ detail }) => detail)
    assert.ok(reloads.includes('http takes effect at the next start'), reloads.join('\n'))
    assert.ok(reloads.includes('log level changed'), reloads.join('\n'))
  })

  it('fifty reloads leave no session, no connection and no memory behind', async () => {
    await reload(configuration({ qos: 2, sampling: '0ms', window: '20s' }))
    const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, 'utf8'))![1])
    const sockets = () => descriptors(agent.pid)
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) {
        const odd = round % 2 === 1
        await reload(configuration({ qos: odd ? 2 : 1, sampling: odd ? '0ms' : '100ms', window: odd ? '20s' : '10s' }))
      }
      await agent.connected()
    }
    await rounds(10)
    const [memoryBefore, socketsBefore] = [memory(), sockets()]
    await rounds(50)
    await until('no socket is left over', () => sockets() <= socketsBefore + 1)
    assert.equal((await plc.look()).sessions, 1)
    const grown = memory() - memoryBefore
    assert.ok(grown < 60_000, `grew by ${grown} kB`)
    assert.equal(await stored(), sent)
    assert.doesNotMatch(agent.output, /MaxListenersExceededWarning/)
  })

  it('stops cleanly', async () => assert.equal(await agent.stop(), 0))
})

/** Open files and sockets of a process. */
function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
