// Longer than others: one table of what cells say, and what they must not.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { stringify } from './stringify.ts'
import { SourceError, TagTable, type Arrival, type DeadLetter } from '../../../agent/core/index.ts'
import { csv, readCsv, type ReadSettings } from '../../../connectors/csv/index.ts'
import { rowsOf } from '../../support/marbles.ts'

describe('csv: reading', () => {
  let folder: string
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'csv-read-'))))
  after(() => rm(folder, { recursive: true }))

  interface Outcome {
    readonly arrivals: readonly Arrival[]
    readonly tags: TagTable
    /** `tag time value quality`. */
    readonly samples: readonly string[]
    readonly letters: readonly DeadLetter[]
  }

  async function read(text: string | Buffer, settings: object = {}, tags = new TagTable()): Promise<Outcome> {
    const path = join(folder, 'data.csv')
    await writeFile(path, text)
    const arrivals: Arrival[] = []
    for await (const arrival of readCsv(parsed({ read: path, check_times: false, ...settings }), tags, 'history'))
      arrivals.push(arrival)
    const rows = rowsOf(
      arrivals.map(({ batch }) => batch),
      tags,
    )
    const samples = rows.map(({ tag, time, value, quality }) => `${tags.at(tag).name} ${time} ${value} ${quality}`)
    return { arrivals, tags, samples, letters: arrivals.flatMap(({ rejected }) => rejected ?? []) }
  }

  const parsed = (settings: object): ReadSettings => csv.config.parse(settings)

  const plain = ['a 1000 1 0', 'b 1000 2 0', 'a 2000 3.5 0', 'b 2000 -4 0']
  const files: readonly [string, string | Buffer, object, readonly string[]][] = [
    ['commas', 'time,a,b\n1,1,2\n2,3.5,-4\n', {}, plain],
    ['no end of the last line', 'time,a,b\n1,1,2\n2,3.5,-4', {}, plain],
    ['CRLF', 'time,a,b\r\n1,1,2\r\n2,3.5,-4\r\n', {}, plain],
    ['a byte order mark', '\uFEFFtime,a,b\n1,1,2\n2,3.5,-4\n', {}, plain],
    ['empty lines', '\n\ntime,a,b\n\n1,1,2\n\r\n2,3.5,-4\n\n', {}, plain],
    ['semicolons', 'time;a;b\n1;1;2\n2;3.5;-4\n', {}, plain],
    ['semicolons and decimal commas', 'time;a;b\n1;1;2\n2;3,5;-4\n', { decimal: ',' }, plain],
    ['tabs', 'time\ta\tb\n1\t1\t2\n2\t3.5\t-4\n', {}, plain],
    ['runs of blanks', '  time a   b\n1 1  2 \n 2   3.5 -4\n', { delimiter: 'space' }, plain],
    ['runs of blanks, found out', 'time a   b\n1 1  2 \n2   3.5 -4\n', {}, plain],
    ['blanks around cells', 'time , a,b\n 1, 1 ,2\n2,3.5 ,-4 \n', {}, plain],
    ['quotes', '"time","a","b"\n"1","1",2\n2,"3.5","-4"\n', {}, plain],
    ['quotes and CRLF', '"time","a","b"\r\n"1","1",2\r\n2,"3.5","-4"\r\n', {}, plain],
    ['no header', '1,1,2\n2,3.5,-4\n', { header: false, columns: ['time', 'a', 'b'] }, plain],
    ['no header and no names', '1,7\n', { header: false, time: 'column1' }, ['column2 1000 7 0']],
    ['a column without a name', 'time,a,b,\n1,1,2,\n2,3.5,-4,\n', {}, plain],
    ['ignored columns', 'time,a,label,b\n1,1,x,2\n2,3.5,y,-4\n', { ignore: ['label'] }, plain],
    [
      'numbers in many forms',
      'time,a\n1,+.5\n2,1e3\n3,-2.5E-2\n4,007\n5,5.\n',
      {},
      ['a 1000 0.5 0', 'a 2000 1000 0', 'a 3000 -0.025 0', 'a 4000 7 0', 'a 5000 5 0'],
    ],
    [
      'missing values',
      'time,a\n1,\n2,NaN\n3,null\n4,5\n',
      {},
      ['a 1000 NaN 2', 'a 2000 NaN 2', 'a 3000 NaN 2', 'a 4000 5 0'],
    ],
    ['words of its own for missing values', 'time,a\n1,--\n2,5\n', { missing: ['--'] }, ['a 1000 NaN 2', 'a 2000 5 0']],
    ['booleans', 'time,a\n1,true\n2,False\n3,0\n', {}, ['a 1000 1 0', 'a 2000 0 0', 'a 3000 0 0']],
    [
      'text',
      'time,a\n1,\n2,idle\n3,"run, fast"\n4,7\n5,störung\n',
      {},
      ['a 1000 NaN 2', 'a 2000 idle 0', 'a 3000 run, fast 0', 'a 4000 7 0', 'a 5000 störung 0'],
    ],
    [
      'line breaks and quotes in quotes',
      'time,a\n1,"two\nlines"\n2,"say ""so"""\n',
      {},
      ['a 1000 two\nlines 0', 'a 2000 say "so" 0'],
    ],
    [
      'an inch sign within text',
      'time,a,b\n1,5" pipe,x\n2,6" pipe,y\n',
      {},
      ['a 1000 5" pipe 0', 'b 1000 x 0', 'a 2000 6" pipe 0', 'b 2000 y 0'],
    ],
    [
      'exact integers',
      'time,a\n1,9007199254740993\n2,5\n',
      { tags: { a: { type: 'integer' } } },
      ['a 1000 9007199254740993 0', 'a 2000 5 0'],
    ],
    [
      'a counter',
      'n,a\n0,1\n3,2\n',
      { counter: 'n', period: '10s', start: '2024-01-01T00:00:00Z' },
      ['a 1704067200000 1 0', 'a 1704067230000 2 0'],
    ],
    [
      'an asset column',
      'unit,time,s1\n1,1,5\n2,1,6\n1,2,7\n',
      { asset: 'unit' },
      ['1/s1 1000 5 0', '2/s1 1000 6 0', '1/s1 2000 7 0'],
    ],
    [
      'names for tags',
      'time,a,b\n1,1,2\n',
      { tag: 'line/{column}', tags: { b: 'other' } },
      ['line/a 1000 1 0', 'other 1000 2 0'],
    ],
    [
      'names for tags of assets',
      'time,m,a\n1,p$&,2\n',
      { asset: 'm', tag: 'line/{asset}/{column}' },
      ['line/p$&/a 1000 2 0'],
    ],
  ]
  for (const [what, text, settings, expected] of files)
    it(`reads a file with ${what}`, async () => {
      const { samples, letters } = await read(text, settings)
      assert.deepEqual(samples, expected)
      assert.deepEqual(letters, [])
    })

  const times: readonly [string, number, object?][] = [
    ['2024-05-01T12:00:00Z', Date.UTC(2024, 4, 1, 12)],
    ['2024-05-01 12:00:00', Date.UTC(2024, 4, 1, 12)],
    ['2024-05-01 12:00', Date.UTC(2024, 4, 1, 12)],
    ['2024-05-01', Date.UTC(2024, 4, 1)],
    ['2024-02-29T23:59:59.123456Z', Date.UTC(2024, 1, 29, 23, 59, 59) + 123.456],
    ['2024-05-01T12:00:00+02:00', Date.UTC(2024, 4, 1, 10)],
    ['2024-05-01T12:00:00.5-0930', Date.UTC(2024, 4, 1, 21, 30) + 500],
    ['1969-12-31 23:59:59', -1000],
    ['2024-07-01 12:00:00', new Date(2024, 6, 1, 12).getTime(), { timezone: 'local' }],
    ['2024-07-01', new Date(2024, 6, 1).getTime(), { timezone: 'local' }],
    ['1714564800', 1714564800000],
    ['1714564800.25', 1714564800250],
    ['1714564800000', 1714564800000],
    ['1714564800000500', 1714564800000.5],
    ['1714564800000000000', 1714564800000],
    ['5000', 5000, { time_format: 'ms' }],
    ['5000', 5, { time_format: 'us' }],
    ['5000', 0.005, { time_format: 'ns' }],
    ['0', 0],
  ]
  for (const [cell, time, settings] of times)
    it(`reads the time ${cell}${settings ? ` with ${JSON.stringify(settings)}` : ''}`, async () => {
      const { samples } = await read(`time,a\n${cell},1\n`, settings)
      assert.deepEqual(samples, [`a ${time} 1 0`])
    })

  for (const cell of [
    'yesterday',
    '',
    '2023-02-29 00:00:00',
    '2024-05-01 24:00:00',
    '2024-05-01 12:00:00 CST',
    '2024-13-01',
    '2024-05-01T1:2:3',
    '2024-05-01 12:00:00.',
    '1e30',
  ])
    it(`puts a row with the time "${cell}" aside`, async () => {
      const { samples, letters } = await read(`time,a,b\n${cell},1,2\n5,6,7\n`)
      assert.deepEqual(samples, ['a 5000 6 0', 'b 5000 7 0'])
      assert.equal(letters.length, 1)
      assert.equal(letters[0].reason, 'time')
      assert.equal(letters[0].rows, 2)
      assert.match(letters[0].detail, /^line 2: ".*" is no time/)
    })

  it('puts bad rows and cells aside with their line, and reads the rest', async () => {
    const { samples, letters } = await read('time,a,b\n1,1,2\n2,3\n3,4,5,6\n4,oops,7\n5,8,1e999\n6,9,10\n')
    assert.deepEqual(samples, ['a 1000 1 0', 'b 1000 2 0', 'b 4000 7 0', 'a 5000 8 0', 'a 6000 9 0', 'b 6000 10 0'])
    assert.deepEqual(
      letters.map(({ reason, rows, subject, detail }) => [reason, rows, subject, detail]),
      [
        ['malformed', 2, 'data.csv', 'line 3: 2 cells instead of 3; it is cut off, or has another `delimiter`'],
        [
          'malformed',
          2,
          'data.csv',
          'line 4: 4 cells instead of 3; a cell that holds the delimiter has to be in quotes',
        ],
        [
          'type',
          1,
          'a',
          'line 5: "oops" is not of the type number, which a has; list it under `missing` where it stands for no value, or state the type under `tags`',
        ],
        ['value', 1, 'b', 'line 6: "1e999" does not fit b, which has the type number'],
      ],
    )
    assert.equal(Buffer.from(letters[0].payload).toString(), '2,3')
    assert.equal(letters[0].origin, 'history')
  })

  it('tells the lines of dead letters in files with quotes and empty lines', async () => {
    const { letters } = await read('time,a\n\n"1","x\ny"\n\n"bad",z\n2,"ok"\nworse,z\n3,"ok"\n')
    assert.deepEqual(
      letters.map(({ detail }) => detail.split(':')[0]),
      ['line 6', 'line 8'],
    )
  })

  it('puts a line aside whose quote is never closed, and reads on', async () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `${at + 10},${at}`).join('\n')
    const { samples, letters } = await read(`time,a\n1,1\n2,"3\n${rows}\n`)
    assert.equal(samples.length, 20_001)
    assert.equal(letters.length, 1)
    assert.match(letters[0].detail, /^line 3: a quote is opened/)
  })

  it('puts a row of an unnamed asset aside', async () => {
    const { letters } = await read('time,m,a\n1,,2\n2,p,3\n', { asset: 'm' })
    assert.deepEqual([letters[0].reason, letters[0].detail], ['unmapped', 'line 2: the asset is not named'])
  })

  it('keeps to the type that a tag has had before', async () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a', type: 'number' })
    const { samples, letters } = await read('time,a\n1,x\n2,y\n3,5\n', {}, tags)
    assert.deepEqual(samples, ['a 3000 5 0'])
    assert.deepEqual(
      letters.map(({ reason }) => reason),
      ['type', 'type'],
    )
  })

  it('gives tags the unit and range stated for their column', async () => {
    const { tags } = await read('time,a\n1,2\n', { tags: { a: { tag: 'x', unit: 'bar', low: 0, high: 9 } } })
    assert.deepEqual(tags.find('x'), {
      index: 0,
      name: 'x',
      type: 'number',
      unit: 'bar',
      low: 0,
      high: 9,
      source: 'history',
    })
  })

  it('hands over batches of some thousand samples, whole rows, with the newest time so far as arrival', async () => {
    const lines = Array.from({ length: 5000 }, (_, at) => `${at === 10 ? 9000 : at},1,2,3`)
    const { arrivals } = await read(`time,a,b,c\n${lines.join('\n')}\n`)
    for (const { batch } of arrivals.slice(0, -1)) assert.ok(batch.length >= 2048 && batch.length <= 2051)
    assert.equal(
      arrivals.reduce((rows, { batch }) => rows + batch.length, 0),
      15_000,
    )
    for (const { batch } of arrivals) {
      assert.equal(batch.length % 3, 0)
      assert.equal(batch.arrival, 9_000_000)
      assert.equal(batch.source, 'history')
    }
  })

  it('reads files larger than its chunks, whatever lines lie on their borders', async () => {
    const lines = Array.from(
      { length: 60_000 },
      (_, at) => `${at},${at % 7 === 0 ? `"${at}"` : at},${'x'.repeat(at % 11)}y`,
    )
    const { arrivals, tags, letters } = await read(`time,a,b\n${lines.join('\n')}`)
    const rows = rowsOf(
      arrivals.map(({ batch }) => batch),
      tags,
    )
    assert.equal(letters.length, 0)
    assert.equal(rows.length, 120_000)
    rows.forEach(({ time, value }, at) => {
      const row = at >> 1
      assert.equal(time, row * 1000)
      assert.equal(value, at % 2 ? `${'x'.repeat(row % 11)}y` : row)
    })
  })

  it('reads numbers to the very bits', async () => {
    const numbers = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 2000, seed: 7 })
    const decimals = fc.sample(fc.tuple(fc.integer(), fc.nat(999_999)), { numRuns: 2000, seed: 7 })
    const cells = [...numbers.map(String), ...decimals.map(([whole, part]) => `${whole}.${part}`)]
    const { arrivals } = await read(`time,a\n${cells.map((cell, at) => `${at},${cell}`).join('\n')}`)
    const values = arrivals.flatMap(({ batch }) => [...batch.value])
    assert.deepEqual(values, cells.map(Number))
  })

  it('reads back whatever cells are written', async () => {
    const word = fc.string({ minLength: 1, unit: fc.constantFrom('a', 'é', ',', ';', '"', '\n', '1', '.') })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 30 }), async (rows) => {
        const lines = rows.map(([a, b], at) => stringify([String(at), `k${a}`, `k${b}`]))
        const { arrivals, tags } = await read(`time,a,b\n${lines.join('')}`, { delimiter: ',' })
        const values = rowsOf(
          arrivals.map(({ batch }) => batch),
          tags,
        ).map(({ value }) => value)
        assert.deepEqual(
          values,
          rows.flatMap(([a, b]) => [`k${a}`.trim(), `k${b}`.trim()]),
        )
      }),
      { numRuns: 60 },
    )
  })

  const refusals: readonly [string, string | Buffer, object, RegExp][] = [
    ['an empty file', '', {}, /has no readable first line/],
    ['no column of times', 'a,b\n1,2\n', {}, /no column of times; its columns are "a", "b"/],
    ['a column that is not there', 'time,b\n1,2\n', { ignore: ['c'] }, /has no column "c"/],
    ['no values', 'time\n1\n', {}, /no column of values/],
    ['a workbook', Buffer.from('PK\u0003\u0004xx'), {}, /is a ZIP archive or an Excel workbook/],
    ['bytes that are no text', Buffer.from(Uint8Array.from({ length: 900 }, (_, at) => at % 3)), {}, /is no text/],
  ]
  for (const [what, text, settings, message] of refusals)
    it(`refuses a file with ${what}, and says what to do`, async () => {
      await assert.rejects(read(text, settings), (error) => {
        assert.ok(error instanceof SourceError)
        assert.equal(error.code, 'SOURCE_DATA')
        assert.match(error.message, message)
        assert.ok(error.remedy)
        return true
      })
    })

  for (const path of ['nowhere.csv', 'no/where.csv'])
    it(`refuses the path ${path}`, async () => {
      const arrivals = readCsv(parsed({ read: join(folder, path) }), new TagTable())
      await assert.rejects(arrivals.next(), (error) => {
        assert.ok(error instanceof SourceError)
        assert.equal(error.code, 'SOURCE_DATA')
        assert.ok(error.remedy && error.cause)
        return true
      })
    })

  it('takes rubbish for what it is', async () => {
    const rubbish = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919 + (at >> 8)) % 256))
    const rows = Array.from({ length: 1000 }, (_, at) => `${at},2`).join('\n')
    const { letters, samples } = await read(Buffer.concat([Buffer.from(`time,a\n${rows}\n`), rubbish]))
    assert.equal(samples[1], 'a 1000 2 0')
    assert.ok(letters.length > 100)
  })

  it('refuses settings that contradict each other', () => {
    assert.ok(!csv.config.safeParse({ read: 'f', time: 'a', counter: 'b' }).success)
    assert.ok(!csv.config.safeParse({ read: 'f', header: true, columns: ['a'] }).success)
    assert.ok(!csv.config.safeParse({ read: 'f', start: 'soon' }).success)
    assert.ok(csv.config.safeParse({ read: 'f' }).success)
  })
})
