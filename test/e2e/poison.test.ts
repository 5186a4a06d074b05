import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeOnnx } from '../../models/onnx/graph.ts'
import type { DeadLetterView } from '../../agent/view/index.ts'
import { poison } from '../support/poison.ts'
import { runningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'

/** A model that needs no training: a score beyond 25 is an anomaly. */
const identity = encodeOnnx({
  name: 'identity',
  inputs: [{ name: 'x', shape: ['batch', 1] }],
  outputs: [{ name: 'score', shape: ['batch', 1] }],
  constants: [],
  steps: [{ operator: 'Identity', inputs: ['x'], outputs: ['score'] }],
  metadata: {},
})
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"><rect width="1" height="1"/></svg>'
/** More values than a message may hold; as many new names as would use up the tags of the plant. */
const manyTags = JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, 1])))
/** Longer than the pattern of parts may take. */
const longTopic = `camera/${'a_'.repeat(2_000)}x`

/** How a topic is configured for a message, in the order of `poison`. */
const topics = () =>
  poison.map(([, , , topic = {}], at) => JSON.stringify({ filter: `poison/${at}/x`, tag: `poison/${at}`, ...topic })).join(', ') // prettier-ignore

describe('poison that the broker has retained', function () {
  const running = runningAgent({
    site: 'poison',
    start: false,
    configuration: ({ broker, folder }) => {
      writeFileSync(join(folder, 'model.onnx'), identity)
      return `
connectors:
  plant:
    type: mqtt
    url: ${broker.url}
    topics: [${topics()}, { filter: wide/x, tag: wide }, { filter: line/+/+, tag: "{1}/{2}" }]
    publish: {}
assets:
  pump: { tags: "{asset}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 10s
    lateness: 0s
    model: { type: onnx, file: "${join(folder, 'model.onnx')}", inputs: [level.mean], threshold: 25 }
inspections:
  gate: { source: { type: mqtt, url: "${broker.url}", topic: "camera/#", part: "camera/*_{part}_*" } }
`
    },
  })
  let time = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000
  let letters: readonly DeadLetterView[] = []

  /** Publishes a minute of a machine; resolves when its windows are judged and the broker has heard of it. */
  async function judged(level: number, state: string): Promise<void> {
    const { client, agent } = running
    for (let at = 0; at < 60; at++, time += 1_000)
      await client.publishAsync('line/press/level', JSON.stringify({ ts: time, value: level }), { qos: 1 })
    await until(`the machine is ${state}`, async () => {
      const [asset] = (await agent.state()).assets.filter(({ name }) => name === 'press')
      const monitor = (asset as typeof asset | undefined)?.monitors.find((one) => one.monitor === 'health')
      return monitor?.state === state && (monitor.time ?? 0) > time - 30_000
    })
  }

  async function putAside(): Promise<void> {
    const of = (subject: string) => letters.filter((letter) => letter.subject.split(' ')[0] === subject)
    await until('all of it is put aside', async () => {
      letters = ((await running.agent.get('/api/dead-letters?limit=1000')) ?? []) as DeadLetterView[]
      return poison.every((_, at) => of(`poison/${at}/x`).length > 0) && of('wide/x').length > 0 && of('camera/1').length > 0 // prettier-ignore
    })
    for (const [at, [what, , reason]] of poison.entries())
      assert.ok(of(`poison/${at}/x`).some((letter) => letter.reason === reason), `${what}: ${of(`poison/${at}/x`)[0].reason}`) // prettier-ignore
    for (const { reason } of of('wide/x')) assert.match(reason, /unmapped|oversized/)
    assert.ok(of('camera/1').some(({ reason }) => reason === 'time'))
  }

  before(async () => {
    const retained = { qos: 1, retain: true } as const
    const { client } = running
    const image = Buffer.from(svg).toString('base64')
    for (const [at, [, payload]] of poison.entries())
      await client.publishAsync(`poison/${at}/x`, Buffer.from(payload as Uint8Array), retained)
    await client.publishAsync('wide/x', manyTags, retained)
    await client.publishAsync('camera/1', JSON.stringify({ image, time: 1e300 }), retained)
    for (const camera of [2, 3, 4, 5]) await client.publishAsync(`camera/a_${camera}_b`, svg, retained)
    await client.publishAsync(longTopic, svg, retained)
  })

  for (const [when, level, state] of [
    ['at the first start', 1, 'normal'],
    ['at the start after a stop', 40, 'anomaly'],
    ['at the start after a power cut', 1, 'normal'],
  ] as const)
    it(`does not end the agent ${when}: all is put aside with its reason, and the machine beside is judged`, async () => {
      const { agent, client } = running
      await agent.start()
      await agent.connected()
      await judged(level, state)
      await putAside()
      await client.publishAsync('poison/0/x', Buffer.from([0xc1, 0x61, 0x61]), { qos: 1 })
      const { connections, leftOut } = await agent.state()
      assert.equal(leftOut, undefined)
      assert.ok(connections.every((one) => one.direction !== 'sink' || one.status.state === 'up'), JSON.stringify(connections)) // prettier-ignore
      const { sources, sinks } = await agent.ledger()
      assert.ok(
        [...sources, ...sinks].every(({ difference }) => difference === 0),
        JSON.stringify([sources, sinks]),
      )
      assert.doesNotMatch(agent.output, /the agent ends by an error/)
      if (when === 'at the first start') assert.equal(await agent.stop(), 0)
    })

  // After a failure too, so that the next start is not beside another.
  afterEach(() => running.agent.kill())
})
