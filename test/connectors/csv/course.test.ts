import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Quality, TagTable } from '../../../agent/core/index.ts'
import { csv, readCsv, ReadReport } from '../../../connectors/csv/index.ts'

const minute = 60_000
const hour = 60 * minute
const night = Date.UTC(2024, 9, 26, 22)

/** What a clock in Berlin shows, which goes back from 3:00 to 2:00 at 1:00 UTC. */
function shown(time: number, seconds = true): string {
  const wall = new Date(time + (time < Date.UTC(2024, 9, 27, 1) ? 2 : 1) * hour)
  return wall
    .toISOString()
    .slice(0, seconds ? 19 : 16)
    .replace('T', ' ')
}

/** Times from midnight to four o'clock in Berlin, `step` ms apart. */
const times = (step: number, from = night, until = night + 5 * hour) =>
  Array.from({ length: Math.floor((until - from) / step) }, (_, at) => from + at * step)

describe('csv: the hour that a clock shows twice', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-csv-course-'))
  after(() => rmSync(folder, { recursive: true }))

  async function read(lines: readonly string[], settings: object = {}) {
    const path = join(folder, 'night.csv')
    writeFileSync(path, `${lines.join('\n')}\n`)
    const parsed = csv.config.parse({ read: path, timezone: 'Europe/Berlin', ...settings })
    const report = new ReadReport()
    const found: { time: number; unsure: boolean }[] = []
    for await (const { batch } of readCsv(parsed, new TagTable(), 'file', { report }))
      for (let row = 0; row < batch.length; row++)
        found.push({ time: batch.time[row], unsure: batch.quality[row] === Quality.uncertain })
    return { found, report }
  }
  const wide = (stamps: readonly string[]) => ['time,a', ...stamps.map((stamp, at) => `${stamp},${at}`)]

  const steady: readonly [what: string, times: readonly number[], seconds?: boolean][] = [
    ['a row a second', times(1000, night + 2 * hour - minute, night + 4 * hour)],
    ['a row a minute', times(minute)],
    ['a row a quarter', times(15 * minute)],
    ['a row every 25 minutes', times(25 * minute)],
    ['a row an hour', times(hour)],
    ['six rows a minute, stamped by the minute', times(10_000), false],
    ['a row a minute that begins in the second hour of summer time', times(minute, night + hour)],
  ]
  for (const [what, expected, seconds] of steady)
    it(`tells them apart by the order of rows: ${what}`, async () => {
      const { found } = await read(wide(expected.map((time) => shown(time, seconds))))
      const floor = seconds === false ? minute : 1
      assert.deepEqual(
        found.map(({ time }) => time),
        expected.map((time) => Math.floor(time / floor) * floor),
      )
      assert.ok(found.every(({ unsure }) => !unsure))
    })

  it('tells them apart by signal in the long form, whatever the others do', async () => {
    for (const step of [minute, hour]) {
      const rows = times(step).flatMap((time) => ['a', 'b', 'c'].map((name) => `${shown(time)},${name},1`))
      const { found } = await read(['time,name,value', ...rows])
      assert.deepEqual(
        found.map(({ time }) => time),
        times(step).flatMap((time) => [time, time, time]),
      )
      assert.ok(found.every(({ unsure }) => !unsure))
    }
  })

  it('takes a signal that comes seldom with those around it', async () => {
    const late = Date.UTC(2024, 9, 27, 1, 20)
    const rows = times(minute).flatMap((time) => [`${shown(time)},a,1`, ...(time === night || time === late ? [`${shown(time)},rare,1`] : [])]) // prettier-ignore
    const { found } = await read(['time,name,value', ...rows])
    assert.equal(found.filter(({ time }) => time === late).length, 2)
  })

  it('is not confused by rows that come a little late', async () => {
    const expected = times(1000, night + 2 * hour - minute, night + 4 * hour)
    for (let at = 5; at < expected.length; at += 50) [expected[at], expected[at - 3]] = [expected[at - 3], expected[at]]
    const { found } = await read(wide(expected.map((time) => shown(time))))
    assert.deepEqual(
      found.map(({ time }) => time),
      expected,
    )
  })

  it('says where nothing tells: values are uncertain, with a note', async () => {
    const within = times(minute, night + 2 * hour + 10 * minute, night + 2 * hour + 50 * minute)
    const { found, report } = await read(wide(within.map((time) => shown(time))))
    assert.ok(found.every(({ unsure }) => unsure))
    assert.match(report.notes.join(), /40 of 40 rows are of an hour that clocks in Europe\/Berlin show twice/)
    const three = times(hour).flatMap((time) => [shown(time, false), shown(time, false), shown(time, false)])
    const coarse = await read(wide(three), { check_times: false })
    const [first, ...others] = coarse.found.filter(({ time }) => time >= night + 2 * hour && time < night + 4 * hour)
    assert.equal(first.unsure, false)
    assert.ok(others.length === 5 && others.every(({ unsure }) => unsure))
  })

  it('refuses a label that speaks of it', async () => {
    const labels = { lab: { label: 'value', of: 'taken', asset: 'a' } }
    const rows = ['2024-10-27 05:00:00,1,97,2024-10-27 02:30:00', '2024-10-27 05:01:00,2,97,2024-10-27 04:30:00']
    const { report } = await read(['time,a,lab,taken', ...rows], { labels, time: 'time' })
    assert.match(report.refused.get('value')!.example, /the time that the label speaks of cannot be read/)
  })
})
