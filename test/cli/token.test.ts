import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Listening } from '../../agent/http/index.ts'
import { alarm, setUp, token } from '../http/fake-agent.ts'
import { millwright } from './millwright.ts'

describe('millwright token', function () {
  let folder: string
  let listening: Listening
  const run = (...words: string[]) => millwright(folder, 'token', ...words)

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-token-'))
    mkdirSync(join(folder, 'data'))
    listening = await setUp({ port: 0, folder: join(folder, 'data') }).http.listen()
    // What else the configuration says is not looked at.
    writeFileSync(join(folder, 'plant.yaml'), `http: { port: ${new URL(listening.url).port} }\nsite: "\${NOWHERE}"\n`)
  })
  afterEach(async () => {
    await listening.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('gives out, lists and takes back tokens that the running agent follows', async () => {
    const added = await run('add', 'mei', '--role', 'operator', '--expires', '90d')
    assert.equal(added.status, 0, added.stderr)
    assert.match(added.stderr, /Token of mei, role operator, until \d{4}-\d\d-\d\d/)
    const secret = added.stdout.trim()
    assert.match(secret, /^[\w-]{43}$/)
    writeFileSync(join(folder, 'mei'), secret)
    const as = ['--config', 'plant.yaml', '--token-file', 'mei']
    assert.equal((await millwright(folder, 'alarms', 'list', ...as)).status, 0)
    const may = await fetch(`${listening.url}/api/alarms/${encodeURIComponent(alarm)}/acknowledge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: '{"by":"mei"}',
    })
    assert.equal(may.status, 200)
    const mayNot = await millwright(folder, 'models', 'retrain', 'pump-health', ...as)
    assert.equal(mayNot.status, 1)
    assert.match(mayNot.stderr, /this needs the role engineer, and mei is operator\n.*token add NAME --role ROLE/)
    const list = await run('list')
    assert.match(list.stdout, /^\s*mei +operator +since \d{4}-\d\d-\d\d +until/)
    assert.ok(!list.stdout.includes(secret))
    const revoked = await run('revoke', 'mei')
    assert.equal(revoked.status, 0, revoked.stderr)
    const after = await millwright(folder, 'models', 'retrain', 'pump-health', ...as)
    assert.match(after.stderr, /the token is wrong/)
  })

  it('refuses a role, a name or a span that is none, and says which there are', async () => {
    const role = await run('add', 'mei', '--role', 'root')
    assert.equal(role.status, 2)
    assert.match(role.stderr, /viewer, operator, engineer, admin/)
    assert.equal((await run('add', 'mei')).status, 2)
    assert.equal((await run('add', 'mei', '--role', 'viewer', '--expires', 'soon')).status, 2)
    const name = await run('add', '../mei', '--role', 'viewer')
    assert.equal(name.status, 1)
    assert.match(name.stderr, /TOKEN_REFUSED/)
    const nobody = await run('revoke', 'mei')
    assert.equal(nobody.status, 1)
    assert.match(nobody.stderr, /There are: none/)
  })

  it('lists the log-ins of browsers and ends one', async () => {
    writeFileSync(join(folder, 'shared'), token)
    const body = JSON.stringify({ token })
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${listening.url}/api/login`, { method: 'POST', headers, body })
    const cookie = response.headers.get('set-cookie')!.split(';')[0]
    const isIn = async () =>
      ((await (await fetch(`${listening.url}/api/session`, { headers: { cookie } })).json()) as { loggedIn: boolean }).loggedIn // prettier-ignore
    assert.equal(await isIn(), true)
    const as = ['--token-file', 'shared', '--config', 'plant.yaml']
    const list = await run('sessions', ...as)
    assert.match(list.stdout, /\(shared token\) +admin +from 127\.0\.0\.1/)
    const [id] = list.stdout.trim().split(/\s+/)
    assert.equal((await run('sessions', '--end', id, ...as)).status, 0)
    assert.equal(await isIn(), false)
    assert.ok(!readFileSync(join(folder, 'data', 'http-sessions.json'), 'utf8').includes(id))
  })
})
