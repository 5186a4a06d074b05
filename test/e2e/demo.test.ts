import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentState, Ledger, StationView } from '../../agent/view/index.ts'
import { until } from '../support/until.ts'
import { program } from '../support/program.ts'

describe('demo', function () {
  /** Temporary files of the demo go here, so that the test sees what is left behind. */
  const temporary = mkdtempSync(join(tmpdir(), 'millwright-demo-test-'))
  let taken: Server
  let demo: ChildProcess
  let output = ''
  let url = ''
  let entry = ''
  let cookie = ''

  before(async () => {
    taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    demo = spawn(process.execPath, [...program, 'demo', '--http-port', String(port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: temporary },
    })
    for (const stream of [demo.stdout!, demo.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    await until('the demo says where its page is', () => {
      ;[entry = '', url = ''] = /(http:\/\/127\.0\.0\.1:\d+)\/\?key=\S+/.exec(output) ?? []
      if (demo.exitCode !== null) throw new Error(`the demo ended:\n${output}`)
      return url !== ''
    })
    assert.notEqual(new URL(url).port, String(port), 'the port is taken, so it picks another')
  })

  after(() => {
    demo.kill('SIGKILL')
    taken.close()
    rmSync(temporary, { recursive: true, force: true })
  })

  const get = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json()
  /** The session that the printed address gives. */
  const session = async () => {
    const { headers } = await fetch(entry, { redirect: 'manual' })
    return headers.getSetCookie().map((each) => each.split(';')[0]).join('; ') // prettier-ignore
  }
  const state = async () => (await get('/api/state')) as AgentState

  it('says that its plant is simulated', () => assert.match(output, /SIMULATED/))

  it('serves a page and shows live values of every machine', async () => {
    const page = await (await fetch(`${url}/`)).text()
    assert.match(page, /Millwright/)
    cookie = await session()
    assert.notEqual(cookie, '')
    await until('five machines with values', async () => {
      const { assets } = await state()
      return assets.length === 5 && assets.every(({ tags }) => tags.every(({ value }) => value !== null))
    })
  })

  it('learns what is normal of every machine', async () => {
    const learned = async () =>
      (await state()).assets.flatMap(({ monitors }) => monitors).every(({ model }) => model !== '')
    await until('every monitor has a model', learned)
  })

  it('judges the parts that the camera sends, and shows why it fails some', async () => {
    const station = async () => (await get('/api/inspections/covers?only=trouble')) as StationView
    const failed = async () => (await station()).newest.find(({ verdict, map }) => verdict === 'fail' && map)
    await until('a part has failed', async () => (await failed()) !== undefined)
    const { id, model, values } = (await failed())!
    assert.notEqual(model, '')
    assert.deepEqual(Object.keys(values).sort(), ['temperature', 'torque'])
    for (const [kind, type] of [
      ['images', 'image/jpeg'],
      ['maps', 'image/png'],
    ] as const) {
      // prettier-ignore
      const response = await fetch(`${url}/api/inspections/covers/${kind}/${id}`, { headers: { cookie } })
      assert.equal(response.headers.get('content-type'), type)
      await response.arrayBuffer()
    }
    const passing = async () => {
      const { last } = await station()
      return last.pass > 2 * last.fail
    }
    await until('most parts pass', passing)
    const { last } = await station()
    // The first part may have been measured before the agent listened, and some more while a busy machine starts.
    assert.ok(
      last.incomplete * 2 <= last.pass,
      `torque and temperature of ${last.incomplete} of ${last.pass} parts are missing`,
    )
  })

  it('raises an alarm within a minute of a fault, on that machine, and takes the acknowledgement', async () => {
    const headers = { cookie, origin: url, 'content-type': 'application/json' }
    const post = (path: string, body: object) =>
      fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const injected = await post('/api/plant/inject', { asset: 'line1/pump2', fault: 'bearing-wear' })
    assert.equal(injected.status, 200, await injected.text())
    const alarm = async () => (await state()).alarms.find(({ asset }) => asset === 'line1/pump2')
    await until('the alarm', async () => (await alarm()) !== undefined)
    const { id, contributions } = (await alarm())!
    assert.ok(Object.keys(contributions).slice(0, 2).includes('vibration'), JSON.stringify(contributions))
    const acknowledged = await post(`/api/alarms/${encodeURIComponent(id)}/acknowledge`, { by: 'anna' })
    assert.equal(acknowledged.status, 200, await acknowledged.text())
    await until('it is acknowledged', async () => (await alarm())?.state === 'acknowledged')
  })

  it('has a ledger that adds up', async () => {
    const { sources, sinks } = (await get('/api/ledger')) as Ledger
    assert.equal(sources.length, 2)
    for (const { name, difference } of [...sources, ...sinks]) assert.equal(difference, 0, name)
  })

  it('stops on Ctrl-C and leaves nothing behind', async () => {
    const exit = once(demo, 'exit')
    demo.kill('SIGINT')
    await exit
    assert.equal(demo.exitCode, 0, output)
    assert.deepEqual(
      existsSync(temporary) ? readdirSync(temporary).filter((name) => name.startsWith('millwright')) : [],
      [],
    )
  })
})
