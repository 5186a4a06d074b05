import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { EventFeed } from '../../agent/http/event-feed.ts'
import { operations } from '../../agent/http/operations.ts'
import { alarm, bearer, errorOf, FakeAgent, memoryLog, setUp, token } from '../http/fake-agent.ts'

const acknowledge = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`
const cookieOf = (response: Response) => ({ cookie: response.headers.get('set-cookie')!.split(';')[0] })

describe('an attacker at the HTTP interface', () => {
  describe('without a token', () => {
    const guarded = [
      '/api/dead-letters',
      '/api/dead-letters/7',
      '/api/audit',
      '/api/inspections/weld/images/id-1',
      '/api/inspections/weld/maps/id-1',
    ]

    it('sees no payload, no audit and no image, though reading is open', async () => {
      const { ask } = setUp({ read: 'open' })
      assert.equal((await ask('/api/state')).status, 200)
      for (const path of guarded) {
        const response = await ask(path)
        assert.equal(response.status, 401, path)
        assert.equal((await errorOf(response)).code, 'HTTP_UNAUTHORIZED')
        assert.equal((await ask(path, { headers: bearer })).status, 200, path)
      }
    })

    it('is refused by every operation that shows payloads, pictures or people, whichever are added', () => {
      for (const [name, { access }] of Object.entries(operations))
        if (name.startsWith('GET') && /letter|audit|image|map/.test(name)) assert.equal(access, 'guarded', name)
        else if (name.startsWith('POST') && !/log(in|out)/.test(name)) assert.match(access, /change|image/, name)
    })

    it('finds no picture in the cache of a browser whose session has ended', async () => {
      const response = await setUp().ask('/api/inspections/weld/images/id-1', { headers: bearer })
      assert.equal(response.headers.get('cache-control'), 'private, no-cache')
    })
  })

  describe('by DNS rebinding', () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '10.0.0.5', '::'])
      it(`reads nothing under a name of its own while the agent listens on ${host}`, async () => {
        const { ask, post } = setUp({ host })
        for (const name of [
          'evil.example',
          'evil.example:8080',
          'localhost.evil.example',
          '127.0.0.1.evil.example',
          '',
          '[evil]',
          '127.0.0.1.',
          '10.0.0.5.nip.io',
        ]) {
          for (const path of ['/', '/api/state', '/healthz', '/metrics']) {
            const response = await ask(path, { headers: { host: name } })
            assert.equal(response.status, 421, `${name} ${path}`)
            assert.match((await errorOf(response)).remedy, /http\.names/)
          }
          const change = await post(acknowledge, { by: 'Mei' }, { ...bearer, host: name })
          assert.equal(change.status, 421)
        }
      })

    it('the agent goes on answering to addresses, localhost, its machine and its configured names', async () => {
      const { ask } = setUp({ host: '0.0.0.0', names: ['Gateway.Plant'] })
      const names = [
        'localhost',
        'LOCALHOST:8080',
        '127.0.0.1:1',
        '10.0.0.5:8080',
        '[::1]:8080',
        '[fe80::1]',
        'gateway.plant',
        'GATEWAY.PLANT:80',
        hostname(),
      ]
      for (const host of names) assert.equal((await ask('/api/state', { headers: { host } })).status, 200, host)
    })
  })

  describe('behind the same proxy as the operator', () => {
    it('locks nobody out who has the token, by however many changes without one', async () => {
      const { post } = setUp()
      const statuses = new Set<number>()
      for (let i = 0; i < 300; i++)
        statuses.add((await post(acknowledge, {}, { authorization: 'Bearer guess' })).status)
      assert.deepEqual([...statuses].sort(), [401, 429])
      assert.equal((await post(acknowledge, { by: 'Mei' }, bearer)).status, 200)
    })

    it('locks nobody out of the log-in, by however many guesses', async () => {
      const { agent, post } = setUp()
      for (let i = 0; i < 50; i++) await post('/api/login', { token: `guess ${i}` })
      assert.equal((await post('/api/login', { token: 'one more' })).status, 429)
      assert.ok(agent.notes.length <= 12, 'guesses beyond the limit fill no journal')
      const response = await post('/api/login', { token })
      assert.equal(response.status, 200)
      assert.equal(
        (await post(acknowledge, { by: 'Mei' }, { origin: 'http://localhost:8080', ...cookieOf(response) })).status,
        200,
      )
    })

    it('bounds what a caller with the token does as well', async () => {
      const { post } = setUp({ clock: { now: () => 1 } })
      const statuses = new Set<number>()
      for (let i = 0; i < 200; i++) statuses.add((await post(acknowledge, { by: 'Mei' }, bearer)).status)
      assert.deepEqual([...statuses].sort(), [200, 429])
    })
  })

  describe('with event streams', () => {
    const feedOf = (capacity: number) => new EventFeed(new FakeAgent(), memoryLog(), { capacity, heartbeat: 100_000 })
    const one = (name: string, known = false) => ({ name, known })

    it('that fill all places keeps out neither other addresses nor whoever is logged in', async () => {
      const feed = feedOf(8)
      const held = Array.from({ length: 8 }, () => feed.open(one('10.0.0.66'))!.getReader())
      assert.equal(feed.open(one('10.0.0.66')), undefined, 'the attacker ends none but its own')
      assert.ok(feed.open(one('10.0.0.7')))
      assert.ok(feed.open(one('session 1', true)))
      await held[0].read()
      assert.equal((await held[0].read()).done, true, 'the oldest gave way')
      assert.equal(feed.clients, 8)
      feed.close()
    })

    it('cannot end those of operators', () => {
      const feed = feedOf(2)
      feed.open(one('session 1', true))
      feed.open(one('session 2', true))
      assert.equal(feed.open(one('10.0.0.66')), undefined)
      feed.close()
    })

    it('leaves them in peace where all have as many: pages that end each other would do so for ever', () => {
      const feed = feedOf(2)
      feed.open(one('10.0.0.1'))
      feed.open(one('10.0.0.2'))
      assert.equal(feed.open(one('10.0.0.3')), undefined)
      feed.close()
    })
  })

  it('behind a proxy that says nothing of itself gets no session of a demo', async () => {
    const { agent, ask } = setUp()
    agent.demo = true
    // nginx: `proxy_pass http://127.0.0.1:8080` sends this host, from this machine, and no further header.
    for (const path of ['/', '/?key=', '/?key=guess', '/index.html'])
      assert.equal((await ask(path, { headers: { host: '127.0.0.1:8080' } })).headers.get('set-cookie'), null, path)
  })

  it('reaches no file beside the page, whatever the path', async () => {
    const { ask } = setUp()
    for (const path of [
      '/../package.json',
      '/..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/....//package.json',
      '/app.ts',
      '/styles/../../http/token.ts',
      '/%00',
      '/index.html%00.js',
    ])
      assert.equal((await ask(path)).status, 404, path)
  })

  it('leaves prototypes as they are, whatever JSON it sends', async () => {
    const { post } = setUp()
    for (const text of [
      '{"__proto__":{"admin":true},"by":"x"}',
      '{"constructor":{"prototype":{"admin":true}},"by":"x"}',
      '{"by":"x","reason":{"__proto__":{"admin":true}}}',
    ])
      assert.ok((await post(acknowledge, text, bearer)).status < 500)
    assert.equal(({} as { admin?: boolean }).admin, undefined)
  })
})
