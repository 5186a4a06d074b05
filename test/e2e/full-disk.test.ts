import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { MqttClient } from 'mqtt'
import type { AgentProcess } from '../support/agent-process.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'

const samplesAMessage = 100

describe('full disk', function () {
  const running = runningAgent({ site: 'full-disk', configuration })
  const { folder } = running
  let agent: AgentProcess
  let publisher: MqttClient
  let published = 0
  let connected = 0

  before(function () {
    if (process.platform !== 'linux') skip(this, 'needs a limit on file size, set with prlimit')
    ;({ agent, client: publisher } = running)
  })

  /** A list of samples that does not compress; each message acknowledged by the broker. */
  async function publish(): Promise<void> {
    const ts = Date.now()
    const pairs = Array.from({ length: samplesAMessage }, (_, i) => [ts - i / 100, Math.sin(published * 1_000 + i)])
    published += samplesAMessage
    await publisher.publishAsync('plant/line1/pump1/vibration', JSON.stringify(pairs), { qos: 1 })
  }

  /** A limit on the size of files acts like a full disk, for anybody and in the kernel. */
  async function limitFiles(bytes: number | 'unlimited'): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:`])
  }

  const stored = async () => (await agent.ledger()).sources[0].stored
  const ready = async () => (await agent.get('/readyz')) as { ok: boolean; reasons: string[] }

  it('refuses acknowledgements and says so, and goes on serving what it has', async () => {
    await publish()
    await until('stored', async () => (await stored()) === published)
    await limitFiles(statSync(join(folder, 'data', 'journal', 'data.mdb')).size + 200_000)
    connected = agent.output.split('subscribed at').length
    await until('the agent says that it cannot store', async () => {
      await publish()
      return (await ready()).reasons.some((reason) => /cannot store; nothing is acknowledged/.test(reason))
    })
    assert.match(agent.output, /JOURNAL_FULL/)
    assert.match(agent.output, /nothing is acknowledged, what comes waits: no room is left/)
    const [source] = (await agent.ledger()).sources
    assert.ok(source.stored < published, 'not all is stored')
    assert.equal(source.difference, 0)
    const { assets } = await agent.state()
    assert.ok(Number.isFinite(assets[0].tags[0].value), 'values are served')
    await until('an alarm of the disk', async () =>
      (await agent.state()).alarms.some(({ monitor }) => monitor === 'disk'),
    )
    assert.equal(((await agent.get('/healthz')) as { ok: boolean }).ok, true)
  })

  it('gets everything again once there is room, and loses nothing', async () => {
    await limitFiles('unlimited')
    await publish()
    await until('all is stored', async () => (await stored()) >= published)
    await until('ready again', async () => (await ready()).ok)
    const [source] = (await agent.ledger()).sources
    assert.deepEqual([source.difference, source.inFlight, source.rejected], [0, 0, {}])
    assert.equal(agent.output.split('subscribed at').length, connected, 'the connection was kept all the while')
    assert.equal(agent.output.split('nothing is acknowledged').length, 2, 'said once')
  })
})

function configuration({ broker }: RunningAgent): string {
  return `
connectors:
  mqtt:
    type: mqtt
    url: ${broker.url}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
    reconnect: { first: 50ms, longest: 500ms }
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
monitors:
  health: { assets: pump, window: 10s, every: 5s }
`
}

function skip(context: Mocha.Context, why: string): never {
  context.test!.title += ` (skipped: ${why})`
  return context.skip()
}
