import { Influxd } from '../../support/influxd.ts'
import { fluxOf, queries, type Range } from './extract.ts'
import { database, fill } from './plant.ts'

/**
 * Runs every Flux query of the dashboards on a real server: `node --import tsx test/config/grafana/flux-server.ts INFLUXD`, where
 * INFLUXD is an InfluxDB 1.8, whose Flux is older than that of 2.x. The system's InfluxDB 1.6 has none, so this is no test
 * of the suite.
 */
const end = Date.now()
const range: Range = [end - 3_600_000, end]
const influxd = await Influxd.start({ flux: process.argv[2] })
const failed: string[] = []
try {
  await fill(influxd, end)
  for (const { where, query } of queries('flux')) {
    for (const all of [false, true]) {
      const text = fluxOf(query, range, `${database}/autogen`, all)
      const problem = await problemOf(text)
      if (problem !== undefined) failed.push(`${where}: ${problem}\n${text}\n`)
    }
  }
} finally {
  await influxd.dispose()
}
process.stdout.write(`${[...failed, `${queries('flux').length} queries, ${failed.length} failures`].join('\n')}\n`)
process.exitCode = failed.length > 0 ? 1 : 0

async function problemOf(text: string): Promise<string | undefined> {
  try {
    const answer = await influxd.flux(text)
    // Annotated CSV: comment lines, a header, then rows.
    const rows = answer.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
    return rows.length > 1 ? undefined : 'no rows'
  } catch (error) {
    return (error as Error).message
  }
}
