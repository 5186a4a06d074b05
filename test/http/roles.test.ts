import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { covers, roleNames, type Role } from '../../agent/core/index.ts'
import { addToken, namedTokensFileName, openApi, revokeToken } from '../../agent/http/index.ts'
import { leastRoles } from '../../agent/http/least-roles.ts'
import { type OperationName, operations } from '../../agent/http/operations.ts'
import { alarm, bearer, errorOf, setUp, token } from './fake-agent.ts'

const day = 86_400_000
const acknowledge = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`
const sameOrigin = { origin: 'http://localhost:8080' }
const cookieOf = (response: Response) => ({ cookie: response.headers.get('set-cookie')!.split(';')[0] })

/** An address of each operation, where what it names is there. */
const addressOf = (name: string) =>
  name
    .split(' ')[1]
    .replace(':alarm', encodeURIComponent(alarm))
    .replace(':monitor', 'pump-health')
    .replace(':station', 'weld')
    .replace(':letter', '7')
    .replace(':session', 'none')
    .replace(':id', 'id-1')

describe('http roles', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-roles-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const as = (secret: string) => ({ authorization: `Bearer ${secret}` })
  const give = (role: Role, name: string = role) => addToken(folder, { name, role })

  for (const role of roleNames)
    it(`let ${role} do what it may, and refuse the rest with the role it takes`, async () => {
      const { ask } = setUp({ folder, read: 'token', clock: { now: () => Date.now() } })
      const headers = { ...as(give(role)), 'content-type': 'application/json' }
      const guarded = (Object.keys(operations) as OperationName[]).filter((name) => operations[name].access !== 'open')
      for (const name of guarded) {
        const [method] = name.split(' ')
        const response = await ask(addressOf(name), { method, headers, ...(method === 'POST' && { body: '{}' }) })
        if (covers(role, leastRoles[name]))
          assert.ok(![401, 403].includes(response.status), `${name} as ${role}: ${response.status}`) // prettier-ignore
        else {
          assert.equal(response.status, 403, `${name} as ${role}`)
          const { code, message, remedy } = await errorOf(response)
          assert.equal(code, 'HTTP_FORBIDDEN')
          assert.equal(message, `this needs the role ${leastRoles[name]}, and ${role} is ${role}`)
          assert.match(remedy, /millwright token add NAME --role ROLE/)
        }
        if (!response.bodyUsed) await response.body?.cancel()
      }
    })

  it('are ordered as what harm can be done: the shared token does all of it', async () => {
    const { post } = setUp({ folder })
    assert.equal((await post('/api/sessions/none/end', { by: 'Mei' }, bearer)).status, 404)
    assert.equal(leastRoles['POST /api/models/:monitor/promote'], 'engineer')
    assert.equal(leastRoles['POST /api/alarms/:alarm/acknowledge'], 'operator')
    assert.equal(leastRoles['GET /api/audit'], 'admin')
  })

  it('are in the description of every operation that is not open', () => {
    const { paths } = openApi('1.2.3') as { paths: Record<string, Record<string, { 'x-role'?: string }>> }
    for (const [name, least] of Object.entries(leastRoles)) {
      const [method, path] = name.split(' ')
      const told = paths[path.replaceAll(/:(\w+)/g, '{$1}')][method.toLowerCase()]['x-role']
      assert.equal(told, operations[name as OperationName].access === 'open' ? undefined : least, name)
    }
  })

  it('take effect while the agent runs: tokens that are given out, taken back and over', async () => {
    let now = Date.now()
    const { post, agent } = setUp({ folder, clock: { now: () => now } })
    const change = async (secret: string) => (await post(acknowledge, { by: 'mei' }, as(secret))).status
    const mei = give('operator', 'mei')
    assert.equal(await change(mei), 200)
    revokeToken(folder, 'MEI')
    assert.equal(await change(mei), 401)
    const brief = addToken(folder, { name: 'mei', role: 'operator', expires: now + day })
    assert.equal(await change(brief), 200)
    assert.equal(await change(mei), 401, 'the name came back, the token did not')
    now += day
    assert.equal(await change(brief), 401)
    assert.deepEqual(
      agent.notes.map(({ action, subject, detail }) => [action, subject, detail]),
      [
        ['token', 'mei', 'given out, role operator'],
        ['token', 'mei', 'taken back'],
        ['token', 'mei', 'given out, role operator'],
      ],
    )
  })

  it('keep hashes on disk only, for the owner only, and one good token a name', () => {
    const secret = give('admin', 'Łukasz')
    const file = join(folder, namedTokensFileName)
    assert.ok(!readFileSync(file, 'utf8').includes(secret))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.ok(secret.length >= 43)
    assert.throws(() => give('viewer', 'łukasz'), /Łukasz has a token already/)
    assert.throws(() => revokeToken(folder, 'nobody'), /nobody called nobody has a token/)
    for (const name of ['', ' mei', 'a\nb', '../x', 'x'.repeat(65), '<b>'])
      assert.throws(() => give('viewer', name), /a name is of letters/, name)
  })

  it('open nothing by a file that cannot be read, and leave the shared token its use', async () => {
    const { post, log } = setUp({ folder })
    const secret = give('operator')
    writeFileSync(join(folder, namedTokensFileName), '{"format":1,"tokens":[{"name":"eve","role":"admin"}]}')
    assert.equal((await post(acknowledge, { by: 'x' }, as(secret))).status, 401)
    assert.equal((await post(acknowledge, { by: 'x' }, bearer)).status, 200)
    assert.equal(log.lines.filter((line) => /cannot be read/.test(line)).length, 1)
  })

  it('put down who it was by the token, whatever is said', async () => {
    const { post, agent } = setUp({ folder })
    const secret = give('engineer', 'mei')
    assert.equal((await post(acknowledge, { by: 'The Director' }, as(secret))).status, 200)
    assert.equal((await post(acknowledge, { by: 'mei' }, as(secret))).status, 200)
    assert.equal((await post(acknowledge, { by: 'mei' }, bearer)).status, 200)
    assert.equal((await post('/api/models/pump-health/retrain', { by: 'The Director' }, as(secret))).status, 200)
    const label = { type: 'verdict', station: 'weld', part: 'A-7', class: 'scratch', by: 'The Director' }
    assert.equal((await post('/api/labels', label, as(secret))).status, 200)
    assert.deepEqual(agent.calls.slice(0, 3), [
      ['acknowledge', { alarm, by: 'mei', proof: 'token', said: 'The Director' }],
      ['acknowledge', { alarm, by: 'mei', proof: 'token' }],
      ['acknowledge', { alarm, by: 'mei' }],
    ])
    assert.deepEqual(agent.notes.at(-1), {
      ...{ by: 'mei', proof: 'token', said: 'The Director' },
      ...{ action: 'retrain', subject: 'pump-health', detail: '' },
    })
  })
})

describe('http sessions', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-sessions-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('say who is logged in and what they may do', async () => {
    const { ask, post } = setUp({ folder })
    const secret = addToken(folder, { name: 'mei', role: 'operator' })
    const cookie = cookieOf(await post('/api/login', { token: secret, by: 'someone' }, sameOrigin))
    const session = (await (await ask('/api/session', { headers: cookie })).json()) as { may: string[] }
    const { may, ...who } = session
    assert.deepEqual(who, { loggedIn: true, read: 'open', name: 'mei', proof: 'token', role: 'operator' })
    assert.ok(may.includes('POST /api/labels') && !may.includes('POST /api/models/:monitor/promote'))
  })

  it('are over at the server with the log-out, and with the token that began them', async () => {
    let now = Date.now()
    const { ask, post } = setUp({ folder, clock: { now: () => now } })
    const isIn = async (headers: Record<string, string>) =>
      ((await (await ask('/api/session', { headers })).json()) as { loggedIn: boolean }).loggedIn
    const logIn = async (secret: string) => cookieOf(await post('/api/login', { token: secret }, sameOrigin))
    const shared = await logIn(token)
    await post('/api/logout', {}, { ...sameOrigin, ...shared })
    assert.equal(await isIn(shared), false, 'a cookie that was kept')
    const mei = await logIn(addToken(folder, { name: 'mei', role: 'operator' }))
    assert.equal(await isIn(mei), true)
    revokeToken(folder, 'mei')
    assert.equal(await isIn(mei), false)
    addToken(folder, { name: 'mei', role: 'operator' })
    assert.equal(await isIn(mei), false)
    const brief = await logIn(addToken(folder, { name: 'joe', role: 'operator', expires: now + 1_000 }))
    assert.equal(await isIn(brief), true)
    now += 1_000
    assert.equal(await isIn(brief), false)
  })

  it('end the streams of live events that they opened', async () => {
    const { ask, agent } = setUp({ folder, read: 'token', events: { interval: 1 }, clock: { now: () => Date.now() } })
    const headers = { authorization: `Bearer ${addToken(folder, { name: 'mei', role: 'viewer' })}` }
    const reader = (await ask('/api/events', { headers })).body!.getReader()
    const theirs = (await ask('/api/events', { headers: bearer })).body!.getReader()
    assert.equal((await reader.read()).done, false)
    revokeToken(folder, 'mei')
    agent.changes.next(undefined)
    assert.equal((await reader.read()).done, true)
    assert.equal((await theirs.read()).done, false)
    await theirs.cancel()
  })

  it('outlive a restart, but not another shared token, and are on disk as hashes', async () => {
    const before = setUp({ folder })
    const cookie = cookieOf(await before.post('/api/login', { token }, sameOrigin))
    const file = join(folder, 'http-sessions.json')
    assert.ok(!readFileSync(file, 'utf8').includes(cookie.cookie.split('=')[1]))
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const isIn = async (after: ReturnType<typeof setUp>, headers: Record<string, string>) =>
      ((await (await after.ask('/api/session', { headers })).json()) as { loggedIn: boolean }).loggedIn
    assert.equal(await isIn(setUp({ folder }), cookie), true)
    const other = setUp({ folder, token: 'another-token-of-more-than-32-characters' })
    const renamed = cookieOf(await other.post('/api/login', { token: 'another-token-of-more-than-32-characters' }, sameOrigin)) // prettier-ignore
    const stolen = { cookie: `${renamed.cookie.split('=')[0]}=${cookie.cookie.split('=')[1]}` }
    assert.equal(await isIn(other, renamed), true)
    assert.equal(await isIn(other, stolen), false)
  })

  it('are listed and ended by an admin, and are a hundred of a token at most', async () => {
    const { ask, post, agent } = setUp({ folder, clock: { now: () => Date.now() } })
    const mei = addToken(folder, { name: 'mei', role: 'operator' })
    const from = async (address: string) =>
      cookieOf(
        await ask(
          '/api/login',
          {
            method: 'POST',
            body: JSON.stringify({ token: mei }),
            headers: { ...sameOrigin, 'content-type': 'application/json' },
          },
          address,
        ),
      )
    const first = await from('10.0.0.1')
    const list = async () =>
      (await (await ask('/api/sessions', { headers: bearer })).json()) as {
        id: string
        name: string
        address: string
      }[]
    const [{ id, name, address }] = await list()
    assert.deepEqual([name, address], ['mei', '10.0.0.1'])
    assert.equal((await ask('/api/sessions', { headers: first })).status, 403)
    assert.equal((await post(`/api/sessions/${id}/end`, { by: 'Mei' }, bearer)).status, 200)
    assert.equal((await ask('/api/sessions', { headers: first })).status, 401)
    assert.deepEqual(agent.notes.at(-1), { by: 'Mei', action: 'end session', subject: id, detail: '' })
    for (let i = 1; i <= 101; i++) await from(`10.0.1.${i}`)
    const open = await list()
    assert.equal(open.length, 100)
    assert.equal(open[0].address, '10.0.1.2')
  })
})
