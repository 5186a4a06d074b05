import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MqttClient } from 'mqtt'
import type { ModelLife } from '../../agent/view/index.ts'
import type { AgentProcess } from '../support/agent-process.ts'
import { livedThrough } from '../support/scenario-results.ts'
import { millwright } from '../cli/millwright.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'
import { screwedParts, unlabelled } from '../models/inspection/parts.ts'

interface Verdict {
  readonly part: string
  readonly verdict: string
  readonly reason: string
  readonly measured?: { readonly model: string; readonly contributions: Readonly<Record<string, number>> }
}

const name = 'screw.values'

describe('life of the model of measured values, in a running agent', function () {
  const running = runningAgent({ site: 'values', configuration })
  const { folder } = running
  const verdicts: Verdict[] = []
  let agent: AgentProcess
  let client: MqttClient
  let first: string
  let second: string
  let sent = 0

  before(async () => {
    ;({ agent, client } = running)
    await client.subscribeAsync('millwright/values/screw/verdict', { qos: 1 })
    client.on('message', (_, payload) => verdicts.push(JSON.parse(payload.toString()) as Verdict))
  })

  const life = async (): Promise<ModelLife> =>
    ((await agent.get('/api/models')) as ModelLife[]).find(({ monitor }) => monitor === name)!
  const cli = (...words: string[]) => running.cli(...words)

  /** Lets good parts come by, so many degrees hotter than usual; resolves with the verdicts on them. */
  async function work(count: number, { hotter = 0, depth = 0 } = {}): Promise<Verdict[]> {
    const parts = screwedParts(count, 10 + sent).map((part, at) => ({ ...part, id: `P${sent + at}` }))
    const begun = Date.now() - 60_000
    for (const [at, { id, values }] of parts.entries()) {
      const ts = begun + (sent + at) * 50
      const of = { part: id, torque: values.torque, depth: values.depth + depth, heat: values.heat + hotter }
      const topics = Object.entries(of).map(([tag, value], i) =>
        client.publishAsync(`line/screw/${tag}`, JSON.stringify({ ts: ts + i, value }), { qos: 1 }),
      )
      await Promise.all(topics)
    }
    sent += count
    const found = () => parts.map(({ id }) => verdicts.find(({ part }) => part === id))
    await until('all have their verdict', () => found().every((verdict) => verdict !== undefined))
    return found() as Verdict[]
  }

  const share = (found: readonly Verdict[], wanted: string) =>
    found.filter(({ verdict }) => verdict === wanted).length / found.length
  const say = (part: string, truth: string) =>
    agent.post('/api/labels', { type: 'verdict', station: 'screw', part, class: truth, by: 'Mei' })

  it('collects parts, which the operator decides on so long', async () => {
    const found = await work(59)
    assert.equal(share(found, 'operator'), 1)
    assert.match(found[0].reason, /no model of its values yet/)
    const { step, progress, detail } = await life()
    assert.equal(step, 'collecting')
    assert.ok(Math.abs(progress! - 59 / 80) < 1e-9, String(progress))
    assert.match(detail!, /^59 parts measured/)
  })

  it('is trained when there are enough, and works at once as the first', async () => {
    await work(30)
    await until('the first works', async () => (await life()).active !== undefined)
    first = (await life()).active!
    assert.match(first, /^0001-/)
    assert.ok(share(await work(40), 'pass') > 0.7)
    const [odd] = await work(1, { depth: 2 })
    assert.equal(odd.verdict, 'fail')
    assert.equal(odd.measured!.model, first)
    assert.match(Object.keys(odd.measured!.contributions)[0], /torque|depth/)
  })

  it('learns from what people say of parts that it gets wrong, and looks on beside the first', async () => {
    const wrong = await work(60, { hotter: 6 })
    assert.ok(share(wrong, 'fail') > 0.9, 'to the first model they are too hot')
    for (const { part } of wrong.slice(0, 50)) {
      const response = await say(part, 'good')
      const body = (await response.json()) as object
      assert.deepEqual([response.status, body], [200, { station: 'screw', part, class: 'good', learns: true }])
    }
    await until('a challenger is in its trial', async () => (await life()).step === 'shadow')
    const { versions, active } = await life()
    assert.equal(active, first)
    second = versions.find(({ state }) => state === 'shadow')!.version
    const { merit, merit_before } = versions[0].figures
    assert.ok(merit > merit_before, `${merit} against ${merit_before}`)
    assert.match(versions[0].report!, /A model that learned without \d+ of the parts has a merit of/)
    assert.ok(share(await work(5, { hotter: 6 }), 'fail') > 0.5, 'no effect on verdicts')
  })

  it('goes on with the trial after SIGKILL, and knows parts of before', async () => {
    await agent.kill()
    await agent.start()
    await agent.connected()
    await until('the trial goes on', async () => (await life()).step === 'shadow')
    assert.equal((await say('P5', 'good')).status, 200)
  })

  it('is promoted when it is better', async () => {
    for (let i = 0; (await life()).step === 'shadow' && i < 10; i++) await work(5, { hotter: 6 })
    await until('the second works', async () => (await life()).active === second)
    const found = await work(20, { hotter: 6 })
    assert.ok(share(found, 'pass') > 0.6, JSON.stringify(found[0]))
    assert.equal(found[0].measured!.model, second)
  })

  it('works on after a restart, is shown, and is taken back when somebody asks', async () => {
    assert.equal(await agent.stop(), 0)
    await agent.start()
    await agent.connected()
    assert.equal((await work(1))[0].measured!.model, second)
    assert.equal((await cli('models', 'show', name, second)).version, second)
    assert.equal((await cli('models', 'rollback', name, '--by', 'Mei')).version, first)
    await until('the first works again', async () => (await life()).active === first)
    assert.equal((await work(1))[0].measured!.model, first)
    assert.equal((await cli('models', 'promote', name, second, '--by', 'Mei')).version, second)
    await until('the second works', async () => (await life()).active === second)
  })

  it('gives way to the one before where its files are damaged', async () => {
    await agent.stop()
    writeFileSync(join(folder, 'data', 'models', name, second, 'model.onnx'), 'broken')
    await agent.start()
    await agent.connected()
    assert.equal((await work(1))[0].measured!.model, first)
    await until('it is recorded', async () => (await life()).active === first)
    await agent.stop()
  })

  it('judges a table of parts by the model at work, or by a version that is named', async () => {
    const data = join(folder, 'parts.csv')
    const rows = unlabelled(screwedParts(20, 3)).map(
      ({ values: { torque, depth, heat } }) => `${torque},${depth},${heat}`,
    )
    writeFileSync(data, ['torque,depth,heat', ...rows].join('\n'))
    const out = join(folder, 'verdicts.csv')
    assert.equal((await cli('inspect', '--station', 'screw', '--data', data, '--out', out)).parts, 20)
    const { status, stderr } = await millwright(folder, 'inspect', '--station', 'screw', '--data', data, '--out', out, '--model', second, '--config', agent.file) // prettier-ignore
    assert.notEqual(status, 0)
    assert.match(stderr, /not the file/)
  })

  it('has left its life in the journal', async () => {
    const { steps } = await livedThrough(running.data)
    const lived = ['training', 'active', 'training', 'shadow', 'active', 'rollback', 'active', 'rollback']
    assert.deepEqual(steps, lived.map((step) => `${name} ${step}`)) // prettier-ignore
  })
})

function configuration({ broker }: RunningAgent): string {
  const value = (tag: string) => `{ tag: screw/${tag}, part: screw/part }`
  return `
connectors:
  mqtt:
    type: mqtt
    url: ${broker.url}
    topics: [{ filter: line/+/+, tag: "{1}/{2}" }]
    publish: { content: [inspections, models] }
inspections:
  screw:
    values: { torque: ${value('torque')}, depth: ${value('depth')}, heat: ${value('heat')} }
    measured: { model: anomaly }
    learn: { parts: 80, corrections: 50, at_most: 1ms, shadow: 20 parts, retrain: never }
`
}
