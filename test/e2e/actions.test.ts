import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ActionsView } from '../../agent/view/index.ts'
import { millwright } from '../cli/millwright.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { freePort } from '../support/ports.ts'
import { until } from '../support/until.ts'

describe('actions of a running agent', function () {
  let server: OpcuaServer
  let agent: AgentProcess
  const folder = mkdtempSync(join(tmpdir(), 'millwright-actions-'))
  before(async () => {
    server = await OpcuaServer.start([
      { name: 'Speed', value: 1000 },
      { name: 'SpeedSet', value: 1300 },
    ])
    const port = await freePort()
    agent = new AgentProcess(folder, port, `
site: works
data: ${join(folder, 'data')}
http: { port: ${port} }
connectors:
  plc: { type: opcua, endpoint: "${server.endpoint}", trust: any, tags: [ { node: "ns=2;s=Speed", tag: line1/pump1/speed } ] }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
actions:
  slow:
    for_each: pump
    when: signal("speed") > 1200
    do: { write: { connector: plc, node: "ns=2;s=SpeedSet", value: signal("speed") * 0.5 } }
    limits: { min: 600, max: 1800 }
    fresh: 1h
    within: 2m
`) // prettier-ignore
    await agent.start()
    await agent.connected()
  })
  after(async () => {
    await agent.kill()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const view = async () => (await agent.get('/api/actions')) as ActionsView
  const proposal = async (): Promise<string> => {
    await until('something is proposed', async () => (await view()).open.some(({ step }) => step === 'proposed'))
    return (await view()).open.find(({ step }) => step === 'proposed')!.id
  }
  const again = async (speed: number) => {
    await server.write({ name: 'Speed', value: 1000 })
    await until('the condition is over', async () => (await view()).actions[0].stands.at(0)?.phase === 'idle')
    await server.write({ name: 'Speed', value: speed })
    return proposal()
  }
  const order = async (path: string, by = 'mei') => {
    const response = await agent.post(`/api/actions/${path}`, { by })
    return [response.status, JSON.stringify(await response.json())] as const
  }
  const of = (id: string, what: string) => `decisions/${encodeURIComponent(id)}/${what}`
  const over = (id: string) => until('it is over', async () => (await view()).ended.some((one) => one.id === id))

  it('propose, wait for an approval by somebody with the token, write, and read back', async () => {
    const id = await again(1500)
    const unknown = await fetch(`${agent.url}/api/actions/${of(id, 'approve')}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"by":"joe"}' }) // prettier-ignore
    assert.equal(unknown.status, 401)
    assert.equal(await server.read('SpeedSet'), 1300)
    const [first, second] = await Promise.all([order(of(id, 'approve')), order(of(id, 'approve'), 'joe')])
    assert.deepEqual([first[0], second[0]].sort(), [200, 409])
    assert.match(first[0] === 409 ? first[1] : second[1], /has approved it|approved already|is \w+ already/)
    await over(id)
    const [done] = (await view()).ended
    assert.deepEqual([done.step, done.value, done.previous, done.why[0].value], ['confirmed', 750, 1300, 1500])
    assert.equal(await server.read('SpeedSet'), 750)
    const audit = (await agent.get('/api/audit')) as { action: string; subject: string }[]
    assert.equal(audit.filter(({ action, subject }) => action === 'approve action' && subject === id).length, 1)
  })

  it('refuse by the command line, and know no decision that is not there', async () => {
    const id = await again(1600)
    const cli = (...words: string[]) => millwright(folder, 'actions', ...words, '--config', agent.file)
    const refused = await cli('refuse', id, '--by', 'mei', '--reason', 'not now')
    assert.equal(refused.status, 0, refused.stderr)
    await over(id)
    assert.match((await cli('list')).stdout, /refused/)
    assert.match((await cli('approve', 'nothing-like-it')).stderr, /no decision has nothing-like-it/)
    const tested = await cli('test', '--at', new Date().toISOString())
    assert.match(tested.stdout, /slow +line1\/pump1 +would act +value 800/, tested.stderr)
    assert.equal(await server.read('SpeedSet'), 750)
  })

  it('stay stopped over a kill until somebody resumes them', async () => {
    const id = await again(1400)
    assert.equal((await order('stop'))[0], 200)
    await agent.kill()
    await agent.start()
    await until('the journal was handled', async () => (await view()).stopped !== null)
    assert.equal((await view()).stopped?.by, 'mei')
    const [status, words] = await order(of(id, 'approve'))
    assert.equal(status, 409)
    assert.match(words, /all actions are stopped/)
    assert.equal((await order('resume'))[0], 200)
    await until('it is lifted', async () => (await view()).stopped === null)
    assert.equal((await order(of(id, 'approve')))[0], 200)
    await over(id)
    assert.equal(await server.read('SpeedSet'), 700)
    const { proposed, open, refused, expired, blocked, confirmed } = (await view()).actions[0].ledger!
    assert.equal(
      proposed,
      open + refused + expired + confirmed + Object.values(blocked).reduce((sum, one) => sum + one, 0),
    )
    assert.equal(confirmed, 2)
  })

  it('stay stopped also where the journal that has it is lost', async () => {
    assert.equal((await order('stop'))[0], 200)
    await agent.kill()
    rmSync(join(folder, 'data', 'journal'), { recursive: true })
    await server.write({ name: 'Speed', value: 1700 })
    await agent.start()
    await until('it knows', async () => (await view()).stopped !== null)
    await until(
      'it is looked at',
      async () =>
        Object.keys((await view()).actions[0].ledger?.blocked ?? {}).length > 0 || (await view()).open.length > 0,
    )
    assert.equal(await server.read('SpeedSet'), 700)
    assert.equal((await order('resume'))[0], 200)
  })
})
