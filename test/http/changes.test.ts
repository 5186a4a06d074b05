import assert from 'node:assert/strict'
import { JournalError } from '../../agent/core/index.ts'
import { alarm, bearer, errorOf, setUp } from './fake-agent.ts'

const address = (action: string, id = alarm) => `/api/alarms/${encodeURIComponent(id)}/${action}`

describe('http changes', () => {
  it('reach the agent with the alarm whose id holds slashes', async () => {
    const { agent, post } = setUp()
    assert.equal((await post(address('acknowledge'), { by: ' Mei ', reason: 'seen' }, bearer)).status, 200)
    assert.equal((await post(address('shelve'), { by: 'Mei', for: '30m' }, bearer)).status, 200)
    assert.equal((await post(address('unshelve'), { by: 'Mei' }, bearer)).status, 200)
    assert.deepEqual(agent.calls, [
      ['acknowledge', { alarm, by: 'Mei', reason: 'seen' }],
      ['shelve', { alarm, by: 'Mei', duration: 1_800_000 }],
      ['unshelve', { alarm, by: 'Mei' }],
    ])
  })

  it('name dead letters by their ids, at most 200 of them', async () => {
    const { agent, post } = setUp()
    for (const action of ['resend', 'drop']) {
      const address = `/api/dead-letters/${action}`
      assert.equal((await post(address, { by: 'Mei', letters: [3, 1] }, bearer)).status, 200)
      assert.equal((await post(address, { by: 'Mei', letters: [3] })).status, 401)
      for (const letters of [[], [-1], ['1'], Array.from({ length: 201 }, (_, i) => i)])
        assert.equal((await post(address, { by: 'Mei', letters }, bearer)).status, 400)
    }
    assert.deepEqual(agent.calls, [['settleLetters', 'resend', [3, 1], 'Mei'], ['settleLetters', 'drop', [3, 1], 'Mei']]) // prettier-ignore
  })

  it('of an unknown alarm say that there is none', async () => {
    const { post } = setUp()
    for (const action of ['acknowledge', 'unshelve']) {
      const response = await post(address(action, 'no/such/1'), { by: 'Mei' }, bearer)
      assert.equal(response.status, 404)
      const { code, message } = await errorOf(response)
      assert.equal(code, 'HTTP_UNKNOWN')
      assert.match(message, /no\/such\/1/)
    }
  })

  const bad: [string, unknown, number, string][] = [
    ['malformed JSON', '{"by":', 400, 'HTTP_BAD_JSON'],
    ['nothing', '', 400, 'HTTP_BAD_JSON'],
    ['a list', [], 400, 'HTTP_INVALID'],
    ['a missing name', {}, 400, 'HTTP_INVALID'],
    ['an empty name', { by: '  ' }, 400, 'HTTP_INVALID'],
    ['a name that is a number', { by: 7 }, 400, 'HTTP_INVALID'],
    ['an endless name', { by: 'x'.repeat(101) }, 400, 'HTTP_INVALID'],
    ['an unknown key', { by: 'Mei', admin: true }, 400, 'HTTP_INVALID'],
    ['a large body', { by: 'Mei', reason: 'x'.repeat(20_000) }, 413, 'HTTP_TOO_LARGE'],
  ]
  for (const [what, content, status, code] of bad)
    it(`refuse ${what}`, async () => {
      const { agent, post } = setUp()
      const response = await post(address('acknowledge'), content, bearer)
      assert.equal(response.status, status)
      assert.equal((await errorOf(response)).code, code)
      assert.deepEqual(agent.calls, [])
    })

  it('refuse a span that is none, none at all or too long', async () => {
    const { post } = setUp()
    for (const span of ['soon', '0s', '31d', 5, undefined]) {
      const response = await post(address('shelve'), { by: 'Mei', for: span }, bearer)
      assert.equal(response.status, 400, String(span))
      assert.match((await errorOf(response)).message, /^for: /)
    }
  })

  it('refuse what is not declared as JSON, as a form of another site would be', async () => {
    const { post } = setUp()
    const response = await post(address('acknowledge'), { by: 'Mei' }, { ...bearer, 'content-type': 'text/plain' })
    assert.equal(response.status, 415)
    assert.equal((await errorOf(response)).code, 'HTTP_NOT_JSON')
  })

  it('bound a body that comes without its length', async () => {
    const { ask } = setUp()
    const chunk = new TextEncoder().encode('x'.repeat(10_000))
    let sent = 0
    const stream = new ReadableStream({
      pull(controller) {
        sent++
        controller.enqueue(chunk)
      },
    })
    const init = {
      method: 'POST',
      body: stream,
      duplex: 'half' as const,
      headers: { ...bearer, 'content-type': 'application/json' },
    }
    assert.equal((await ask(address('acknowledge'), init)).status, 413)
    assert.ok(sent < 10)
  })

  it('that cannot be recorded answer with the agent’s own error and its remedy', async () => {
    const { agent, post } = setUp()
    agent.failure = new JournalError('JOURNAL_FULL', 'the disk is full', { remedy: 'Make room.' })
    const response = await post(address('acknowledge'), { by: 'Mei' }, bearer)
    assert.equal(response.status, 503)
    assert.deepEqual(await errorOf(response), {
      code: 'JOURNAL_FULL',
      message: 'the disk is full',
      remedy: 'Make room.',
    })
  })

  describe('of the simulated plant', () => {
    it('inject and repair', async () => {
      const { agent, post } = setUp()
      agent.attachPlant()
      assert.equal((await post('/api/plant/inject', { asset: 'line1/pump2', fault: 'cavitation' }, bearer)).status, 200)
      assert.equal((await post('/api/plant/repair', { asset: 'line1/pump2' }, bearer)).status, 200)
      assert.deepEqual(agent.calls, [
        ['inject', 'line1/pump2', 'cavitation'],
        ['repair', 'line1/pump2'],
      ])
    })

    it('say so where the asset or fault is unknown', async () => {
      const { agent, post } = setUp()
      agent.attachPlant()
      for (const [path, content] of [
        ['/api/plant/inject', { asset: 'line1/pump9', fault: 'cavitation' }],
        ['/api/plant/repair', { asset: 'line1/pump9' }],
      ] as const) {
        const response = await post(path, content, bearer)
        assert.equal(response.status, 404)
        assert.equal((await errorOf(response)).code, 'HTTP_UNKNOWN')
      }
    })

    it('do not exist without one', async () => {
      const { post } = setUp()
      for (const [path, content] of [
        ['/api/plant/inject', { asset: 'line1/pump2', fault: 'cavitation' }],
        ['/api/plant/repair', { asset: 'line1/pump2' }],
      ] as const) {
        const response = await post(path, content, bearer)
        assert.equal(response.status, 404)
        assert.equal((await errorOf(response)).code, 'HTTP_NO_PLANT')
      }
    })
  })
})
