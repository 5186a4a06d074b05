import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { spawnSync } from 'node:child_process'
import {
  type Entry,
  NotAFile,
  openFile,
  readWhole,
  silentMetrics,
  systemClock,
  TagTable,
  type ConnectorContext,
} from '../../agent/core/index.ts'
import { csv, filesOf, readCsv } from '../../connectors/csv/index.ts'
import { imageFiles } from '../../agent/stations/images/image-folder.ts'
import { FolderImages } from '../../connectors/images/folder.ts'
import { folderSource } from '../../connectors/images/settings.ts'
import { readBundle } from '../../models/onnx/bundle.ts'
import { millwright } from '../cli/millwright.ts'
import { until } from '../support/until.ts'

const secret = 'THE-TOKEN-THAT-ONLY-THE-AGENT-MAY-READ'

describe('an attacker who may write into a folder that the agent reads', () => {
  let folder: string
  let warned: string[]
  const path = (...names: string[]) => join(folder, ...names)

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millwright-links-'))
    warned = []
    writeFileSync(path('http-token'), `${secret},1\n${secret},2\n`)
    mkdirSync(path('inbox'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function context(): ConnectorContext {
    const keep = (_: object, message: string) => void warned.push(message)
    const log = { debug: keep, info: keep, warn: keep, error: keep }
    return { name: 'x', site: 'x', log, metrics: silentMetrics, clock: systemClock, tags: new TagTable(), folder, report: () => undefined } // prettier-ignore
  }

  /** All that is read of these files, or the words of the refusal. */
  async function readings(read: string | string[]): Promise<string> {
    let told = ''
    try {
      for await (const { rejected = [] } of readCsv(csv.config.parse({ read }), new TagTable()))
        for (const { payload, detail, subject } of rejected)
          told += `${Buffer.from(payload).toString()} ${detail} ${subject}`
    } catch (error) {
      told += String(error)
    }
    return told
  }

  it('has no other file opened by a link, a pipe or a folder in its place', async () => {
    symlinkSync(path('http-token'), path('inbox', 'link'))
    symlinkSync(path('nowhere'), path('inbox', 'dangling'))
    mkdirSync(path('inbox', 'folder'))
    spawnSync('mkfifo', [path('inbox', 'pipe')])
    for (const name of ['link', 'dangling', 'folder', 'pipe'])
      await assert.rejects(
        openFile(path('inbox', name)),
        (error) => error instanceof NotAFile && error.message.includes(name),
        name,
      )
    await assert.rejects(readWhole(path('http-token'), 10), /more than the 10/)
    assert.match(String(await readWhole(path('http-token'))), /THE-TOKEN/)
  })

  describe('the folder of a camera', () => {
    const look = () =>
      new FolderImages(folderSource.parse({ type: 'folder', path: path('inbox'), steady: 1 }), context(), 1000)

    it('has no link taken for an image', async () => {
      symlinkSync(path('http-token'), path('inbox', 'part.jpg'))
      spawnSync('mkfifo', [path('inbox', 'pipe.jpg')])
      writeFileSync(path('inbox', 'true.jpg'), 'x')
      const arrivals = await look().look()
      assert.deepEqual(
        arrivals.map(({ part }) => part),
        ['true'],
      )
    })

    it('has no image put elsewhere by a link in place of the folder for those that are done', async () => {
      mkdirSync(path('data'))
      symlinkSync(path('data'), path('inbox', 'done'))
      writeFileSync(path('inbox', 'part.jpg'), 'x')
      const [arrival] = await look().look()
      arrival.settled!(true)
      await until('it is told', () => warned.some((message) => message.includes('stays where it is')))
      assert.deepEqual(readdirSync(path('data')), [])
    })
  })

  describe('the folder of a csv source', () => {
    it('has no link read: named, in a folder, by a pattern, or through a linked folder', async () => {
      symlinkSync(path('http-token'), path('inbox', 'a.csv'))
      mkdirSync(path('data'))
      writeFileSync(path('data', 'inner.csv'), readFileSync(path('http-token')))
      symlinkSync(path('data'), path('inbox', 'sub'))
      for (const read of [
        path('inbox', 'a.csv'),
        path('inbox'),
        path('inbox', '*.csv'),
        path('inbox', '**', '*.csv'),
        path('inbox', '**', '*'),
      ]) {
        const told = await readings(read)
        assert.ok(!told.includes(secret), `${read}: ${told}`)
        assert.match(told, /link/, read)
      }
    })

    it('has links told, and the files beside them read', async () => {
      symlinkSync(path('http-token'), path('inbox', 'a.csv'))
      writeFileSync(path('inbox', 'b.csv'), 'time,speed\n2026-01-05T10:00:00Z,1\n')
      const left: string[] = []
      const found = await filesOf(path('inbox'), (link) => left.push(link))
      assert.deepEqual(
        found.map((file) => file.path),
        [path('inbox', 'b.csv')],
      )
      assert.deepEqual(left, [path('inbox', 'a.csv')])
    })

    it('may itself be named by a link, for whoever names it means it', async () => {
      writeFileSync(path('inbox', 'b.csv'), 'time,speed\n2026-01-05T10:00:00Z,1\n')
      symlinkSync(path('inbox'), path('linked'))
      assert.equal((await filesOf(path('linked'))).length, 1)
      assert.equal((await filesOf(path('linked', '*.csv'))).length, 1)
    })
  })

  it('the file of a csv sink: nothing is written through a link', async () => {
    symlinkSync(path('victim'), path('inbox', 'rows.csv'))
    const sink = csv.sink!(csv.config.parse({ write: path('inbox', 'rows.csv') }), context())!
    const entry = { kind: 'predictions', predictions: [], offset: 0, arrival: 0 } as unknown as Entry
    await assert.rejects(sink.write([entry], new AbortController().signal), { code: 'DELIVERY_DENIED', remedy: /symbolic link/ }) // prettier-ignore
    assert.equal(existsSync(path('victim')), false)
  })

  it('the images that a station learns from: no link is read for one of them, or for a folder', async () => {
    writeFileSync(path('inbox', 'good.png'), 'x')
    assert.equal((await imageFiles(path('inbox'))).length, 1)
    symlinkSync(path('http-token'), path('inbox', 'link.png'))
    await assert.rejects(imageFiles(path('inbox')), /link\.png is a symbolic link/)
  })

  it('a bundle of a model: no link is read for one of its files', async () => {
    mkdirSync(path('bundle'))
    symlinkSync(path('http-token'), path('bundle', 'manifest.json'))
    await assert.rejects(
      readBundle(path('bundle')),
      (error: Error) =>
        error.message.includes('manifest.json cannot be read') && !JSON.stringify(error).includes(secret),
    )
    const told = await millwright(folder, 'models', 'import', 'bundle', '--monitor', 'x')
    assert.ok(!`${told.stdout}${told.stderr}`.includes(secret))
    assert.notEqual(told.status, 0)
  })

  it('a backup takes nothing in by links in the data folder, and is written through none', async () => {
    mkdirSync(path('data', 'models'), { recursive: true })
    writeFileSync(path('plant.yaml'), 'data: data\n')
    writeFileSync(path('data', 'mine.txt'), 'mine')
    symlinkSync(path('http-token'), path('data', 'planted'))
    symlinkSync(path('http-token'), path('data', 'models', 'planted.onnx'))
    symlinkSync(folder, path('data', 'around'))
    symlinkSync(path('victim'), path('plant.tar.gz.part'))
    symlinkSync(path('victim'), path('plant.tar.gz'))
    const { status, stderr } = await millwright(
      folder,
      'backup',
      '-c',
      'plant.yaml',
      '--out',
      'plant.tar.gz',
      '--force',
    )
    assert.equal(status, 0, stderr)
    const archive = gunzipSync(readFileSync(path('plant.tar.gz'))).toString('latin1')
    assert.ok(archive.includes('data/mine.txt'))
    for (const word of [secret, 'planted', 'around']) assert.ok(!archive.includes(word), word)
    assert.equal(existsSync(path('victim')), false, 'nothing was written where the links point')
    assert.equal(statSync(path('plant.tar.gz')).mode & 0o077, 0)
  })
})
