import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagTable, type Arrival, type LabelEvent } from '../../../agent/core/index.ts'
import { csv, readCsv, type ReadSettings } from '../../../connectors/csv/index.ts'

describe('csv: labels', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-csv-labels-'))
  after(() => rmSync(folder, { recursive: true }))

  async function read(lines: readonly string[], settings: object): Promise<Arrival[]> {
    const path = join(folder, 'file.csv')
    writeFileSync(path, `${lines.join('\n')}\n`)
    const arrivals: Arrival[] = []
    const parsed = csv.config.parse({ read: path, check_times: false, ...settings }) as ReadSettings
    for await (const arrival of readCsv(parsed, new TagTable(), 'history')) arrivals.push(arrival)
    return arrivals
  }

  const labelsOf = (arrivals: readonly Arrival[]) =>
    arrivals.flatMap(({ events = [] }) => events).filter((event): event is LabelEvent => event.type === 'label')

  it('say of which class the time since the row before was', async () => {
    const lines = ['time,speed,state', '1000,5,0', '2000,6,worn', '3000,7,1', '4000,8,']
    const labels = labelsOf(
      await read(lines, {
        time_format: 'ms',
        labels: { state: { label: 'fault', classes: { worn: 'bearing' }, asset: 'pump' } },
      }),
    )
    assert.deepEqual(
      labels.map(({ from, time, class: name, asset }) => [from, time, name, asset]),
      [
        [999, 1000, 'normal', 'pump'],
        [1000, 2000, 'bearing', 'pump'],
        [2000, 3000, 'fault', 'pump'],
      ],
    )
  })

  it('of a value may speak of an earlier time, and come with their own row', async () => {
    const lines = ['time,feed,octane,sampled', '1000,5,,', '2000,6,,', '3000,7,97.5,1000', '4000,8,oops,2000']
    const arrivals = await read(lines, {
      time_format: 'ms',
      labels: { octane: { label: 'value', of: 'sampled', asset: 'reactor', monitor: 'octane' } },
    })
    assert.deepEqual(labelsOf(arrivals), [
      { type: 'label', label: 'value', time: 1000, asset: 'reactor', monitor: 'octane', value: 97.5, by: 'history' },
    ])
    assert.deepEqual(
      arrivals.map(({ batch, events = [] }) => [...batch.value, ...events.map(({ type }) => type)]),
      [[5, 6, 7, 'label'], [8]],
    )
    assert.match(arrivals[1].rejected![0].detail, /line 5: "oops" is no number/)
  })

  it('end the run of each asset at its last row', async () => {
    const lines = ['unit,cycle,heat', '1,1,5', '1,2,6', '2,1,7', '2,2,8', '2,3,9']
    const arrivals = await read(lines, { asset: 'unit', counter: 'cycle', period: '1h', ends: 'failure' })
    assert.deepEqual(
      labelsOf(arrivals).map(({ label, asset, time }) => [label, asset, time / 3_600_000]),
      [
        ['failure', '1', 2],
        ['failure', '2', 3],
      ],
    )
  })

  it('end the run of the asset that is named, as its tags are called', async () => {
    const rows = ['unit,cycle,heat', '1,1,5', '1,2,6']
    const settings = { asset: 'unit', counter: 'cycle', tag: 'hall/{asset}/{column}' }
    const arrivals = await read(rows, { ...settings, ends: { label: 'maintenance', asset: 'hall/{asset}' } })
    assert.deepEqual(
      labelsOf(arrivals).map(({ label, asset }) => [label, asset]),
      [['maintenance', 'hall/1']],
    )
    const nobody = read(['time,heat', '1000,5', '2000,6'], { ends: 'failure' })
    await assert.rejects(nobody, /does not say which asset ends with it/)
  })

  it('read words as numbers where they are stated', async () => {
    const settings = { time_format: 'ms', tags: { grade: { words: { low: 1, high: 3 } } } }
    const [{ batch, rejected }] = await read(['time,grade', '1000,low', '2000,high', '3000,odd'], settings)
    assert.deepEqual([...batch.value], [1, 3])
    assert.equal(rejected![0].reason, 'type')
  })

  it('need an asset to be about', async () => {
    const wrong = read(['time,a,b', '1,2,3'], { labels: { b: { label: 'failure' } } })
    await assert.rejects(wrong, /does not say which asset the labels in "b" are about/)
  })
})
