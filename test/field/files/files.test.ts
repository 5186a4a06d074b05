import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Quality, SourceError, TagTable } from '../../../agent/core/index.ts'
import { csv, readCsv, ReadReport } from '../../../connectors/csv/index.ts'
import { type FileCase, senseless, tables, times } from './cases.ts'

describe('field: files as they are exported', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-files-'))))
  afterEach(() => rm(folder, { recursive: true }))

  /** What comes out: values by tag, `undefined` where they are bad. */
  async function read({ file, settings }: FileCase) {
    const isOne = typeof file === 'string' || Buffer.isBuffer(file)
    for (const [name, content] of Object.entries(isOne ? { 'data.csv': file } : file)) await writeFile(join(folder, name), content) // prettier-ignore
    const parsed = csv.config.parse({ read: isOne ? join(folder, 'data.csv') : folder, ...settings })
    const tags = new TagTable()
    const report = new ReadReport()
    const values: Record<string, unknown[]> = {}
    let newest = -Infinity
    for await (const { batch } of readCsv(parsed, tags, 'file', { report })) {
      for (let row = 0; row < batch.length; row++) {
        const { name, type } = tags.at(batch.tag[row])
        const value = type === 'text' ? batch.texts![batch.value[row]] : batch.value[row]
        ;(values[name] ??= []).push(batch.quality[row] === Quality.bad ? undefined : value)
        assert.ok(batch.time[row] >= newest, 'samples are in the order of their times')
        newest = batch.time[row]
      }
    }
    return { values, report }
  }

  for (const one of [...times, ...tables])
    it(`reads ${one.what}, of ${one.from}`, async () => {
      const { values, report } = await read(one)
      const { signals = {}, times = [], rows, refused = {}, note } = one
      assert.deepEqual([report.first, report.last].map((time) => new Date(time).toISOString()), times) // prettier-ignore
      assert.equal(report.rows, rows)
      for (const [name, [type, unit, ...begin]] of Object.entries(signals)) {
        const known = report.signals.get(name)
        assert.deepEqual([known?.type, known?.unit ?? ''], [type, unit], name)
        assert.deepEqual(values[name].slice(0, begin.length), begin, name)
      }
      assert.deepEqual(Object.keys(values).sort(), Object.keys(signals).sort())
      assert.deepEqual(Object.fromEntries([...report.refused].map(([reason, { rows }]) => [reason, rows])), refused)
      if (note) assert.match(report.notes.join('\n'), note)
    })

  for (const one of senseless)
    it(`refuses ${one.what}, of ${one.from}, and says what to do`, async () => {
      await assert.rejects(read(one), (error) => {
        assert.ok(error instanceof SourceError, String(error))
        assert.match(error.message, one.error!)
        assert.ok(error.remedy)
        return true
      })
    })
})
