import assert from 'node:assert/strict'
import { Influxd, influxdMissing } from '../../support/influxd.ts'
import { influxqlOf, queries, type Range } from './extract.ts'
import { database, fill } from './plant.ts'

const missing = influxdMissing ? ` (skipped: ${influxdMissing})` : ''

describe(`InfluxQL of the dashboards, on a real InfluxDB${missing}`, function () {
  const end = Date.now()
  const range: Range = [end - 3_600_000, end]
  let influxd: Influxd

  before(async function () {
    if (influxdMissing) this.skip()
    influxd = await Influxd.start()
    await fill(influxd, end)
  })

  after(() => (influxdMissing ? undefined : influxd.dispose()))

  for (const { where, query } of queries('influxql')) {
    it(where, async () => {
      for (const all of [false, true]) {
        const text = influxqlOf(query, range, all)
        assert.doesNotMatch(text.replaceAll(/\$\//g, '/'), /\$/, 'every variable and macro is known')
        const series = await influxd.query(text, database)
        const rows = series.flatMap(({ values }) => values)
        assert.ok(rows.length > 0, text)
        // Time is the first column; an answer of nothing else would draw nothing.
        assert.ok(
          rows.some((row) => row.slice(1).some((value) => value !== null)),
          text,
        )
      }
    })
  }
})
