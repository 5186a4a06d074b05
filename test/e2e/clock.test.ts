import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { parseConfig } from '../../config/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { startAgent, type Agent } from '../../agent/supervisor.ts'
import { hasMosquitto, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { silent } from '../support/units.ts'
import { until } from '../support/until.ts'

const day = 86_400_000

describe('a clock that is set', function () {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-clock-'))
  const ends: (() => unknown)[] = []
  let broker: Mosquitto
  let client: MqttClient
  let agent: Agent
  /** ms that the wall clock of the agent is off. */
  let off = 0
  const warned: string[] = []

  before(async function () {
    if (!hasMosquitto) {
      this.test!.parent!.title += ' (skipped: needs mosquitto)'
      return this.skip()
    }
    broker = await startMosquitto({ persistence: false })
    ends.push(() => broker.dispose())
    client = await connectAsync(broker.url)
    ends.push(() => client.endAsync(true))
    const text = `
site: clock
data: ${join(folder, 'data')}
http: { enabled: false }
log: { level: silent }
connectors:
  mqtt: { type: mqtt, url: '${broker.url}', topics: [{ filter: plant/+/+, tag: '{1}/{2}' }] }
assets: { pump: { tags: '{asset}/{role}' } }
monitors: { health: { assets: pump, window: 1s } }
`
    const log = { ...silent, warn: (_: object, message: string) => void warned.push(message) }
    const clock = { now: () => Date.now() + off }
    agent = await startAgent({ config: parseConfig(text, { schema, env: {} }), text, args: [], log, clock })
    ends.push(() => agent.stop())
    await until('connected', () => agent.view.state().connections.every(({ status }) => status.state === 'up'))
  })

  after(async () => {
    for (const end of ends.reverse()) await end()
    rmSync(folder, { recursive: true, force: true })
  })

  /** One value stamped by its arrival and one with a time of its own; resolves when both are shown. */
  async function publish(value: number): Promise<Record<string, number>> {
    const own = JSON.stringify({ value, timestamp: new Date().toISOString() })
    await client.publishAsync('plant/stamped/flow', String(value), { qos: 1 })
    await client.publishAsync('plant/own/flow', own, { qos: 1 })
    const shown = () =>
      agent.view.state().assets.map(({ name, tags: [{ value, time }] }) => ({ name, value, time: time! }))
    await until('shown', () => shown().filter((one) => one.value === value).length === 2)
    return Object.fromEntries(shown().map(({ name, time }) => [name, time - Date.now()]))
  }

  async function set(ms: number): Promise<void> {
    const before = warned.length
    off += ms
    await until('told', () => warned.length > before)
  }

  it('is noticed, recorded, and leaves values with a time of their own as they are', async () => {
    const near = (time: number, expected: number) => assert.ok(Math.abs(time - expected) < 60_000, String(time))
    let value = 0
    for (const step of [3_600_000, -day, -(Date.now() + 3_600_000 - day), Date.now()]) {
      await publish(++value)
      await set(step)
      const shown = await publish(++value)
      near(shown.own, 0)
      near(shown.stamped, off)
    }
    const events = agent.journal.read('samples', 0).flatMap((entry) => (entry.kind === 'event' ? [entry.event] : []))
    const steps = events.flatMap((event) => (event.type === 'clock' ? [event.step] : []))
    assert.equal(steps.length, 4)
    near(steps[0], 3_600_000)
    near(steps[1], -day)
    assert.match(warned[0], /^the clock was set (59 min|1 h)[^:]* forward: samples stamped by their arrival/)
    assert.match(warned[1], / back: /)
    const told = (await agent.view.audit(10)).filter(({ by }) => by === 'the clock')
    assert.equal(told.length, 4)
    assert.equal(agent.view.ledger().sources[0].difference, 0)
  })
})
