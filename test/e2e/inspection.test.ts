import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import type { RejectMessage, InspectionMessage } from '../../connectors/mqtt/messages.ts'
import { seededRandom } from '../../models/random.ts'
import { millwright } from '../cli/millwright.ts'
import { disc, goodParts, png } from '../models/inspection/pictures.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer, type ServerValue } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'

/** What happens to a part on its way along the line. Without heat, nobody measured it. */
interface Part {
  readonly name: string
  readonly torque: number
  /** Largest force of the press; good parts have 20 more than the torque. */
  readonly force: number
  readonly heat?: number
  readonly scratched?: boolean
}

const good = { torque: 3, force: 23, heat: 80 }
const size = 128

describe('one verdict from image, values and press stroke, on real servers', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-e2e-parts-'))
  /** Event time of the first part; each takes ten seconds. */
  const begin = Date.now() - 600_000
  const random = seededRandom(11)
  const verdicts: InspectionMessage[] = []
  const outcomes: RejectMessage[] = []
  const signals: string[] = []
  const started: (() => Promise<unknown>)[] = []
  let broker: Mosquitto
  let plc: OpcuaServer
  let agent: AgentProcess
  let client: MqttClient
  let count = 0

  before(async function () {
    if (!hasMosquitto) {
      this.test!.title += ' (skipped: mosquitto is not installed)'
      this.skip()
    }
    broker = await startMosquitto({ persistence: true })
    started.push(() => broker.dispose())
    plc = await OpcuaServer.start(nodes())
    started.push(() => plc.close())
    const port = await freePort()
    agent = new AgentProcess(folder, port, configuration(folder, port, broker.url, plc.endpoint))
    started.push(() => agent.kill())
    await train()
    await agent.start()
    client = await connectAsync(broker.url, { protocolVersion: 5 })
    started.push(() => client.endAsync(true))
    client.on('message', (topic, payload) => {
      const message: unknown = JSON.parse(payload.toString())
      if (topic.endsWith('/verdict')) verdicts.push(message as InspectionMessage)
      else if (topic.endsWith('/outcome')) outcomes.push(message as RejectMessage)
      else signals.push((message as { part: string }).part)
    })
    await client.subscribeAsync(['millwright/e2e/weld/verdict', 'millwright/e2e/weld/reject/#'], { qos: 1 })
    await agent.connected()
  })

  after(async () => {
    for (const stop of started.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(`${JSON.stringify([verdicts, outcomes])}\n${agent.output}\n`) // prettier-ignore
  })

  /** The models, as a user makes them: from a folder of good images, and from a table of good parts. */
  async function train(): Promise<void> {
    mkdirSync(join(folder, 'good'))
    for (const { name, image } of await goodParts(40, size)) writeFileSync(join(folder, 'good', name), image)
    const rows = Array.from({ length: 200 }, () => {
      const torque = 3 + 0.3 * random.normal()
      return [torque, 80 + random.normal(), 20 + torque + 0.05 * random.normal()].join(',')
    })
    writeFileSync(join(folder, 'parts.csv'), ['torque,heat,stroke.force.max', ...rows].join('\n'))
    for (const from of [
      ['--images', 'good'],
      ['--data', 'parts.csv'],
    ]) {
      const { status, stderr } = await millwright(folder, 'train', '-c', 'plant.yaml', '--monitor', 'weld', ...from)
      assert.equal(status, 0, stderr)
    }
  }

  const publish = (topic: string, ts: number, value: number | string) => client.publishAsync(`line1/${topic}`, JSON.stringify({ ts, value }), { qos: 1 }) // prettier-ignore

  /** A part goes along the line: the press, the screwdriver, the oven, the camera. */
  async function make({ name, torque, force, heat, scratched = false }: Part): Promise<void> {
    const at = begin + count++ * 10_000
    const stroke = [0.3, 0.8, 1, 0.5].map((share, i) => number('Force', force * share, at + 100 * (i + 1)))
    await plc.write(text('PressPart', name, at), ...stroke, number('Force', 0.001 * count, at + 5000))
    await publish('screw/part', at + 1000, name)
    await publish('screw/torque', at + 1500, torque)
    await publish('oven/part', at + 2000, name)
    if (heat !== undefined) await publish('oven/heat', at + 2500, heat)
    const image = await png(disc(size, random, scratched), size)
    await plc.write(text('ImagePart', name, at + 6000), { name: 'Image', value: Uint8Array.from(image), dataType: 'ByteString', sourceTime: at + 6100 }) // prettier-ignore
  }

  async function verdictOn(part: Part): Promise<InspectionMessage> {
    await make(part)
    await until(`${part.name} has its verdict`, () => verdicts.at(-1)?.part === part.name)
    return verdicts.at(-1)!
  }

  const rejected = async () => [await plc.read('Reject'), await plc.read('RejectPart')]

  it('passes a good part', async () => {
    const { verdict, reason, values, measured, label, model, score, threshold } = await verdictOn({ name: 'P1', ...good }) // prettier-ignore
    assert.deepEqual([verdict, reason, label], ['pass', '', 'good'])
    assert.deepEqual(values, { torque: 3, heat: 80, 'stroke.force.max': 23 })
    assert.ok(score! <= threshold! && model !== '')
    assert.ok(measured!.score! <= measured!.threshold)
    await until('the signal is off', async () => (await plc.read('Reject')) === false)
  })

  it('rejects one that is scratched, by its image', async () => {
    const { verdict, label, measured } = await verdictOn({ name: 'P2', ...good, scratched: true })
    assert.deepEqual([verdict, label, measured!.label], ['fail', 'defect', 'good'])
    await until('the PLC has the signal', async () => (await rejected()).join() === 'true,P2')
    const shown = (await agent.get('/api/inspections/weld')) as { signal: { state: string }; newest: { part: string; measured: { model: string } }[] } // prettier-ignore
    assert.equal(shown.signal.state, 'up')
    assert.ok(shown.newest.find(({ part }) => part === 'P2')?.measured.model)
    await until('it is told that it was given', () => outcomes.at(-1)?.part === 'P2')
    assert.equal(outcomes.at(-1)!.outcome, 'done')
    await until('the topic has the signal', () => signals.join() === 'P2')
  })

  it('takes the signal back for the next good one', async () => {
    assert.equal((await verdictOn({ name: 'P3', ...good })).verdict, 'pass')
    await until('the signal is off', async () => (await plc.read('Reject')) === false)
  })

  it('rejects one whose press stroke does not fit its torque, though each by itself is ordinary', async () => {
    const { verdict, label, reason, measured } = await verdictOn({ name: 'P4', ...good, force: 23.6 })
    assert.deepEqual([verdict, label, measured!.label], ['fail', 'good', 'defect'])
    assert.match(reason, /^values: score .* most by (stroke.force.max|torque)$/)
    await until('the PLC has the signal', async () => (await rejected()).join() === 'true,P4')
  })

  it('rejects one outside a limit', async () => {
    const { verdict, reason } = await verdictOn({ name: 'P5', ...good, heat: 99 })
    assert.equal(verdict, 'fail')
    assert.match(reason, /heat 99 is outside/)
    await until('the PLC has the signal', async () => (await rejected()).join() === 'true,P5')
  })

  it('calls one incomplete whose heat nobody measured, and does not reject it', async () => {
    const { verdict, reason } = await verdictOn({ name: 'P6', torque: 3, force: 23 })
    assert.deepEqual([verdict, reason], ['incomplete', 'no heat'])
    await until('the signal is off', async () => (await plc.read('Reject')) === false)
  })

  it('judges no part again after a power cut, and goes on with the next', async () => {
    await agent.kill()
    await agent.start()
    await agent.connected()
    assert.equal((await verdictOn({ name: 'P7', ...good, scratched: true })).verdict, 'fail')
    await until('the PLC has the signal', async () => (await rejected()).join() === 'true,P7')
    // The newest message may be published once more: the cut was before the sink knew that the broker had it.
    const different = new Map(verdicts.map((message) => [`${message.part} ${message.ms}`, message.part]))
    assert.deepEqual([...different.values()], ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7'])
  })

  it('finds the parts of the journal to learn from beside the agent at work', async () => {
    const { status, stderr } = await millwright(folder, 'train', '-c', 'plant.yaml', '--monitor', 'weld', '--journal')
    assert.notEqual(status, 0)
    assert.match(stderr, /station weld has 2 good parts to learn from, and needs 50/)
  })
})

const number = (name: string, value: number, sourceTime: number): ServerValue => ({ name, value, sourceTime })
const text = (name: string, value: string, sourceTime: number): ServerValue => ({ name, value, dataType: 'String', sourceTime }) // prettier-ignore

function nodes(): ServerValue[] {
  return [
    number('Force', 0, 0),
    ...['PressPart', 'ImagePart', 'RejectPart'].map((name) => ({ name, value: '', dataType: 'String', sourceTime: 0 })),
    { name: 'Image', value: null, dataType: 'ByteString' },
    { name: 'Reject', value: true, dataType: 'Boolean' },
  ]
}

function configuration(folder: string, port: number, broker: string, endpoint: string): string {
  return `
site: e2e
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  mqtt: { type: mqtt, url: "${broker}", topics: [{ filter: "line1/+/+", tag: "line1/{1}/{2}" }], publish: {}, reconnect: { first: 100ms, longest: 1s } }
  plc:
    type: opcua
    endpoint: ${endpoint}
    trust: any
    sampling: 0ms
    publishing: 50ms
    queue: 100
    reconnect: { first: 200ms, longest: 1s }
    tags:
      - { node: "ns=2;s=PressPart", tag: line1/at-press, type: text }
      - { node: "ns=2;s=Force", tag: line1/press/force }
assets:
  press: { tags: "line1/{asset}ress/{role}" }
monitors:
  press: { assets: press, window: { session: 1s }, lateness: 100ms, features: [max], learn: { after: 1000d } }
inspections:
  weld:
    source: { type: opcua, connector: plc, image: "ns=2;s=Image", part: "ns=2;s=ImagePart", publishing: 50ms }
    model: { type: learned, methods: [patches], false_rejects: 0.01 }
    verdict: { threshold: 5 }
    values:
      torque: { tag: line1/screw/torque, part: line1/screw/part, min: 2, max: 4 }
      heat: { tag: line1/oven/heat, part: line1/oven/part, max: 95 }
    windows:
      stroke: { monitor: press, features: [force.max], part: line1/at-press }
    measured: { model: anomaly }
    timeout: 4s
    reject: { connector: plc, node: "ns=2;s=Reject", otherwise: false, part: "ns=2;s=RejectPart" }
`
}
