import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { childEnvironment, settingsEnvironment } from '../../agent/core/index.ts'
import { millwright } from '../cli/millwright.ts'
import { Pumps } from '../support/pumps.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'

/** Nothing that the agent writes, answers or prints may have one of them in it. */
const planted = {
  ENVIRONMENT_SECRET: 'Env1ronment-Pl4nted-Secret',
  FILE_SECRET: 'F1le-Pl4nted-Secret',
  LITERAL_SECRET: 'L1teral-Pl4nted-Secret',
  UNRELATED_SECRET: 'Unrel4ted-Pl4nted-Secret',
} as const
const { UNRELATED_SECRET: _, ...ofPlant } = planted
const known = Object.values(ofPlant)

/** A far side that says what it was told, as some do: first it lets nobody in, then it takes everything but one line. */
async function startEcho(): Promise<Server> {
  let asked = 0
  const server = createServer((request, response) => {
    request.resume()
    const words = JSON.stringify({ code: 'unauthorized', message: `${request.headers.authorization ?? ''}\u001b[31m\nnot known; nor ${known.join(' ')}` }) // prettier-ignore
    response.writeHead(asked++ < 3 ? 401 : 400, { 'content-type': 'application/json' }).end(words)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

describe('secrets', () => {
  describe('in a running agent whose far side echoes them', function () {
    let echo: Server
    let mask = 0
    const running = runningAgent({ site: 'secrets', configuration, prepare, start: false })

    async function prepare(agent: RunningAgent): Promise<void> {
      echo = await startEcho()
      agent.own(() => echo.close())
      writeFileSync(join(agent.folder, 'file-secret'), planted.FILE_SECRET)
      Object.assign(process.env, { ENVIRONMENT_SECRET: planted.ENVIRONMENT_SECRET, UNRELATED_SECRET: planted.UNRELATED_SECRET, BROKER_URL: agent.broker.url }) // prettier-ignore
      agent.own(() =>
        ['ENVIRONMENT_SECRET', 'UNRELATED_SECRET', 'BROKER_URL'].forEach((name) =>
          Reflect.deleteProperty(process.env, name),
        ),
      )
      // As careless as a machine can be.
      mask = process.umask(0)
      agent.own(() => process.umask(mask))
    }

    function configuration(): string {
      const { port } = echo.address() as AddressInfo
      const history = `type: influxdb, version: 2, url: "http://127.0.0.1:${port}", org: o, bucket: b`
      return `
connectors:
  mqtt: { type: mqtt, url: "\${BROKER_URL}", username: anna, password: ${planted.LITERAL_SECRET}, topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }] }
  by-environment: { ${history}, token: "\${ENVIRONMENT_SECRET}" }
  by-file: { ${history}, token_file: file-secret }
  rows: { type: csv, write: rows.csv, content: samples }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
monitors:
  health: { assets: pump, window: 10s, every: 2s, lateness: 1s, model: anomaly, idle: 10m, learn: { after: 150s, retrain: never, drift: false } }
`
    }

    /** Environments of processes that the agent has started, as \`/proc\` shows them. */
    function environments(pid: number): string[] {
      const of = (process: string | number, what: string) => readFileSync(`/proc/${process}/${what}`, 'utf8')
      const children = readdirSync(`/proc/${pid}/task`).flatMap((task) => of(pid, `task/${task}/children`).trim().split(' ')) // prettier-ignore
      // A child that has not begun its own program yet is still a copy of its parent; esbuild is of the tests' loader.
      const own = (child: string) => child !== '' && of(child, 'cmdline') !== of(pid, 'cmdline') && !/esbuild/.test(of(child, 'cmdline')) // prettier-ignore
      return children.filter(own).map((child) => of(child, 'cmdline') + of(child, 'environ'))
    }

    let seen: string[] = []

    it('reach no child, though that reads the same configuration, and trains by it', async () => {
      const { agent } = running
      const before = process.cwd()
      process.chdir(running.folder)
      try {
        await agent.start()
      } finally {
        process.chdir(before)
      }
      await agent.connected()
      const pumps = new Pumps(running.client, agent)
      const watch = until('a training process', () => {
        try {
          seen = environments(agent.pid)
        } catch {
          // Ended between two looks.
        }
        return seen.some((text) => text.includes('training'))
      })
      await pumps.advance(360)
      await watch
      await until(
        'the first model works',
        async () => ((await agent.get('/api/models')) as { active?: string }[])[0].active !== undefined,
      )
      for (const text of seen)
        for (const secret of Object.values(planted))
          assert.ok(!text.includes(secret), `${secret} in ${text.slice(0, 300)}`)
    })

    it('are not in logs, states, dead letters, metrics or anything else that is answered', async () => {
      const { agent, port } = running
      const headers = { authorization: `Bearer ${agent.token}` }
      const ask = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text()
      await until('the far side has refused rows', async () =>
        (await ask('/api/dead-letters')).includes('by-environment'),
      )
      await until('the other one too', async () => (await ask('/api/dead-letters')).includes('by-file'))
      const texts = [agent.output]
      for (const path of ['state', 'dead-letters?limit=1000', 'dead-letters/0', 'audit', 'ledger', 'models', 'certificates', 'trends']) texts.push(await ask(`/api/${path}`)) // prettier-ignore
      texts.push(await ask('/metrics'), await ask('/healthz'), await ask('/readyz'))
      for (const command of [
        ['doctor'],
        ['status'],
        ['check'],
        ['dead-letters', 'list'],
        ['journal', 'export', 'dead'],
        ['journal', 'export', 'events'],
      ]) {
        const { stdout, stderr } = await millwright(running.folder, ...command, '--config', agent.file)
        texts.push(stdout + stderr)
      }
      const all = texts.join('\n')
      for (const [name, secret] of Object.entries(planted))
        assert.ok(!all.includes(secret), `${name}: ${around(all, secret)}`)
      assert.ok(!all.includes(agent.token))
      assert.match(all, /\*\*\*/, 'the echo was there, without what it echoed')
      assert.doesNotMatch(agent.output, /\u001b\[31m/)
    })

    it('are in no file that the agent writes, and what it writes is its own', async () => {
      const { agent, folder, data } = running
      assert.equal(await agent.stop(), 0)
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name)) // prettier-ignore
      const written = files.filter((file) => file.startsWith(data) || file.endsWith('rows.csv'))
      assert.ok(
        written.some((file) => file.endsWith('data.mdb')) && written.some((file) => file.endsWith('model.onnx')),
      )
      for (const file of written) {
        const content = readFileSync(file, 'latin1')
        for (const [name, secret] of Object.entries(planted)) assert.ok(!content.includes(secret), `${name} in ${file}`)
        assert.equal(statSync(file).mode & 0o077, 0, file)
      }
      assert.equal(statSync(data).mode & 0o077, 0)
      assert.equal(existsSync(join(folder, 'rows.csv')), true)
    })

    it('are in a backup only as far as it says: the token and what the configuration has in words', async () => {
      const { agent, folder } = running
      const { status, stderr } = await millwright(folder, 'backup', '--config', agent.file, '--out', 'all.tar.gz')
      assert.equal(status, 0, stderr)
      const content = gunzipSync(readFileSync(join(folder, 'all.tar.gz'))).toString('latin1')
      for (const name of ['ENVIRONMENT_SECRET', 'FILE_SECRET', 'UNRELATED_SECRET'] as const)
        assert.ok(!content.includes(planted[name]), name)
      assert.equal(statSync(join(folder, 'all.tar.gz')).mode & 0o077, 0)
    })
  })

  it('are left out of the environment of children, by name and by value', () => {
    const own = {
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      TZ: 'UTC',
      INFLUX_TOKEN: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
      MILLWRIGHT_DEBUG: '1',
    }
    assert.deepEqual(childEnvironment({ MORE: 'y' }, own), {
      PATH: '/bin',
      LANG: 'C',
      LC_ALL: 'C',
      TZ: 'UTC',
      MORE: 'y',
    })
    const env = { A_HOST: 'mqtt://anna:pw@broker', A_TOKEN: 'abcdefgh', A_PART: 'abcd', A_PORT: '1' }
    const told = settingsEnvironment('${A_HOST} ${A_TOKEN} ${A_PART} ${A_PORT} ${A_NOTHING}', ['abcdefgh1'], env)
    assert.deepEqual(told, {
      A_HOST: 'mqtt://broker',
      A_TOKEN: 'not-told',
      A_PART: 'not-told',
      A_PORT: '1',
      A_NOTHING: 'not-told',
    })
  })
})

function around(text: string, word: string): string {
  const at = text.indexOf(word)
  return text.slice(Math.max(0, at - 200), at + word.length)
}
