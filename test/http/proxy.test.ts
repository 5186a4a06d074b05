import assert from 'node:assert/strict'
import { request } from 'node:http'
import { httpConfig } from '../../config/index.ts'
import { alarm, bearer, errorOf, setUp } from './fake-agent.ts'

const proxy = {
  trust: ['10.0.0.4', '192.168.7.0/24', 'fd00::/8'],
  user_header: 'x-forwarded-user',
  groups: { header: 'x-forwarded-groups', roles: { maintenance: 'engineer', line: 'operator' } },
} as const
const acknowledge = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`

describe('http behind a reverse proxy that logs people in', () => {
  const act = (
    { ask }: ReturnType<typeof setUp>,
    from: string,
    headers: Record<string, string>,
    path: string = acknowledge,
  ) =>
    ask(
      path,
      { method: 'POST', body: '{"by":"The Director"}', headers: { 'content-type': 'application/json', ...headers } },
      from,
    )
  const mei = { 'x-forwarded-user': 'mei@plant', 'x-forwarded-groups': 'canteen, line' }

  it('believes its headers, from its addresses, and puts down whom it names', async () => {
    for (const from of ['10.0.0.4', '::ffff:10.0.0.4', '192.168.7.99', 'fd00::17']) {
      const agent = setUp({ proxy })
      assert.equal((await act(agent, from, mei)).status, 200, from)
      assert.deepEqual(agent.agent.calls, [['acknowledge', { alarm, by: 'mei@plant', proof: 'proxy', said: 'The Director' }]]) // prettier-ignore
    }
  })

  it('refuses its headers from everywhere else, reading too, whatever else is shown', async () => {
    for (const from of ['10.0.0.5', '127.0.0.1', '192.168.8.1', '::1', 'fe80::1', 'unknown', ''])
      for (const header of ['x-forwarded-user', 'x-forwarded-groups']) {
        const agent = setUp({ proxy })
        const response = await act(agent, from, { ...bearer, [header]: 'line' })
        assert.equal(response.status, 403, `${header} from ${from}`)
        assert.equal((await errorOf(response)).code, 'HTTP_NOT_THE_PROXY')
        assert.equal((await agent.ask('/api/state', { headers: { [header]: 'line' } }, from)).status, 403)
        assert.deepEqual(agent.agent.calls, [])
      }
  })

  it('lets nobody in whom the proxy does not name, and gives the highest role of all groups', async () => {
    const agent = setUp({ proxy })
    const retrain = '/api/models/pump-health/retrain'
    assert.equal((await act(agent, '10.0.0.4', {})).status, 401)
    assert.equal((await act(agent, '10.0.0.4', { 'x-forwarded-user': '  ' })).status, 401)
    assert.equal((await act(agent, '10.0.0.4', mei, retrain)).status, 403)
    assert.equal(
      (await act(agent, '10.0.0.4', { ...mei, 'x-forwarded-groups': 'line,maintenance' }, retrain)).status,
      200,
    )
    for (const groups of ['', 'canteen', 'constructor', 'admin'])
      assert.equal((await act(agent, '10.0.0.4', { ...mei, 'x-forwarded-groups': groups })).status, 403, groups)
  })

  it('takes a role from a header, or one for all, where it is told to', async () => {
    const told = setUp({ proxy: { ...proxy, groups: undefined, role_header: 'x-role' } })
    assert.equal((await act(told, '10.0.0.4', { 'x-forwarded-user': 'mei', 'x-role': 'operator' })).status, 200)
    assert.equal((await act(told, '10.0.0.4', { 'x-forwarded-user': 'mei', 'x-role': 'viewer' })).status, 403)
    assert.equal((await act(told, '10.0.0.4', { 'x-forwarded-user': 'mei', 'x-role': 'toString' })).status, 403)
    const all = setUp({ proxy: { ...proxy, groups: undefined, role: 'operator' } })
    assert.equal((await act(all, '10.0.0.4', { 'x-forwarded-user': 'mei' })).status, 200)
  })

  it('takes the token as before, and still no page of another origin', async () => {
    const agent = setUp({ proxy })
    assert.equal((await act(agent, '10.0.0.9', bearer)).status, 200)
    assert.equal((await act(agent, '10.0.0.4', { ...mei, origin: 'https://evil.example' })).status, 403)
    const own = { origin: 'https://plant.example', 'x-forwarded-host': 'plant.example' }
    assert.equal((await act(agent, '10.0.0.4', { ...mei, ...own })).status, 200)
    assert.equal((await act(agent, '10.0.0.9', { ...bearer, ...own })).status, 403, 'the host is the proxy’s to say')
  })

  it('gives cookies for TLS alone where the proxy speaks it', async () => {
    const { ask } = setUp({ proxy })
    const logIn = async (from: string) => {
      const body = JSON.stringify({ token: bearer.authorization.slice(7) })
      const headers = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' }
      return (await ask('/api/login', { method: 'POST', body, headers }, from)).headers.get('set-cookie')!
    }
    assert.match(await logIn('10.0.0.4'), /HttpOnly; Secure; SameSite=Strict/)
    assert.doesNotMatch(await logIn('10.0.0.9'), /Secure;/)
  })

  it('refuses a header that comes twice, as from a proxy that adds to what its clients send', async () => {
    const agent = setUp({ port: 0, proxy: { ...proxy, trust: ['127.0.0.1'] } })
    const server = await agent.http.listen()
    const status = (groups: string | string[]) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { 'x-forwarded-user': 'eve', 'x-forwarded-groups': groups, 'content-type': 'application/json' }
        const asked = request(`${server.url}${acknowledge}`, { method: 'POST', headers, agent: false }, (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode))
        })
        asked.on('error', reject).end('{"by":"eve"}')
      })
    assert.equal(await status('line'), 200)
    assert.equal(await status(['maintenance', 'line']), 403)
    await server.close()
  })

  it('is off unless it is configured, and then the headers say nothing', async () => {
    const agent = setUp()
    assert.equal((await act(agent, '10.0.0.4', mei)).status, 401)
  })

  it('is checked as it is read: networks, names of headers, roles', () => {
    const parse = (settings: object) => httpConfig.safeParse({ proxy: { ...proxy, ...settings } }).success
    assert.ok(parse({}))
    for (const trust of [
      [],
      ['10.0.0.0/33'],
      ['10.0.0'],
      ['proxy.plant'],
      ['10.0.0.0/8/8'],
      ['fd00::/129'],
      ['1.2.3.4/'],
    ])
      assert.ok(!parse({ trust }), JSON.stringify(trust))
    assert.ok(!parse({ user_header: 'x user' }))
    assert.ok(!parse({ groups: { header: 'x', roles: { all: 'root' } } }))
  })
})
