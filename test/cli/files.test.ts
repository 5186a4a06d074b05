import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { millwright } from './millwright.ts'

describe('millwright with files of a user', function () {
  let folder: string
  const path = (name: string) => join(folder, name)
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-files-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** A German export of ten minutes, a row a second. */
  function writeExport(name = 'press2.csv'): void {
    const two = (value: number) => String(value).padStart(2, '0')
    const rows = Array.from({ length: 600 }, (_, at) => {
      const load = Math.sin(at / 20) + Math.sin(at * at) / 5
      const cells = [20 + 5 * load, 1000 + 40 * load].map((value) => value.toFixed(2).replace('.', ','))
      return `05.03.2024 10:${two(Math.floor(at / 60))}:${two(at % 60)};${cells.join(';')}`
    })
    writeFileSync(path(name), `Zeit;Temperatur;Druck\n${rows.join('\n')}\nZeilen: 600\n`)
  }

  it('init: says what a file is, shows its rows and writes a configuration that reads it', async () => {
    writeExport()
    const { status, stderr } = await millwright(folder, 'init', 'press2.csv', '--yes')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /semicolons between, columns named in line 1, times in "Zeit", day first, decimal comma/)
    assert.match(stderr, /2024-03-05T10:00:00\.000Z +20 +1000/)
    const written = parse(readFileSync(path('plant.yaml'), 'utf8')) as { connectors: Record<string, object> }
    assert.deepEqual(written.connectors.files, {
      ...{ type: 'csv', read: 'press2.csv', form: 'wide', decimal: ',', time: 'Zeit', date_order: 'dmy' },
      ...{ tag: 'press2/{column}', timezone: 'utc' },
    })
    // The commands find what it wrote without being told.
    const checked = await millwright(folder, 'check')
    assert.equal(checked.status, 0, checked.stderr)
    const replayed = await millwright(folder, 'replay', '--data', 'press2.csv', '--out', 'out.csv')
    assert.equal(replayed.status, 0, replayed.stderr)
    assert.match(replayed.stdout, /read: 600 rows, 1,200 samples of 2 signals from 2024-03-05T10:00:00\.000Z to 2024-03-05T10:09:59\.000Z/) // prettier-ignore
    assert.match(replayed.stdout, /press2\/Temperatur +number +600/)
    assert.match(replayed.stdout, /1 line below the table passed over, such as "Zeilen: 600"/)
  })

  it('init: asks for what a file cannot say, and takes it', async () => {
    writeFileSync(path('wave.csv'), `x\n${Array.from({ length: 50 }, (_, at) => at / 7).join('\n')}\n`)
    const asked = await millwright(folder, 'init', 'wave.csv', '--yes')
    assert.equal(asked.status, 1)
    assert.match(asked.stderr, /no column of times[^]*state `period` and `start`/)
    assert.equal(existsSync(path('plant.yaml')), false)
    const told = await millwright(folder, 'init', 'wave.csv', '--yes', '--set', 'period=10ms', 'start=2024-03-05')
    assert.equal(told.status, 0, told.stderr)
    assert.match(told.stderr, /2024-03-05T00:00:00\.010Z/)
  })

  it('replay: needs no columns of labels, and fails where no signal fits', async () => {
    writeExport()
    const config = (pattern: string) => `
connectors: { files: { type: csv, read: x, tag: "line1/press2/{column}", labels: { state: { label: fault, asset: line1/press2 } } } }
assets: { press: { tags: "${pattern}" } }
monitors: { health: { assets: press, window: 10s } }
`
    writeFileSync(path('plant.yaml'), config('{line}/press{n}/{role}'))
    const right = await millwright(folder, 'replay', '--data', 'press2.csv', '--out', 'out.csv')
    assert.equal(right.status, 0, right.stderr)
    writeFileSync(path('plant.yaml'), config('{line}/pump{n}/{role}'))
    const wrong = await millwright(folder, 'replay', '--data', 'press2.csv', '--out', 'other.csv')
    assert.equal(wrong.status, 1)
    assert.match(wrong.stderr, /no signal that was read fits `assets`: there are line1\/press2\/Temperatur/)
    assert.equal(existsSync(path('other.csv')), false)
  })

  it('replay: fails where nothing could be read, and says why', async () => {
    writeFileSync(path('plant.yaml'), 'monitors: { health: { assets: a } }\nassets: { a: { tags: "{a}/{role}" } }\n')
    writeFileSync(path('old.csv'), 'time,temp\n45356.4,1\nyesterday,2\n')
    writeFileSync(path('empty.csv'), 'time,temp\n')
    const empty = await millwright(folder, 'replay', '--data', 'empty.csv', '--out', 'out.csv')
    assert.equal(empty.status, 1)
    assert.match(empty.stderr, /SOURCE_DATA/)
    writeFileSync(path('future.csv'), 'time,temp\n2094-01-01 00:00,1\n2094-01-01 00:01,2\n')
    const future = await millwright(folder, 'replay', '--data', 'future.csv', '--out', 'out.csv')
    assert.equal(future.status, 1)
    assert.match(future.stderr, /after tomorrow[^]*check_times: false/)
  })

  it('wrong words on the command line end with 2', async () => {
    assert.equal((await millwright(folder, 'label', 'oops', 'line1/press2')).status, 2)
    assert.equal((await millwright(folder, 'check', '--http-port', 'abc')).status, 2)
    assert.equal((await millwright(folder, 'init', 'nowhere.csv')).status, 2)
  })

  it('check: tells of files that are missing or empty; with --connect of classes without tags', async () => {
    writeExport()
    writeFileSync(path('empty.csv'), '')
    const config = (read: string, pattern: string) => `
connectors: { files: { type: csv, read: ${read}, tag: "line1/press2/{column}" } }
assets: { press: { tags: "${pattern}" } }
monitors: { health: { assets: press, window: 10s } }
`
    const rows: [read: string, pattern: string, status: number, told: RegExp, words: string[]][] = [
      ['press2.csv', '{line}/press{n}/{role}', 0, /is right/, ['--connect']],
      ['empty.csv', '{line}/press{n}/{role}', 1, /will not work[^]*files: empty\.csv is empty/, []],
      ['gone.csv', '{line}/press{n}/{role}', 1, /files: there is no gone\.csv/, []],
      ['press2.csv', '{line}/pump{n}/{role}', 1, /press: no tag fits \{line\}\/pump\{n\}.*there are line1\/press2/, ['--connect']], // prettier-ignore
    ]
    for (const [read, pattern, status, told, words] of rows) {
      writeFileSync(path('plant.yaml'), config(read, pattern))
      const checked = await millwright(folder, 'check', ...words)
      assert.equal(checked.status, status, checked.stderr)
      assert.match(checked.stdout, told)
    }
  })

  it('an empty configuration is not right', async () => {
    writeFileSync(path('plant.yaml'), '')
    const { status, stderr } = await millwright(folder, 'check')
    assert.equal(status, 78)
    assert.match(stderr, /is empty/)
  })
})
