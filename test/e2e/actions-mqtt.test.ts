import assert from 'node:assert/strict'
import { connectAsync } from 'mqtt'
import type { ActionsView } from '../../agent/view/index.ts'
import { millwright } from '../cli/millwright.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { runningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'

interface Told {
  readonly step: string
  readonly id: string
  readonly by?: string
}

describe('actions at a broker', () => {
  let server: OpcuaServer
  const running = runningAgent({
    site: 'works',
    prepare: async (agent) => {
      server = await OpcuaServer.start([
        { name: 'Speed', value: 1000 },
        { name: 'SpeedSet', value: 1300 },
        { name: 'Alive', value: false, dataType: 'Boolean' },
      ])
      agent.own(() => server.close())
    },
    configuration: ({ broker }) => `
connectors:
  plc:
    type: opcua
    endpoint: "${server.endpoint}"
    trust: any
    heartbeat: { node: "ns=2;s=Alive", every: 200ms }
    tags: [ { node: "ns=2;s=Speed", tag: line1/pump1/speed } ]
  broker:
    type: mqtt
    url: ${broker.url}
    topics: [ { filter: plant/orders, format: orders } ]
    publish: {}
    heartbeat: { topic: plant/agent, every: 200ms }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
actions:
  slow:
    for_each: pump
    when: signal("speed") > 1200
    do: { write: { connector: plc, node: "ns=2;s=SpeedSet", value: signal("speed") * 0.5 } }
    safe: { value: 900, on: [shutdown] }
    fresh: 1h
    within: 2m
  told:
    for_each: pump
    when: signal("speed") > 1200
    do: { publish: { connector: broker, topic: "out/{2}", value: signal("speed"), retain: true } }
    mode: armed
    fresh: 1h
    within: 2m
  careful:
    for_each: pump
    when: signal("speed") > 1200
    do: { publish: { connector: broker, topic: "out/never" } }
    approval: { by: engineer }
    fresh: 1h
`,
  })
  const newest = new Map<string, unknown>()
  before(async () => {
    running.client.on('message', (topic, payload) => newest.set(topic, JSON.parse(payload.toString())))
    await running.client.subscribeAsync(['millwright/works/#', 'out/#', 'plant/agent'])
  })

  const view = async () => (await running.agent.get('/api/actions')) as ActionsView
  const told = (action: string) => newest.get(`millwright/works/line1/pump1/action/${action}`) as Told | undefined
  const order = (what: object) => running.client.publishAsync('plant/orders', JSON.stringify({ by: 'mei', ...what }), { qos: 1 }) // prettier-ignore
  const letters = async () => (await running.cli('dead-letters', 'list')) as unknown as { detail: string }[]

  it('publish what they decide, and obey an approval by a message, once', async () => {
    await server.write({ name: 'Speed', value: 1500 })
    await until('it is proposed', () => told('slow')?.step === 'proposed')
    const { id } = told('slow')!
    await order({ order: 'approve', decision: id })
    await until('it is done', () => told('slow')?.step === 'confirmed')
    assert.equal(await server.read('SpeedSet'), 750)
    await order({ order: 'approve', decision: id })
    await order({ order: 'approve', decision: told('careful')!.id })
    await until('both are put aside', async () => (await letters()).length === 2)
    const details = (await letters()).map(({ detail }) => detail).join('\n')
    assert.match(details, /is confirmed already by mei/)
    assert.match(details, /careful is approved by the role engineer, and mei is operator/)
    const audit = (await running.agent.get('/api/audit')) as { action: string; by: string; detail: string }[]
    const approvals = audit.filter(({ action }) => action === 'approve action')
    assert.deepEqual(approvals.map(({ by, detail }) => [by, detail]), [['mei', 'over broker']]) // prettier-ignore
  })

  it('publish at the broker, which acknowledges it', async () => {
    await until('it is done', () => told('told')?.step === 'confirmed')
    assert.equal((newest.get('out/pump1') as { value: number }).value, 1500)
    // Retained for those who come later.
    const late = await connectAsync(running.broker.url)
    let came: string | undefined
    late.on('message', (topic) => (came = topic))
    await late.subscribeAsync('out/#')
    await until('it comes', () => came === 'out/pump1')
    await late.endAsync()
  })

  it('are stopped by a message, not resumed by one, and by the command line both', async () => {
    const cli = (...words: string[]) => millwright(running.folder, 'actions', ...words, '--config', running.agent.file)
    await order({ order: 'stop', reason: 'smoke' })
    await until('all are stopped', async () => (await view()).stopped !== null)
    assert.deepEqual([(await view()).stopped?.by, (await view()).stopped?.reason], ['mei', 'smoke'])
    assert.match((await cli('list')).stdout, /ALL ACTIONS ARE STOPPED by mei/)
    await order({ order: 'resume' })
    await until('it is put aside', async () => (await letters()).length === 3)
    assert.notEqual((await view()).stopped, null)
    assert.match((await cli('resume', '--by', 'joe')).stdout, /Actions act again, by joe/)
    await until('they act again', async () => (await view()).stopped === null)
    assert.match((await cli('stop', '--by', 'joe')).stdout, /All actions are stopped, by joe/)
    await until('they are stopped', async () => (await view()).stopped?.by === 'joe')
    assert.equal((await cli('resume', '--by', 'joe')).status, 0)
    await until('they act again', async () => (await view()).stopped === null)
    const shown = await cli('show', 'slow/line1/pump1')
    assert.match(shown.stdout, /why +signal\("speed"\) = 1500/)
    assert.match(shown.stdout, /by +mei/)
  })

  it('go to the safe value when the agent is stopped, and the heartbeat says that it is gone', async () => {
    const before = await server.read('Alive')
    await until('the node beats', async () => (await server.read('Alive')) !== before)
    await until('the topic beats', () => (newest.get('plant/agent') as { count?: number } | undefined)?.count)
    assert.equal(await running.agent.stop(), 0)
    assert.equal(await server.read('SpeedSet'), 900)
    await until('it is gone', () => (newest.get('plant/agent') as { state: string }).state === 'gone')
  })

  it('are replayed from the journal: the same decisions, and nothing is written', async () => {
    const { stdout, stderr, status } = await millwright(running.folder, 'replay', '--journal', '--actions', '--config', running.agent.file) // prettier-ignore
    assert.equal(status, 0, stderr)
    for (const step of ['proposed', 'approved', 'confirmed']) assert.match(stdout, new RegExp(`slow.* ${step}`), stdout)
    assert.match(stdout, /safe/)
    assert.equal(await server.read('SpeedSet'), 900)
  })
})
