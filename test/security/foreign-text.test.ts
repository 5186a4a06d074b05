import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { parse as parseCsv } from 'csv-parse/sync'
import { parse } from 'yaml'
import { parseConfig } from '../../config/index.ts'
import {
  type AlarmEvent,
  BatchBuilder,
  Quality,
  Redaction,
  TagTable,
  csvCell,
  escaped,
  oneLine,
  printable,
} from '../../agent/core/index.ts'
import { toYaml } from '../../agent/cli/init/write.ts'
import { table } from '../../agent/cli/output.ts'
import { alarmsCsv } from '../../agent/http/alarms-csv.ts'
import { schema } from '../../agent/settings/index.ts'
import { alarmRow, sampleRow } from '../../connectors/csv/index.ts'
import { millwright } from '../cli/millwright.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { tsx } from '../support/program.ts'

/** What a device, topic or model may call itself. */
const hostile = [
  'ACME\nhttp:\n  host: 0.0.0.0\nlog:\n  level: silent\n#',
  'ACME\r\nhttp: { host: 0.0.0.0 }',
  'ACME\u2028http: { host: 0.0.0.0 }\u2029',
  'ACME\u0085http: { host: 0.0.0.0 }',
  '\u001b[2J\u001b[H\u001b]0;owned\u0007\u001b]52;c;ZXZpbA==\u0007',
  '\u009b31m\u009d0;owned\u009c',
  'pump\u202egpj.exe\u2066\u200b',
  '"}\nhttp: {host: 0.0.0.0}\n{"',
  "' #\nhttp: {host: 0.0.0.0}",
  'x'.repeat(100_000),
]
const acting = /[\p{Cc}\u200b\u2028-\u202e\u2066-\u2069]/u
/** The same, line breaks aside. */
const actingInLine = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2066-\u2069]/

/** Rows as a spreadsheet reads them. */
const rowsOf = (text: string): string[][] => parseCsv(text, { relax_column_count: true })

describe('an attacker who names a device', () => {
  it('adds no key to the configuration that `init` writes, and no line', () => {
    for (const name of hostile) {
      const text = toYaml({
        site: 'plant',
        data: 'data',
        about: [`Device ${name}`],
        connector: {
          name: 'plc',
          lines: ['type: mqtt', 'url: mqtt://broker', `# ${name}`, 'topics:', '  - { filter: a/# } '],
        },
        classes: [{ name: 'pump', pattern: 'pump{n}/{role}', assets: [name], roles: [name, 'flow'] }],
        monitored: [],
        window: 60_000,
      })
      assert.deepEqual(
        Object.keys(parse(text) as object),
        ['site', 'data', 'connectors', 'clean', 'assets', 'monitors'],
        oneLine(name),
      )
      const config = parseConfig(text, { schema })
      assert.equal(config.http.host, '127.0.0.1')
      assert.equal(config.log.level, 'info')
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\r\x85\u2028\u2029\x1b\x9b]/)
    }
  })

  it('adds nothing by a server that says who made it, and none by the terminal that reads it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millwright-maker-'))
    const device = 'DeviceSet/press1'
    const maker = `ACME${hostile.slice(0, 7).join('')}`
    const server = await OpcuaServer.start(
      [
        { name: `${device}/ParameterSet/force`, folder: `${device}/ParameterSet`, value: 1, unit: maker.slice(0, 60) },
        { name: `${device}/ParameterSet/speed`, folder: `${device}/ParameterSet`, value: 1 },
        { name: `${device}/Manufacturer`, folder: device, value: maker, dataType: 'String' },
        { name: `${device}/Model`, folder: device, value: maker, dataType: 'String' },
      ],
      { nodesets: ['di'], insecure: true },
    )
    try {
      const { status, stdout, stderr } = await millwright(folder, 'init', server.endpoint, '--yes', '--insecure')
      assert.equal(status, 0, stderr)
      assert.doesNotMatch(stdout + stderr, actingInLine)
      const text = readFileSync(join(folder, 'plant.yaml'), 'utf8')
      assert.match(text, /# Device .*ACME/)
      assert.deepEqual(Object.keys(parse(text) as object), ['site', 'data', 'connectors', 'clean', 'assets', 'monitors']) // prettier-ignore
      assert.equal(parseConfig(text, { schema, args: [] }).http.host, '127.0.0.1')
      assert.doesNotMatch(text, actingInLine)
    } finally {
      await server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is one printable line of bounded length wherever it is shown as one', () => {
    for (const name of hostile) {
      const line = oneLine(name)
      assert.doesNotMatch(line, acting)
      assert.ok(line.length <= 200)
      assert.doesNotMatch(printable(name), acting)
      assert.equal(JSON.parse(escaped(JSON.stringify(name))), name, 'JSON says the same, escaped')
      assert.doesNotMatch(escaped(JSON.stringify(name)), acting)
    }
  })

  it('makes no row of its own in a table, as beside the thumbprint of a certificate', () => {
    const rows = table([
      ['subject', 'CN=plc\n  thumbprint  0000'],
      ['thumbprint', 'abcd'],
    ]).split('\n')
    assert.equal(rows.length, 2)
  })

  describe('on a terminal', () => {
    let folder: string
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'millwright-foreign-'))))
    afterEach(() => rmSync(folder, { recursive: true, force: true }))

    it('does nothing, whichever command prints it: errors, tables, findings, JSON', async () => {
      const name = hostile.slice(4, 7).join('')
      writeFileSync(join(folder, 'values.csv'), `time,"${name}"\n2026-01-05T10:00:00Z,1\n2026-01-05T10:00:01Z,2\n`)
      writeFileSync(join(folder, 'bad.yaml'), `${JSON.stringify(name)}: 1\nmonitors: { ${JSON.stringify(name)}: {} }\n`)
      writeFileSync(join(folder, 'plant.yaml'), `data: data\nconnectors: { files: { type: csv, read: values.csv } }\n`)
      for (const words of [
        ['init', 'values.csv', '--yes', '--out', '-'],
        ['check', '-c', 'bad.yaml'],
        ['check', '-c', 'bad.yaml', '--json'],
        ['test', '--once', '-c', 'plant.yaml'],
        ['test', '--once', '-c', 'plant.yaml', '--json'],
        ['models', 'show', name, '-c', 'plant.yaml'],
        ['models', 'import', name, '-c', 'plant.yaml'],
        ['replay', '-c', 'plant.yaml', '--data', 'values.csv', '--out', 'out.csv'],
        ['dead-letters', 'show', name, '-c', 'plant.yaml'],
        [name],
      ]) {
        const { stdout, stderr } = await millwright(folder, ...words)
        assert.doesNotMatch(stdout + stderr, actingInLine, words.join(' '))
        assert.ok(stdout + stderr !== '', words[0])
      }
    })
  })

  it('adds no line to the log, however the log is written', async () => {
    const source = `import { createLogger } from ${JSON.stringify(new URL('../../agent/cli/logger.ts', import.meta.url).href)}
      const config = { site: 'x', log: { level: 'info' }, connectors: {}, inspections: {} }
      const words = ${JSON.stringify(hostile)}
      for (const terminal of [true, false]) {
        const log = createLogger(config, terminal)
        for (const word of words) log.error({ item: word, deep: { list: [word], ['key ' + word]: 1 }, error: new Error(word) }, word)
      }`
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', source], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: process.env,
    })
    let text = ''
    for await (const chunk of child.stderr.setEncoding('utf8')) text += String(chunk)
    const lines = text.trimEnd().split('\n')
    assert.equal(lines.length, 2 * hostile.length, text.slice(0, 2_000))
    for (const line of lines) {
      assert.doesNotMatch(line, acting)
      assert.ok(line.length < 30_000, `a line of ${line.length} characters`)
    }
    for (const line of lines.slice(hostile.length)) assert.equal((JSON.parse(line) as { site: string }).site, 'x')
  })
})

describe('an attacker whose names and values are formulas', () => {
  const formulas = [
    "=cmd|' /C calc'!A0", '+1+cmd|x', '-1+cmd|x', '@SUM(1)', '\t=1+1', '\r=1+1', '\n=1+1', ' =1+1', '"=1+1', "'=1+1", '\ufeff=1+1', '＝1+1', '=HYPERLINK("http://evil","x")', '-cmd', '+a', '-', '=',
  ] // prettier-ignore
  const plain = ['', 'pump', 'line1/pump1', '5', '-5', '+5', '-5.25e-3', '-1,5', '-12 %', 'a=b', 'x-y', '1-2', 'ü']

  it('has each of them taken for text, and numbers left alone', () => {
    for (const text of formulas) assert.match(csvCell(text), /^"?'/, JSON.stringify(text))
    for (const text of plain) assert.equal(csvCell(text), text.includes(',') ? `"${text}"` : text)
    for (const text of [...formulas, ...plain]) {
      const [[cell]] = rowsOf(csvCell(text) === '' ? '""' : csvCell(text))
      assert.equal(cell.replace(/^'(?=.)/s, formulas.includes(text) ? '' : "'"), text, 'nothing else is changed')
    }
  })

  it('in the sink, in the exports and in the list of alarms', () => {
    const bad = formulas[0]
    const tags = new TagTable()
    const tag = tags.resolve({ name: bad, type: 'text' })
    const builder = new BatchBuilder(bad)
    builder.addText(tag.index, 0, bad, Quality.good)
    const alarm: AlarmEvent = { type: 'alarm', change: 'raised', time: 0, id: bad, asset: bad, monitor: bad, state: 'raised', raised: 0, score: 1, threshold: 1, contributions: { [bad]: 1 }, by: bad, reason: bad } // prettier-ignore
    const texts = [sampleRow(builder.take(0), 0, tags), alarmRow(alarm), alarmsCsv([alarm])]
    for (const text of texts)
      for (const row of rowsOf(text)) for (const cell of row) assert.doesNotMatch(cell, /^[=+@]|^-\D/, cell)
  })
})

describe('an attacker at a far side that echoes what it was told', () => {
  it('gives no secret away: as it is, in an address, in a header, in JSON, in base64', () => {
    const secret = 'p@ss w/ord"1'
    const redaction = new Redaction([secret, 'x'])
    const echoes = [
      `bad password ${secret}.`,
      `GET /write?p=${encodeURIComponent(secret)}`,
      JSON.stringify({ password: secret }),
      `authorization: Basic ${Buffer.from(secret).toString('base64')}`,
      'mqtt://anna:another-secret@broker:1883 refused',
      'Bearer abcdefghijklmnopqrstuvwxyz refused',
      'https://x/?token=abcdefgh&db=1',
    ]
    for (const echo of echoes) {
      const clean = redaction.apply(echo)
      for (const word of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64'), 'another-secret', 'abcdefgh']) assert.ok(!clean.includes(word), clean) // prettier-ignore
      assert.match(clean, /\*\*\*/)
    }
    for (const word of ['secret', 'plant', 'password', '12345', 'x'])
      assert.equal(new Redaction([word]).apply(`the ${word} is`), `the ${word} is`, 'a mere word says nothing')
    for (const said of [
      'the token is wrong',
      'password: expected a text',
      'Basic authentication is off',
      'x is unknown',
    ])
      assert.equal(redaction.apply(said), said)
  })
})
