import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentMetrics, systemClock } from '../../../agent/core/index.ts'
import { deliver } from '../../../agent/delivery/index.ts'
import { Letters } from '../../../agent/letters/index.ts'
import { openJournal } from '../../../agent/journal/index.ts'
import { influxdb } from '../../../connectors/influxdb/index.ts'
import { contextOf } from '../../connectors/influxdb/helpers.ts'
import { checkedLedger, handled } from '../../delivery/parts.ts'
import { Influxd, influxdMissing } from '../../support/influxd.ts'
import { cases, type FieldCase, type Question } from './cases.ts'

const missing = influxdMissing ? ` (skipped: ${influxdMissing})` : ''
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }

describe(`field/influxdb what servers do${missing}`, function () {
  before(function () {
    if (influxdMissing) this.skip()
  })

  for (const one of cases) it(`${one.name} (${one.source})`, () => live(one))
})

/** Delivers the results of a case, looks at what came of them, mends the cause and sends the letters again. */
async function live(one: FieldCase): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'field-influxdb-'))
  const password = join(folder, 'password')
  writeFileSync(password, 'old')
  const influxd = await Influxd.start(one.server)
  const journal = await openJournal({ folder: '', settings: { store: 'memory', size: 1e9, age: 1e15, gather: 0 } })
  const settings = {
    ...one.settings,
    ...(one.settings && 'password_file' in one.settings && { password_file: password }),
  }
  const config = influxdb.config.parse({ version: 1, url: influxd.url, database: 'plant', timeout: '2s', ...settings })
  const sink = influxdb.sink!(config, contextOf(journal.tags))!
  const stop = new AbortController()
  const parts = { name: 'history', journal, sink, metrics: silentMetrics, log, clock: systemClock, signal: stop.signal }
  await influxd.query('CREATE DATABASE plant')
  for (const statement of one.statements ?? []) await influxd.query(statement, 'plant')
  if (one.lines !== undefined) await influxd.write('plant', one.lines)
  const results = one.results(journal.tags)
  await journal.append('results', results)
  const delivery = deliver({ ...parts, pace: { retry: 20, slowest: 100 } })
  const take = () => Promise.reject(new Error('there is no source'))
  const letters = new Letters({ journal, clock: systemClock, sink: () => ({ sink, delivery }), source: () => undefined, take }) // prettier-ignore
  try {
    await one.meanwhile?.({ influxd, password, delivery })
    await handled(journal, 'history', one.ledger.stored!)
    assert.deepEqual({ ...checkedLedger(journal, 'history'), ...one.ledger }, checkedLedger(journal, 'history'))
    const found = await letters.list({}, 100)
    assert.deepEqual(found.map(({ rows }) => rows), (one.letters ?? []).map(([rows]) => rows)) // prettier-ignore
    for (const [at, [, detail, remedy]] of (one.letters ?? []).entries()) {
      assert.match(found[at].detail, detail)
      assert.match(delivery.state().remedy!, remedy)
      assert.match(delivery.state().remedy!, /dead-letters resend --origin history/)
    }
    await answered(influxd, one.answers)
    if (!one.mend) return
    const ids = found.map(({ id }) => id)
    const [before] = await letters.resend(ids)
    assert.deepEqual([before.outcome, before.rows], ['kept', 0])
    await one.mend({ influxd, password, delivery })
    const sent = await letters.resend(ids)
    assert.deepEqual(sent.map(({ outcome, rows }) => [outcome, rows]), found.map(({ rows }) => ['sent', rows])) // prettier-ignore
    assert.deepEqual(await letters.list({}, 100), [])
    const { stored, dead, delivered, overwritten } = checkedLedger(journal, 'history')
    assert.deepEqual([dead, delivered + overwritten], [0, stored])
    await answered(influxd, one.mended ?? [])
  } finally {
    stop.abort()
    await delivery.done
    await sink.close()
    await journal.close()
    await influxd.dispose()
    rmSync(folder, { recursive: true })
  }
}

async function answered(influxd: Influxd, questions: readonly Question[]): Promise<void> {
  for (const [query, rows] of questions) {
    const series = await influxd.query(query, 'plant')
    assert.deepEqual(series.flatMap(({ values }) => values.map((row) => row.slice(1))), rows, query) // prettier-ignore
  }
}
