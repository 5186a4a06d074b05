import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagTable } from '../../agent/core/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { schema } from '../../agent/settings/schema.ts'
import { program } from '../support/program.ts'
import { samplesOf, scenario, scenarioText } from '../support/scenario.ts'

describe('millwright', function () {
  let folder: string
  const path = (name: string) => join(folder, name)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-cli-'))
    writeFileSync(path('plant.yaml'), `data: ${path('data')}\n${scenarioText()}`)
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function millwright(...words: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...words], {
      encoding: 'utf8',
      cwd: folder,
      timeout: 50_000,
    })
    return { status, stdout, stderr }
  }

  /** The scenario as a CSV file in wide form, with an asset column. */
  function writeCsv(): void {
    const tags = new TagTable()
    const rows = new Map<string, Record<string, number>>()
    for (const { length, tag, time, value } of samplesOf(scenario, tags)) {
      for (let row = 0; row < length; row++) {
        const [line, pump, role] = tags.at(tag[row]).name.split('/')
        const key = `${new Date(time[row]).toISOString()},${line}/${pump}`
        rows.set(key, { ...rows.get(key), [role]: value[row] })
      }
    }
    const lines = [...rows].map(
      ([key, { vibration, temperature, current }]) => `${key},${vibration},${temperature},${current}`,
    )
    writeFileSync(path('history.csv'), `time,machine,vibration,temperature,current\n${lines.join('\n')}\n`)
    const csv = 'connectors: { history: { type: csv, read: history.csv, asset: machine } }'
    writeFileSync(path('plant.yaml'), `data: ${path('data')}\n${scenarioText(csv)}`)
  }

  it('check: says what a right configuration holds', () => {
    const { status, stdout } = millwright('check', 'plant.yaml')
    assert.equal(status, 0)
    assert.match(stdout, /plant\.yaml is right: 0 connectors, 1 asset class, 1 monitor, 0 stations/)
  })

  it('check: warns of topic filters of which one is never used, or that bring messages twice', () => {
    const topics = ['a/#', 'a/b', 'c/+/x', 'c/d/+'].map((filter) => `{ filter: ${filter} }`).join()
    writeFileSync(
      path('topics.yaml'),
      `connectors: { plant: { type: mqtt, url: mqtt://localhost, topics: [${topics}] } }\n`,
    )
    const { status, stdout } = millwright('check', 'topics.yaml')
    assert.equal(status, 0)
    assert.match(stdout, /plant: the topic a\/b is never used: a\/# before it matches all of it\. Put the special/)
    assert.match(stdout, /plant: c\/\+\/x and c\/d\/\+ match some topics both: .* twice/)
    const { warnings } = JSON.parse(millwright('check', 'topics.yaml', '--json').stdout) as { warnings: unknown[] }
    assert.equal(warnings.length, 2)
  })

  it('check: finds the starting point right, with what is commented out in it as well', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'config', 'plant.yaml'), 'utf8')
    const [, stations] = text.split('# inspections:\n')
    writeFileSync(path('start.yaml'), `${text}inspections:\n${stations.replaceAll(/^# /gm, '')}`)
    const { status, stdout, stderr } = millwright('check', 'start.yaml')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /2 monitors, 1 station\./)
  })

  it('check: lists every problem with file, line and remedy, and exits with 78', () => {
    writeFileSync(path('wrong.yaml'), 'sit: x\nconnectors:\n  a: { type: mqt }\nmonitors:\n  m: { assets: pumps }\n')
    const { status, stderr } = millwright('check', 'wrong.yaml')
    assert.equal(status, 78)
    assert.match(stderr, /There are 3 problems/)
    assert.match(stderr, /wrong\.yaml:1:1 sit: unknown key "sit"; did you mean "site"\?/)
    assert.match(stderr, /wrong\.yaml:3:8 connectors\.a\.type: unknown connector type "mqt"; did you mean "mqtt"\?/)
    assert.match(stderr, /wrong\.yaml:5:8 monitors\.m\.assets: no such class of assets "pumps"/)
  })

  it('check: finds a window and a step that do not fit', () => {
    writeFileSync(path('plant.yaml'), scenarioText().replace('every: 2s', 'every: 20s'))
    const { status, stderr } = millwright('check', 'plant.yaml')
    assert.equal(status, 78)
    assert.match(stderr, /plant\.yaml:\d+:\d+ monitors\.health\.every: `every` is longer than `window`/)
  })

  it('run: a wrong configuration stops the start', () => {
    writeFileSync(path('wrong.yaml'), 'http: { port: high }\n')
    const { status, stderr } = millwright('run', '--config', 'wrong.yaml')
    assert.equal(status, 78)
    assert.match(stderr, /wrong\.yaml:1:9 http\.port/)
    assert.equal(existsSync(path('data')), false)
  })

  it('run: a data folder that cannot be written is named, with the way out', () => {
    mkdirSync(path('data'))
    writeFileSync(path('data/journal'), 'a file where the folder should be')
    const { status, stderr } = millwright('run', '--config', 'plant.yaml')
    assert.equal(status, 1)
    assert.match(stderr, /data.journal/)
    assert.match(stderr, /\(JOURNAL_READ_ONLY\)/)
  })

  it('run: a second agent on the same data is refused', async () => {
    const journal = await openJournal({ folder: path('data/journal'), settings: schema.parse({}).journal })
    const { status, stderr } = millwright('run', '--config', 'plant.yaml')
    await journal.close()
    assert.equal(status, 1)
    assert.match(stderr, /\(JOURNAL_LOCKED\)/)
  })

  it('replay: learns as it would live, and writes the predictions', () => {
    writeCsv()
    const { status, stdout, stderr } = millwright(
      'replay',
      '-c',
      'plant.yaml',
      '--data',
      'history.csv',
      '--out',
      'out.csv',
    )
    assert.equal(status, 0, stderr)
    assert.match(stdout, /4,320 samples, \d+ predictions, \d+ alarms? raised/)
    const [header, ...rows] = readFileSync(path('out.csv'), 'utf8').trim().split('\n')
    assert.equal(
      header,
      'time,asset,monitor,kind,score,threshold,state,coverage,revision,model,contributions,value,lower,upper,label,probability',
    )
    const states = (asset: string, state: string) =>
      rows.map((row) => row.split(',')).filter((cells) => cells[1] === asset && cells[6] === state).length
    assert.ok(states('line1/pump1', 'learning') > 0)
    assert.ok(states('line1/pump1', 'anomaly') > 10)
    assert.ok(states('line1/pump2', 'normal') > 20)
  })

  it('replay: gives the same file again', () => {
    writeCsv()
    millwright('replay', '-c', 'plant.yaml', '--data', 'history.csv', '--out', 'a.csv')
    millwright('replay', '-c', 'plant.yaml', '--data', 'history.csv', '--out', 'b.csv')
    assert.equal(readFileSync(path('a.csv'), 'utf8'), readFileSync(path('b.csv'), 'utf8'))
  })

  it('train, then replay with the registered model from the first window on', () => {
    writeCsv()
    const trained = millwright('train', '-c', 'plant.yaml', '--monitor', 'health', '--data', 'history.csv', '--json')
    assert.equal(trained.status, 0, trained.stderr)
    const { version } = JSON.parse(trained.stdout) as { version: string }
    const replayed = millwright('replay', '-c', 'plant.yaml', '--data', 'history.csv', '--out', 'out.csv', '--json')
    const { models } = JSON.parse(replayed.stdout) as { models: Record<string, string> }
    assert.equal(models.health, version)
    assert.doesNotMatch(readFileSync(path('out.csv'), 'utf8'), /learning/)
  })

  it('replay: prints what was learned and why, and keeps the models where asked', () => {
    writeCsv()
    const replayed = (...more: string[]) => millwright('replay', '-c', 'plant.yaml', '--data', 'history.csv', '--out', 'out.csv', ...more) // prettier-ignore
    const { status, stdout, stderr } = replayed('--learn', '--keep-models')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /health +training starts +enough was collected/)
    assert.match(stdout, /health +put to work +\S+ +trained from \d+ windows/)
    const [, kept] = /health: kept as (\d{4}-[0-9a-f]+)/.exec(stdout)!
    const { models, steps } = JSON.parse(replayed('--json').stdout) as { models: Record<string, string>; steps: { step: string; detail: string }[] } // prettier-ignore
    assert.equal(models.health, kept)
    assert.deepEqual(steps.map(({ step, detail }) => `${step}: ${detail}`), ['active: from the registry']) // prettier-ignore
  })

  it('train: says which monitors there are', () => {
    const { status, stderr } = millwright('train', '-c', 'plant.yaml', '--monitor', 'helth', '--data', 'history.csv')
    assert.equal(status, 78)
    assert.match(stderr, /no such monitor; known: health/)
  })

  it('replay: a file that is not there is an error with its remedy', () => {
    const { status, stderr } = millwright('replay', '-c', 'plant.yaml', '--data', 'nowhere.csv', '--out', 'out.csv')
    assert.equal(status, 1)
    assert.match(stderr, /nowhere\.csv/)
    assert.match(stderr, /\(SOURCE_DATA\)/)
    assert.equal(existsSync(path('out.csv')), false)
  })

  it('schema: prints a JSON Schema that knows the connectors', () => {
    const { status, stdout } = millwright('schema')
    assert.equal(status, 0)
    const printed = JSON.parse(stdout) as { properties: Record<string, unknown> }
    assert.ok('connectors' in printed.properties)
  })

  it('an unknown command or option is a usage error, exit code 2', () => {
    assert.equal(millwright('fly').status, 2)
    assert.equal(millwright('replay', '--config', 'plant.yaml').status, 2)
  })

  it('help is no error, and shows an example', () => {
    const { status, stdout } = millwright('replay', '--help')
    assert.equal(status, 0)
    assert.match(stdout, /Example/)
  })
})
