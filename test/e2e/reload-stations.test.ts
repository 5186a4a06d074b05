import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import type { StationView } from '../../agent/view/index.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { runningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'
import { png } from '../models/inspection/pictures.ts'

interface Verdict {
  readonly station: string
  readonly part: string
  readonly verdict: string
}

describe('reload of stations', function () {
  const running = runningAgent({
    site: 'shop',
    prepare: () => mkdirSync(images),
    configuration: () => configuration({ screw: 90, press: 90 }),
  })
  const { folder } = running
  const images = join(running.folder, 'camera')
  const verdicts: Verdict[] = []
  let agent: AgentProcess
  let client: MqttClient
  let sent = 0
  /** Event time, ms since epoch: no two parts come at once. */
  let time = Date.now() - 3_600_000

  before(async () => {
    ;({ agent, client } = running)
    await client.subscribeAsync('millwright/shop/+/verdict', { qos: 1 })
    client.on('message', (topic, payload) => {
      const { part, verdict } = JSON.parse(payload.toString()) as Verdict
      verdicts.push({ station: topic.split('/')[2], part, verdict })
    })
  })

  interface Stations {
    readonly screw: number
    readonly press?: number
    readonly camera?: boolean
  }

  /** The most heat that each station lets pass. */
  function configuration({ screw, press, camera }: Stations): string {
    const values = (station: string, max: number) =>
      `  ${station}: { values: { heat: { tag: ${station}/heat, part: ${station}/part, max: ${max} } } }\n`
    return `
connectors:
  mqtt:
    type: mqtt
    url: ${running.broker.url}
    topics: [{ filter: line/+/+, tag: "{1}/{2}" }]
    publish: { content: [inspections] }
inspections:
${values('screw', screw)}${press === undefined ? '' : values('press', press)}${camera ? `  camera: { source: { type: folder, path: ${images}, part: "{part}.png", poll: 50ms }, keep: { images: none } }\n` : ''}`
  }

  async function reload(stations: Stations): Promise<string> {
    const at = agent.output.length
    writeFileSync(agent.file, running.text('shop', configuration(stations)))
    agent.signal('SIGHUP')
    await until('the agent answers the SIGHUP', () => /SIGHUP: the configuration/.test(agent.output.slice(at)))
    return agent.output.slice(at)
  }

  /** Lets a part come to a station. */
  async function send(station: string, part: string, heat: number): Promise<void> {
    const ts = (time += 10)
    await client.publishAsync(`line/${station}/part`, JSON.stringify({ ts, value: part }), { qos: 1 })
    await client.publishAsync(`line/${station}/heat`, JSON.stringify({ ts: ts + 1, value: heat }), { qos: 1 })
  }

  const verdictsOn = (part: string) => verdicts.filter((verdict) => verdict.part === part)
  async function judge(station: string, heat: number): Promise<string> {
    const part = `${station}-${sent++}`
    await send(station, part, heat)
    await until(`the verdict on ${part}`, () => verdictsOn(part).length > 0)
    return verdictsOn(part)[0].verdict
  }
  const shown = async (station: string) => (await agent.get(`/api/inspections/${station}`)) as StationView

  it('applies a limit at once, and shows the verdicts of before', async () => {
    assert.equal(await judge('screw', 80), 'pass')
    assert.match(await reload({ screw: 70, press: 90 }), /station screw restarted/)
    assert.equal(await judge('screw', 80), 'fail')
    await until('both are shown', async () => (await shown('screw')).newest.length === 2)
    assert.equal((await shown('screw')).limits.heat.max, 70)
  })

  it('leaves the other stations alone: each part there has one verdict', async () => {
    const enough = new AbortController()
    const parts: string[] = []
    const line = (async () => {
      while (!enough.signal.aborted) {
        const part = `press-${sent++}`
        parts.push(part)
        await send('press', part, 80)
      }
    })()
    for (const screw of [60, 70, 60]) assert.match(await reload({ screw, press: 90 }), /station screw restarted/)
    enough.abort()
    await line
    await until('all have a verdict', () => parts.every((part) => verdictsOn(part).length > 0))
    assert.deepEqual(new Set(parts.map((part) => verdictsOn(part).map(({ verdict }) => verdict).join())), new Set(['pass'])) // prettier-ignore
  })

  it('starts one that is new, with its source', async () => {
    assert.match(await reload({ screw: 60, press: 90, camera: true }), /station camera started/)
    const image = await png(new Uint8Array(32 * 32).fill(90), 32)
    writeFileSync(join(folder, 'C1.png'), image)
    renameSync(join(folder, 'C1.png'), join(images, 'C1.png'))
    await until('the image has its verdict', () => verdictsOn('C1').length > 0)
    assert.deepEqual(verdictsOn('C1'), [{ station: 'camera', part: 'C1', verdict: 'operator' }])
    await until('it is shown', async () => (await shown('camera')).newest.length === 1)
  })

  it('stops one that is gone', async () => {
    assert.match(await reload({ screw: 60, camera: true }), /station press stopped/)
    await send('press', 'late', 80)
    assert.equal(await judge('screw', 50), 'pass')
    assert.equal(verdictsOn('late').length, 0)
    const response = await agent.post('/api/labels', { type: 'verdict', station: 'press', part: 'late', class: 'good', by: 'Mei' }) // prettier-ignore
    assert.equal(response.status, 404)
    assert.match(await response.text(), /there is no station press; there are: screw, camera/)
  })

  it('changes nothing where the file is bad', async () => {
    const text = configuration({ screw: 60, camera: true }).replace('max: 60', 'max: high')
    const at = agent.output.length
    writeFileSync(agent.file, text)
    agent.signal('SIGHUP')
    await until('it is refused', () => /inspections.screw.values.heat.max/.test(agent.output.slice(at)))
    assert.equal(await judge('screw', 50), 'pass')
    assert.equal(await judge('screw', 65), 'fail')
  })

  it('stops cleanly', async () => assert.equal(await agent.stop(), 0))
})
