// Longer than others: all that the API answers to one caller, from refusals to its own description.
import assert from 'node:assert/strict'
import { alarmsCsv } from '../../agent/http/alarms-csv.ts'
import { openApi } from '../../agent/http/index.ts'
import { operations, type Operation } from '../../agent/http/operations.ts'
import { RateLimit } from '../../agent/http/rate-limit.ts'
import type { AlarmChange } from '../../agent/view/shapes.ts'
import { alarm, bearer, errorOf, setUp, token } from './fake-agent.ts'

const change: AlarmChange = {
  time: Date.UTC(2026, 0, 2, 3, 4, 5),
  id: alarm,
  asset: 'line1/pump2',
  monitor: 'pump-health',
  change: 'shelved',
  state: 'raised',
  raised: 1,
  score: 30,
  threshold: 20,
  contributions: { vibration: 0.64, current: 0.21 },
  by: 'Mei',
  reason: '=HYPERLINK("http://evil.example"), "waits"',
}

/** `GET /api/history` -> an address that the fake agent has an answer for. */
function addressOf(operation: string): string {
  const path = operation.split(' ')[1].replace(':station', 'weld').replace(':id', 'id-1').replace(':letter', '7')
  return path === '/api/history' ? `${path}?asset=line1/pump2&from=1&to=2` : path
}

describe('http reading, closed', () => {
  const closed = () => setUp({ read: 'token' })

  it('needs the token or a log-in for all that tells something of the plant', async () => {
    const { ask, post } = closed()
    const sameOrigin = { origin: 'http://localhost:8080' }
    const cookie = (await post('/api/login', { token }, sameOrigin)).headers.get('set-cookie')!.split(';')[0]
    const reads = Object.entries(operations).filter(([, operation]) => operation.access === 'read')
    assert.ok(reads.length > 8)
    for (const [name] of reads) {
      const path = addressOf(name)
      assert.equal((await ask(path)).status, 401, path)
      for (const headers of [bearer, { cookie }]) {
        const response = await ask(path, { headers })
        assert.equal(response.status, 200, path)
        await response.body?.cancel()
      }
    }
  })

  it('leaves health, the page and the log-in open', async () => {
    const { ask } = closed()
    for (const path of ['/healthz', '/readyz', '/', '/main.js', '/api/session'])
      assert.equal((await ask(path)).status, 200, path)
    assert.deepEqual(await (await ask('/api/session')).json(), { loggedIn: false, read: 'token' })
  })
})

describe('http limits', () => {
  it('let a caller guess a token ten times, then ever so slowly', async () => {
    let now = 0
    const { post, agent } = setUp({ clock: { now: () => now } })
    const guess = async () => (await post('/api/login', { token: 'guess', by: 'Eve' })).status
    for (let i = 0; i < 10; i++) assert.equal(await guess(), 401)
    assert.equal(await guess(), 429)
    now += 6_000
    assert.equal(await guess(), 401)
    assert.equal(await guess(), 429)
    assert.equal(agent.notes.length, 11, 'what is turned away does not fill the journal')
    assert.deepEqual(agent.notes[0], { by: 'Eve', action: 'log-in refused', subject: '127.0.0.1', detail: '' })
  })

  it('bound the changes of one caller, and leave others theirs', async () => {
    const { ask } = setUp({ clock: { now: () => 0 } })
    const address = `/api/alarms/${encodeURIComponent(alarm)}/acknowledge`
    const act = (from: string) =>
      ask(
        address,
        { method: 'POST', body: '{"by":"Mei"}', headers: { ...bearer, 'content-type': 'application/json' } },
        from,
      )
    for (let i = 0; i < 120; i++) assert.equal((await act('10.0.0.1')).status, 200)
    const refused = await act('10.0.0.1')
    assert.equal(refused.status, 429)
    assert.equal((await errorOf(refused)).code, 'HTTP_TOO_MANY')
    assert.equal((await act('10.0.0.2')).status, 200)
  })

  it('fill up as time passes, and forget callers beyond a thousand', () => {
    let now = 0
    const limit = new RateLimit({ burst: 2, refill: 100 }, { now: () => now })
    assert.deepEqual([limit.take('a'), limit.take('a'), limit.take('a')], [true, true, false])
    now = 99
    assert.equal(limit.take('a'), false)
    now = 250
    assert.deepEqual([limit.take('a'), limit.take('a')], [true, true])
    assert.equal(limit.take('a'), false)
    for (let i = 0; i < 1_000; i++) limit.take(`caller ${i}`)
    assert.equal(limit.take('a'), true)
  })
})

describe('http audit', () => {
  it('puts down who logged in, and who did what to the plant and to certificates', async () => {
    const { agent, post, ask } = setUp()
    agent.attachPlant()
    const thumbprint = 'a'.repeat(40)
    await post('/api/login', { token, by: 'Mei' })
    await post('/api/plant/inject', { asset: 'line1/pump2', fault: 'cavitation', by: 'Mei' }, bearer)
    await post('/api/plant/repair', { asset: 'line1/pump2' }, bearer)
    assert.equal(
      (await post('/api/certificates/approve', { by: 'Mei', connector: 'plc', thumbprint }, bearer)).status,
      200,
    )
    assert.deepEqual(
      agent.notes.map(({ by, action, subject, detail }) => [by, action, subject, detail]),
      [
        ['Mei', 'log-in', '127.0.0.1', ''],
        ['Mei', 'inject', 'line1/pump2', 'cavitation'],
        ['unknown', 'repair', 'line1/pump2', ''],
        ['Mei', 'approve certificate', 'plc', thumbprint],
      ],
    )
    assert.equal(((await (await ask('/api/audit', { headers: bearer })).json()) as unknown[]).length, 4)
  })

  it('gives a tag that is there another type, for whoever may change things', async () => {
    const { post } = setUp()
    const retype = (tag: string, type: string) => post('/api/tags/retype', { by: 'Mei', tag, type }, bearer)
    const answer = await retype('line1/pump2/mode', 'number')
    assert.deepEqual(await answer.json(), { tag: 'line1/pump2/mode', from: 'text', to: 'number' })
    assert.equal((await retype('line1/pump9/mode', 'number')).status, 404)
    assert.equal((await retype('line1/pump2/mode', 'colour')).status, 400)
    assert.equal((await post('/api/tags/retype', {})).status, 401)
  })

  it('approves no certificate that is not there, and none by a part of its thumbprint', async () => {
    const { agent, post } = setUp()
    const approve = (connector: string, thumbprint: string) =>
      post('/api/certificates/approve', { by: 'Mei', connector, thumbprint }, bearer)
    assert.equal((await approve('other', 'a'.repeat(40))).status, 404)
    assert.equal((await approve('plc', 'aaaaaaaa')).status, 400)
    assert.equal((await post('/api/certificates/approve', {})).status, 401)
    assert.deepEqual(agent.notes, [])
  })
})

describe('http learning', () => {
  it('takes what is known of an alarm as a label', async () => {
    const { agent, post } = setUp()
    const label = { type: 'false-alarm', alarm, by: 'Mei', note: 'cleaning' }
    assert.equal((await post('/api/labels', label, bearer)).status, 200)
    assert.deepEqual(agent.calls, [['falseAlarm', { alarm, by: 'Mei', reason: 'cleaning' }]])
    assert.equal((await post('/api/labels', { ...label, alarm: 'none' }, bearer)).status, 404)
    assert.equal((await post('/api/labels', { ...label, type: 'other' }, bearer)).status, 400)
    assert.equal((await post('/api/labels', label)).status, 401)
  })

  it('trains a model when asked to, and puts that down', async () => {
    const { agent, post } = setUp()
    assert.equal((await post('/api/models/pump-health/retrain', { by: 'Mei' }, bearer)).status, 200)
    assert.equal((await post('/api/models/other/retrain', { by: 'Mei' }, bearer)).status, 409)
    assert.deepEqual(agent.notes, [{ by: 'Mei', action: 'retrain', subject: 'pump-health', detail: '' }])
  })

  it('puts a model to work and takes it back when asked to, and puts both down', async () => {
    const { agent, post } = setUp()
    const version = '0002-bbbbbbbb'
    const promoted = await post('/api/models/pump-health/promote', { by: 'Mei', version }, bearer)
    assert.deepEqual(await promoted.json(), { monitor: 'pump-health', version })
    const back = await post('/api/models/pump-health/rollback', { by: 'Mei', reason: 'too loud' }, bearer)
    assert.deepEqual(await back.json(), { monitor: 'pump-health', version: '0001-aaaaaaaa' })
    assert.deepEqual(
      agent.notes.map(({ action, detail }) => [action, detail]),
      [
        ['promote', version],
        ['rollback', 'to 0001-aaaaaaaa too loud'],
      ],
    )
    const refused = await post('/api/models/other/promote', { by: 'Mei', version }, bearer)
    assert.equal(refused.status, 409)
    assert.match(((await refused.json()) as { error: { message: string } }).error.message, /no monitor other/)
    assert.equal((await post('/api/models/pump-health/promote', { by: 'Mei', version })).status, 401)
  })

  it('takes labels of what failed, of faults and of measured values, with the time they speak of', async () => {
    const { agent, post } = setUp()
    const asset = 'line1/pump2'
    const time = '2026-01-05T10:00:00Z'
    const bodies = [
      { type: 'failure', asset, time, by: 'Mei' },
      { type: 'fault', asset, from: time, time: '2026-01-05T11:00:00Z', class: 'bearing', by: 'Mei' },
      { type: 'value', asset, time, value: 3.5, monitor: 'octane', by: 'lab', note: 'sample 7' },
    ]
    for (const body of bodies) assert.equal((await post('/api/labels', body, bearer)).status, 200)
    const at = Date.parse(time)
    assert.deepEqual(agent.calls, [
      ['label', { type: 'failure', asset, time: at, by: 'Mei' }],
      ['label', { type: 'fault', asset, from: at, time: at + 3_600_000, class: 'bearing', by: 'Mei' }],
      ['label', { type: 'value', asset, time: at, value: 3.5, monitor: 'octane', by: 'lab', note: 'sample 7' }],
    ])
    assert.equal((await post('/api/labels', { ...bodies[0], asset: 'nowhere' }, bearer)).status, 404)
    assert.equal((await post('/api/labels', { ...bodies[0], time: 'yesterday' }, bearer)).status, 400)
    assert.equal((await post('/api/labels', { type: 'value', asset, by: 'lab' }, bearer)).status, 400)
  })

  it('hand on what somebody says of a part, and answer how it was understood', async () => {
    const { agent, post } = setUp()
    const label = { type: 'verdict', station: 'weld', part: 'A-7', class: 'scratch', by: 'Mei' }
    const response = await post('/api/labels', label, bearer)
    assert.deepEqual(await response.json(), { station: 'weld', part: 'A-7', class: 'scratch', learns: true })
    assert.deepEqual(agent.calls, [['correct', label]])
    const missing = await post('/api/labels', { ...label, station: 'paint' }, bearer)
    assert.equal(missing.status, 404)
    assert.match(await missing.text(), /there is no station paint/)
    assert.equal((await post('/api/labels', { ...label, part: undefined }, bearer)).status, 400)
    assert.equal((await post('/api/labels', label)).status, 401)
  })
})

describe('http history', () => {
  it('hands on asset, range and points', async () => {
    const { ask, agent } = setUp()
    const response = await ask('/api/history?asset=line1%2Fpump2&from=5&to=1000&points=200')
    assert.equal(response.status, 200)
    assert.deepEqual(agent.calls, [['history', { asset: 'line1/pump2', from: 5, to: 1_000, points: 200 }]])
  })

  const bad = [
    'from=1&to=2',
    'asset=a&tag=b&from=1&to=2',
    'asset=a&from=2&to=2',
    'asset=a&from=x&to=2',
    'asset=a&from=1',
    'asset=a&from=1&to=2&points=5',
    'asset=a&from=1&to=2&points=5000',
    'asset=a&from=1&to=2&more=1',
    `${'tag=a&'.repeat(51)}from=1&to=2`,
  ]
  for (const query of bad)
    it(`refuses ${query.slice(0, 40)}`, async () => {
      const { ask, agent } = setUp()
      const response = await ask(`/api/history?${query}`)
      assert.equal(response.status, 400)
      assert.equal((await errorOf(response)).code, 'HTTP_INVALID')
      assert.deepEqual(agent.calls, [])
    })

  it('says so where there is no such asset', async () => {
    assert.equal((await setUp().ask('/api/history?asset=none&from=1&to=2')).status, 404)
  })
})

describe('alarms as CSV', () => {
  it('come as a file', async () => {
    const { ask, agent } = setUp()
    agent.alarmChanges = [change]
    const response = await ask('/api/alarms.csv')
    assert.match(response.headers.get('content-type')!, /^text\/csv/)
    assert.equal(response.headers.get('content-disposition'), 'attachment; filename="alarms-test-site.csv"')
    assert.equal((await response.text()).split('\r\n').length, 3)
  })

  it('quote what needs it, and hold nothing that a spreadsheet would run', () => {
    const [head, row] = alarmsCsv([change]).split('\r\n')
    assert.match(head, /^time,change,/)
    assert.match(row, /^2026-01-02T03:04:05.000Z,shelved,raised,line1\/pump2,pump-health,30,20,Mei,/)
    assert.ok(row.includes(`"'=HYPERLINK(""http://evil.example""), ""waits"""`), row)
    assert.ok(row.includes('vibration 64%; current 21%'))
    assert.ok(alarmsCsv([{ ...change, score: -1.5e-7 }]).includes(',-1.5e-7,'), 'numbers stay numbers')
  })
})

describe('the OpenAPI description', () => {
  const document = openApi('1.2.3') as {
    paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>
  }

  it('has every operation once, under a name of its own', () => {
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    assert.deepEqual(described.sort(), Object.keys(operations).sort())
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map((each) => each.operationId),
    )
    assert.equal(new Set(names).size, names.length)
  })

  it('is true of what the agent answers', async () => {
    const { ask, agent } = setUp()
    agent.alarmChanges = [change]
    const all = Object.entries(operations) as [string, Operation][]
    const reads = all.filter(([name, { answer }]) => name.startsWith('GET') && answer)
    for (const [name, { answer }] of reads) {
      const response = await ask(addressOf(name), { headers: bearer })
      const result = answer!.safeParse(await response.json())
      assert.ok(result.success, `${name}: ${result.error?.message}`)
    }
  })
})
