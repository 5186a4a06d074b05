import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { AuditEntry, DeadLetterView, LetterResult } from '../../agent/view/index.ts'
import { millwright } from '../cli/millwright.ts'
import { Influxd, influxdMissing } from '../support/influxd.ts'
import { runningAgent, type RunningAgent } from '../support/running-agent.ts'
import { until } from '../support/until.ts'

const items = (value: number, t: number) =>
  JSON.stringify({ timestamp: t, values: [{ id: 'P7.Flow', v: value, q: true, t }, { id: 'P7.Speed', v: 2, q: true, t }] }) // prettier-ignore

describe(`dead letters of a running agent${influxdMissing ? ` (skipped: ${influxdMissing})` : ''}`, function () {
  let influxd: Influxd
  const begun = Date.now()
  const configuration = (preset: string) => (agent: RunningAgent) => `
connectors:
  plant:
    type: mqtt
    url: ${agent.broker.url}
    topics: [{ filter: gateway${preset} }, { filter: plain, tag: plain/value }]
  history: { type: influxdb, version: 1, url: "${influxd.url}", database: mill, linger: 10ms }
`
  if (influxdMissing) return
  const running = runningAgent({
    site: 'letters',
    configuration: configuration(''),
    prepare: async (agent) => {
      influxd = await Influxd.start()
      agent.own(() => influxd.dispose())
      await influxd.query('CREATE DATABASE mill')
      await influxd.write('mill', `sensor,site=other value="text" ${begun}000`)
    },
  })
  const letters = () => running.agent.get('/api/dead-letters?limit=1000') as Promise<DeadLetterView[]>
  const cli = async (...words: string[]) => {
    const token = ['--config', running.agent.file, '--json']
    const { stdout, stderr, status } = await millwright(running.folder, 'dead-letters', ...words, ...token)
    return { results: JSON.parse(stdout || 'null') as (LetterResult & DeadLetterView)[], stderr, status }
  }

  it('lists what was put aside by source, sink and reason, page by page, and shows one', async () => {
    for (let i = 0; i < 5; i++) await running.client.publishAsync('gateway', items(i, begun + i), { qos: 1 })
    await running.client.publishAsync('plain', '7', { qos: 1 })
    await until('all are put aside', async () => {
      const all = await letters()
      const of = (origin: string) => all.filter((one) => one.origin === origin)
      return of('plant').length === 5 && of('history').reduce((sum, { rows }) => sum + rows, 0) === 1
    })
    const { results } = await cli('list', '--origin', 'plant', '--reason', 'unmapped', '--limit', '3')
    assert.deepEqual(results.map(({ reason, whole }) => [reason, whole]), [['unmapped', true], ['unmapped', true], ['unmapped', true]]) // prettier-ignore
    const page = (await running.agent.get(`/api/dead-letters?before=${results[2].id}&origin=plant`)) as DeadLetterView[]
    assert.equal(page.length, 2)
    assert.deepEqual((await cli('list', '--older', '1h')).results, [])
    const shown = await millwright(running.folder, 'dead-letters', 'show', String(results[0].id), '--config', running.agent.file) // prettier-ignore
    assert.match(shown.stdout, /whole: it can be sent again[^]*"P7\.Flow"/)
  })

  it('changes nothing without the token, nor without a name', async () => {
    const [{ id }] = await letters()
    const body = JSON.stringify({ by: 'Mei', letters: [id] })
    const headers = { 'content-type': 'application/json' }
    for (const action of ['resend', 'drop'])
      assert.equal((await fetch(`http://127.0.0.1:${running.port}/api/dead-letters/${action}`, { method: 'POST', headers, body })).status, 401) // prettier-ignore
    const { status, stderr } = await cli('drop')
    assert.notEqual(status, 0)
    assert.match(stderr, /--origin, --reason, --newer, --older, or --all/)
  })

  it('keeps what fails again, with the reason', async () => {
    const { results, status } = await cli('resend', '--all')
    assert.equal(status, 1)
    assert.equal(results.length, 6)
    assert.ok(results.every(({ outcome, rows }) => outcome === 'kept' && rows === 0))
    assert.equal((await letters()).length, 6)
  })

  it('sends letters of a source by the mapping of today, and those of a sink once the cause is mended', async () => {
    writeFileSync(running.agent.file, running.text('letters', configuration(', preset: kepware')(running)))
    await until('the preset is at work', async () => {
      await running.client.publishAsync('gateway', items(9, begun + 9), { qos: 1 })
      return (await running.agent.ledger()).sources[0].stored > 2
    })
    const count = (await letters()).filter(({ origin }) => origin === 'plant').length
    const source = await cli('resend', '--origin', 'plant')
    assert.deepEqual(new Set(source.results.map(({ outcome, rows }) => `${outcome} ${rows}`)), new Set(['sent 2']))
    assert.equal(source.results.length, count)
    await influxd.query('DROP MEASUREMENT sensor', 'mill')
    await until('nothing is left', async () => {
      await cli('resend', '--origin', 'history', '--by', 'Mei')
      const { sinks } = await running.agent.ledger()
      return (await letters()).length === 0 && sinks[0].deadLettered === 0 && sinks[0].waiting === 0
    })
    const [series] = await influxd.query('SELECT value FROM sensor WHERE "tag" = \'Flow\' AND value < 9', 'mill')
    assert.deepEqual(series.values.map(([time, value]) => [time, value]), [0, 1, 2, 3, 4].map((i) => [(begun + i) * 1_000, i])) // prettier-ignore
    const [plain] = await influxd.query('SELECT value FROM sensor WHERE "asset" = \'plain\'', 'mill')
    assert.equal(plain.values[0][1], 7)
    const audit = (await running.agent.get('/api/audit')) as AuditEntry[]
    assert.ok(audit.some(({ by, action, detail }) => by === 'Mei' && action === 'resend' && /rows sent/.test(detail)))
    const { sources, sinks } = await running.agent.ledger()
    assert.ok([...sources, ...sinks].every(({ difference }) => difference === 0))
  })

  it('does not find again after a restart what is done with', async () => {
    await running.client.publishAsync('plain', '{"broken', { qos: 1 })
    await until('one is put aside', async () => (await letters()).length === 1)
    const [{ id }] = await letters()
    const { results } = await cli('drop', String(id))
    assert.deepEqual(results, [{ letter: id, outcome: 'dropped', rows: 1 }])
    await running.agent.stop()
    await running.agent.start()
    assert.deepEqual(await letters(), [])
    assert.deepEqual((await cli('resend', String(id))).results, [{ letter: id, outcome: 'gone', rows: 0 }])
  })
})
