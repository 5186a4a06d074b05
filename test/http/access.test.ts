import assert from 'node:assert/strict'
import { sessionLength } from '../../agent/http/token.ts'
import { alarm, bearer, errorOf, setUp, token } from './fake-agent.ts'

const path = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`
const content = { by: 'Mei' }
const sameOrigin = { origin: 'http://localhost:8080' }

/** The cookie that a response sets, as a request sends it back. */
const cookieOf = (response: Response) => ({ cookie: response.headers.get('set-cookie')!.split(';')[0] })

describe('http access', () => {
  it('refuses every change without a token, before it looks at anything else', async () => {
    const { agent, post } = setUp()
    agent.attachPlant()
    for (const address of [
      path,
      path.replace('acknowledge', 'shelve'),
      path.replace('acknowledge', 'unshelve'),
      '/api/plant/inject',
      '/api/plant/repair',
    ]) {
      const response = await post(address, 'not even JSON')
      assert.equal(response.status, 401, address)
      const { code, remedy } = await errorOf(response)
      assert.equal(code, 'HTTP_UNAUTHORIZED')
      assert.match(remedy, /http-token/)
    }
    assert.deepEqual(agent.calls, [])
  })

  it('accepts the token, and only the token', async () => {
    const { post } = setUp()
    assert.equal((await post(path, content, bearer)).status, 200)
    for (const wrong of ['Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`])
      assert.equal((await post(path, content, { authorization: wrong })).status, 401, wrong)
  })

  it('logs in with the token, then changes things by cookie until logged out', async () => {
    const { ask, post } = setUp()
    const response = await post('/api/login', { token }, sameOrigin)
    assert.equal(response.status, 200)
    const header = response.headers.get('set-cookie')!
    assert.match(header, /HttpOnly/)
    assert.match(header, /SameSite=Strict/)
    assert.ok(!header.includes(token), 'the token stays out of the browser')
    const cookie = cookieOf(response)
    assert.equal((await post(path, content, { ...sameOrigin, ...cookie })).status, 200)
    assert.deepEqual(await (await ask('/api/session', { headers: cookie })).json(), { loggedIn: true, read: 'open' })
    assert.deepEqual(await (await ask('/api/session')).json(), { loggedIn: false, read: 'open' })
    const out = await post('/api/logout', {}, { ...sameOrigin, ...cookie })
    assert.match(out.headers.get('set-cookie')!, /Max-Age=0/)
  })

  it('refuses to log in with a wrong token, or for a page of another site', async () => {
    const { post } = setUp()
    assert.equal((await post('/api/login', { token: 'guess' }, sameOrigin)).status, 401)
    const foreign = await post('/api/login', { token }, { origin: 'http://evil.example' })
    assert.equal(foreign.status, 403)
    assert.equal(foreign.headers.get('set-cookie'), null)
  })

  it('ends a log-in when its time is over, and believes no cookie it did not sign', async () => {
    let now = 1_764_000_000_000
    const { post } = setUp({ clock: { now: () => now } })
    const cookie = cookieOf(await post('/api/login', { token }, sameOrigin))
    const [name, value] = cookie.cookie.split('=')
    const [expires, signature] = value.split('.')
    for (const forged of [`${Number(expires) + 1}.${signature}`, `${expires}.`, expires, '', `.${signature}`, 'NaN.x'])
      assert.equal((await post(path, content, { ...sameOrigin, cookie: `${name}=${forged}` })).status, 401, forged)
    now += sessionLength - 1
    assert.equal((await post(path, content, { ...sameOrigin, ...cookie })).status, 200)
    now += 1
    assert.equal((await post(path, content, { ...sameOrigin, ...cookie })).status, 401)
  })

  it('refuses changes that a page of another origin sends along with the cookie or the token', async () => {
    const { agent, post } = setUp()
    const cookie = cookieOf(await post('/api/login', { token }, sameOrigin))
    for (const headers of [
      { origin: 'http://evil.example' },
      { origin: 'http://localhost:9999' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { ...sameOrigin, 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[])
      for (const proof of [cookie, bearer]) {
        const response = await post(path, content, { ...headers, ...proof })
        assert.equal(response.status, 403, JSON.stringify(headers))
        assert.equal((await errorOf(response)).code, 'HTTP_CROSS_ORIGIN')
      }
    assert.deepEqual(agent.calls, [])
  })

  describe('in the demo', () => {
    it('lets whoever opens the page on this machine by the address that it prints change things', async () => {
      const { agent, ask, http, post } = setUp()
      agent.demo = true
      const response = await ask(`/?key=${http.entryKey}`)
      assert.equal(response.headers.get('location'), '/')
      assert.match(response.headers.get('set-cookie')!, /HttpOnly.*SameSite=Strict/)
      assert.equal((await post(path, content, { ...sameOrigin, ...cookieOf(response) })).status, 200)
    })

    it('gives no session to other machines, through proxies, under other names or for anything but the page', async () => {
      const { agent, ask, http } = setUp({ host: '0.0.0.0', names: ['gateway.plant'] })
      agent.demo = true
      const entry = `/?key=${http.entryKey}`
      const responses = await Promise.all([
        ask(entry, {}, '10.0.0.7'),
        ask(entry, { headers: { 'x-forwarded-for': '10.0.0.7' } }),
        ask(entry, { headers: { forwarded: 'for=10.0.0.7' } }),
        ask(entry, { headers: { host: 'gateway.plant' } }),
        ask(`/api/state?key=${http.entryKey}`),
      ])
      for (const response of responses) assert.equal(response.headers.get('set-cookie'), null)
    })

    it('is off unless the agent says so', async () => {
      const { ask, http } = setUp()
      assert.equal((await ask(`/?key=${http.entryKey}`)).headers.get('set-cookie'), null)
    })
  })
})
