import assert from 'node:assert/strict'
import { bearer, errorOf, setUp, state } from './fake-agent.ts'

describe('http reads', () => {
  it('say with status and reasons whether the agent is healthy and ready', async () => {
    const { agent, ask } = setUp()
    for (const [path, ok] of [
      ['/healthz', () => (agent.healthy = false)],
      ['/readyz', () => (agent.prepared = false)],
    ] as const) {
      assert.equal((await ask(path)).status, 200)
      ok()
      const response = await ask(path)
      assert.equal(response.status, 503)
      assert.equal(response.headers.get('cache-control'), 'no-store')
      const body = (await response.json()) as { ok: boolean; reasons: string[] }
      assert.equal(body.ok, false)
      assert.equal(body.reasons.length, 1)
    }
  })

  it('show what is degraded although the agent is ready', async () => {
    const { ask } = setUp()
    assert.deepEqual(await (await ask('/readyz')).json(), { ok: true, reasons: ['history: down'] })
  })

  it('give the metrics in the type that Prometheus asks for', async () => {
    const response = await setUp().ask('/metrics')
    assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(await response.text(), 'millwright_windows_total 3\n')
  })

  it('give state and ledger as JSON that nobody caches', async () => {
    const { ask, agent } = setUp()
    const response = await ask('/api/state')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.deepEqual(await response.json(), state)
    assert.deepEqual(await (await ask('/api/ledger')).json(), agent.ledger())
  })

  it('show one dead letter, and say that there is none of another id', async () => {
    const { ask } = setUp()
    const status = async (id: string) => (await ask(`/api/dead-letters/${id}`, { headers: bearer })).status
    assert.equal(await status('7'), 200)
    for (const id of ['8', 'x', '1e3', '-1']) assert.equal(await status(id), 404)
  })

  it('bound the number of dead letters', async () => {
    const { agent, ask } = setUp()
    await ask('/api/dead-letters', { headers: bearer })
    await ask('/api/dead-letters?limit=7', { headers: bearer })
    assert.deepEqual(agent.calls, [
      ['deadLetters', 100],
      ['deadLetters', 7],
    ])
    for (const limit of ['0', '-1', '1001', 'many', '1.5', '']) {
      const response = await ask(`/api/dead-letters?limit=${limit}`, { headers: bearer })
      assert.equal(response.status, 400, limit)
      assert.equal((await errorOf(response)).code, 'HTTP_INVALID')
    }
    assert.equal(agent.calls.length, 2)
  })

  it('answer what is not there with an error that says what to do', async () => {
    const { ask } = setUp()
    for (const path of ['/api/nothing', '/nothing.html', '/%2e%2e/agent-view.ts', '/..%2fpackage.json']) {
      const response = await ask(path)
      assert.equal(response.status, 404, path)
      const { code, message, remedy } = await errorOf(response)
      assert.equal(code, 'HTTP_NOT_FOUND')
      assert.ok(message && remedy)
    }
    assert.equal((await ask('/api/state', { method: 'DELETE' })).status, 404)
  })

  it('hide what went wrong inside, and log it', async () => {
    const { agent, ask, log } = setUp()
    agent.metricsText = () => Promise.reject(new Error('secret detail'))
    const response = await ask('/metrics')
    assert.equal(response.status, 500)
    const error = await errorOf(response)
    assert.equal(error.code, 'HTTP_INTERNAL')
    assert.ok(!JSON.stringify(error).includes('secret'))
    assert.equal(log.lines.length, 1)
  })

  it('come with headers that let nothing foreign run or frame the page', async () => {
    const { headers } = await setUp().ask('/')
    const policy = headers.get('content-security-policy')!
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /script-src 'self'(;|$)/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.ok(!policy.includes('unsafe'))
    assert.equal(headers.get('x-content-type-options'), 'nosniff')
    assert.equal(headers.get('x-frame-options'), 'DENY')
    assert.equal(headers.get('referrer-policy'), 'no-referrer')
    assert.equal(headers.get('strict-transport-security'), null)
  })

  it('serve the page and every file it names, and no inline script', async () => {
    const { ask } = setUp()
    const response = await ask('/')
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('cache-control'), 'no-cache')
    assert.match(response.headers.get('content-type')!, /text\/html/)
    const page = await response.text()
    assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)/)
    assert.doesNotMatch(page, /\son\w+=|\sstyle=|https?:\/\//)
    const seen = new Set<string>()
    const visit = async (path: string): Promise<void> => {
      if (seen.has(path)) return
      seen.add(path)
      const file = await ask(path)
      assert.equal(file.status, 200, path)
      assert.match(file.headers.get('content-type')!, path.endsWith('.css') ? /text\/css/ : /javascript|svg/, path)
      const tag = file.headers.get('etag')!
      assert.equal((await ask(path, { headers: { 'if-none-match': tag } })).status, 304, path)
    }
    for (const [, path] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g)) await visit(path)
    assert.ok(seen.size > 2, [...seen].join(' '))
  })
})
