import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Marks, Starts } from '../../agent/process/index.ts'
import { encodeOnnx } from '../../models/onnx/graph.ts'
import { freePort } from '../support/ports.ts'
import { runningAgent } from '../support/running-agent.ts'
import { ScriptedBroker } from '../support/scripted-broker.ts'
import { endless, sum } from '../support/sum-graph.ts'
import { until } from '../support/until.ts'

/** A PUBREL without an id, which no broker may send. */
const broken = [0x62, 0]

describe('an agent of which one part is bad', function () {
  this.timeout(240_000)
  let bad: ScriptedBroker
  const running = runningAgent({
    site: 'parts',
    start: false,
    prepare: async ({ folder, own }) => {
      port = await freePort()
      bad = new ScriptedBroker(port, 5, broken)
      own.call(running, () => bad.close())
      writeFileSync(join(folder, 'sum.onnx'), encodeOnnx(sum))
      writeFileSync(join(folder, 'other.onnx'), endless())
    },
    configuration: ({ broker, folder }) => `
connectors:
  plant: { type: mqtt, url: "${broker.url}", topics: [{ filter: "line/+/+", tag: "{1}/{2}" }], publish: {} }
  bad: { type: mqtt, url: "mqtt://127.0.0.1:${port}", topics: [{ filter: "a" }], reconnect: { first: 50ms, longest: 200ms } }
assets:
  press: { tags: "{asset}/{role}" }
monitors:
${['sum', 'other'].map((name) => `  ${name}: { assets: press, window: 10s, lateness: 0s, model: { type: onnx, file: "${join(folder, `${name}.onnx`)}", inputs: [a.mean, b.mean], threshold: 25 } }`).join('\n')}
inspections:
  gate: { values: { a: { tag: press/a, part: press/part, max: 90 } } }
`,
  })
  let port = 0
  let time = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000

  /** A minute of the machine comes. */
  async function publish(): Promise<void> {
    for (let at = 0; at < 60; at++, time += 1_000)
      for (const name of ['a', 'b'])
        await running.client.publishAsync(`line/press/${name}`, JSON.stringify({ ts: time, value: at % 5 }), { qos: 1 })
  }

  /** Another minute comes; resolves when the monitor `sum` has judged it. */
  async function judged(): Promise<void> {
    await publish()
    await until('the machine is judged', async () => {
      const asset = (await running.agent.state()).assets.find(({ name }) => name === 'press')
      const monitor = asset?.monitors.find((one) => one.monitor === 'sum')
      return monitor?.state === 'normal' && (monitor.time ?? 0) > time - 30_000
    })
  }

  /** As if processes had ended quickly, one after the other, with a part at work. */
  function threeEnds(part: string): void {
    for (let end = 0; end < 3; end++) {
      const starts = new Starts(running.data)
      const marks = new Marks(running.data, starts.unclean)
      starts.enter('work')
      marks.take(part, '')
    }
  }

  const leftOut = async () => (await running.agent.state()).leftOut ?? []
  afterEach(() => running.agent.kill())

  it('judges with its other models where one never comes back, and goes on beside a broker that breaks the protocol', async () => {
    const { agent } = running
    await agent.start()
    await judged()
    await until('the broken broker is tried again', () => bad.connections > 3)
    const { connections, assets } = await agent.state()
    assert.notEqual(connections.find(({ name }) => name === 'bad')!.status.state, 'up')
    assert.equal(connections.find(({ name }) => name === 'plant')!.status.state, 'up')
    await until('the model is refused', () => /other.*no answer for 20 s/.test(agent.output))
    assert.equal(assets[0].monitors.find(({ monitor }) => monitor === 'other')?.score ?? null, null)
    assert.equal(await agent.stop(), 0)
    copyFileSync(join(running.folder, 'sum.onnx'), join(running.folder, 'other.onnx'))
  })

  for (const part of ['monitor other', 'station gate'])
    it(`starts without ${part} after three quick ends of it, says so, judges the rest, and has it again after a stop`, async () => {
      const { agent } = running
      threeEnds(part)
      await agent.start()
      assert.ok((await leftOut()).some((text) => text.startsWith(`${part} is left out`)))
      const { reasons } = (await agent.get('/readyz')) as { reasons: string[] }
      assert.ok(reasons.some((reason) => reason.startsWith(`${part} is left out`)), JSON.stringify(reasons)) // prettier-ignore
      await judged()
      assert.equal(await agent.stop(), 0)
      await agent.start()
      assert.deepEqual(await leftOut(), [])
      assert.equal(await agent.stop(), 0)
    })

  it('starts without the page after three quick ends of it, and goes on judging', async () => {
    const { agent, client } = running
    threeEnds('page')
    const heard: string[] = []
    client.on('message', (topic) => heard.push(topic))
    await client.subscribeAsync('millwright/parts/press/sum', { qos: 1 })
    const before = agent.output.length
    // Nobody answers over HTTP, so that it is known by what it says and does.
    agent.start().catch(() => undefined)
    await until('it says so', () => agent.output.slice(before).includes('page is left out'))
    await until('it runs', () => agent.output.slice(before).includes('"running"'))
    await publish()
    await until('the machine is judged', () => heard.length > 1)
    assert.equal(await agent.get('/healthz'), undefined)
  })
})
