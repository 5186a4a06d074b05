import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import type { DeadLetterView } from '../../agent/view/index.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { until } from '../support/until.ts'

/** Values of a message that is read for so long that the process can be killed meanwhile. */
const values = 990_000

/**
 * The process is killed from outside while it reads a message, as the system does for memory and the service manager for a
 * hang: nothing in it can say a word.
 */
describe('an agent that ends without a word', function () {
  this.timeout(240_000)
  let folder: string
  let broker: Mosquitto
  let client: MqttClient
  let agent: AgentProcess

  before(async function () {
    if (!hasMosquitto) this.skip()
    folder = mkdtempSync(join(tmpdir(), 'millwright-ends-'))
    broker = await startMosquitto()
    client = await connectAsync(broker.url)
    const port = await freePort()
    agent = new AgentProcess(
      folder,
      port,
      `site: mill
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  plant:
    type: mqtt
    url: ${broker.url}
    clean: true
    max_payload: 20MB
    max_samples: 1000000
    max_decode: 60s
    topics: [{ filter: "line/#" }]
  quiet: { type: mqtt, url: "${broker.url}", topics: [{ filter: "other/#" }] }
`,
    )
  })
  after(async () => {
    if (!hasMosquitto) return
    await agent.kill()
    await client.endAsync()
    await broker.dispose()
    rmSync(folder, { recursive: true, force: true })
  })

  const heavy = (nonce: number) =>
    client.publishAsync('line/heavy', `[${`{"a":${nonce}},`.repeat(values)}{"a":${nonce}}]`, { retain: true, qos: 1 })
  /** Starts it and kills it while it has the message in hand. */
  async function endWhileReading(): Promise<void> {
    const started = agent.start().catch(() => undefined)
    await until('the message is in hand', isInHand)
    await agent.kill()
    await started
  }
  /** A mark whose first byte is none is of something that the agent is through with. */
  const isInHand = () => {
    const read = (name: string) => readFileSync(join(folder, 'data', name), 'latin1')
    const { phase, pid } = JSON.parse(read('start.json') || '{}') as { phase?: string; pid?: number }
    if (phase !== 'work' || pid !== agent.pid) return false
    return /(^|\0)connector plant\n[^\0]/.test(read('in-hand'))
  }

  const letters = async () => ((await agent.get('/api/dead-letters')) ?? []) as DeadLetterView[]

  it('puts a message aside that was in hand at two ends, and reads the others', async () => {
    await agent.start()
    await agent.kill()
    await heavy(1)
    await endWhileReading()
    await endWhileReading()
    await agent.start()
    await until('the message is put aside', async () => (await letters()).length > 0)
    const [letter] = await letters()
    assert.deepEqual([letter.reason, letter.origin, letter.subject], ['quarantined', 'plant', 'line/heavy'])
    assert.match(letter.detail, /ended 2 times while it read this message/)
    assert.match(letter.payload, /^\[\{"a":1\},/)
    assert.match(agent.output, /connector plant puts it aside, unread/)
    await client.publishAsync('line/sound', '7', { qos: 1 })
    await until('another is read', async () => (await agent.ledger()).sources[0].stored === 1)
    assert.equal((await agent.state()).leftOut, undefined)
    assert.equal(await agent.stop(), 0)
  })

  it('starts without a connector that ends it again and again, says so, and brings it back after a stop', async () => {
    await agent.start()
    await agent.kill()
    for (const nonce of [2, 3]) {
      await heavy(nonce)
      await endWhileReading()
    }
    await agent.start()
    const { leftOut = [], connections, ready } = await agent.state()
    assert.match(leftOut.join(), /^connector plant is left out: it ended the agent three times within a minute/)
    const plant = connections.find(({ name }) => name === 'plant')!
    assert.equal(plant.status.state, 'down')
    assert.match(plant.status.message, /is left out/)
    assert.match(plant.status.remedy ?? '', /stop the agent and start it again/)
    assert.ok(ready.reasons.some((reason) => reason.startsWith('connector plant is left out')))
    assert.match(agent.output, /"level":50[^\n]*connector plant is left out/)
    await until('the rest works', async () =>
      (await agent.state()).connections.some(({ name, status }) => name === 'quiet' && status.state === 'up'),
    )
    await client.publishAsync('line/heavy', '', { retain: true, qos: 1 })
    assert.equal(await agent.stop(), 0)
    await agent.start()
    await agent.connected()
    assert.equal((await agent.state()).leftOut, undefined)
    assert.equal(await agent.stop(), 0)
  })
})
