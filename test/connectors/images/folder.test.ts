import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentMetrics, systemClock, TagTable, type ConnectorContext } from '../../../agent/core/index.ts'
import { FolderImages } from '../../../connectors/images/folder.ts'
import { imageMessage } from '../../../connectors/images/message.ts'
import { partPattern } from '../../../connectors/images/part.ts'
import { folderSource } from '../../../connectors/images/settings.ts'
import { until } from '../../support/until.ts'

const silent = () => undefined

function context(folder: string): ConnectorContext {
  const log = { debug: silent, info: silent, warn: silent, error: silent }
  return { name: 'camera', site: 'test', log, metrics: silentMetrics, clock: systemClock, tags: new TagTable(), folder, report: silent } // prettier-ignore
}

describe('images from a folder', () => {
  let path: string
  beforeEach(async () => (path = await mkdtemp(join(tmpdir(), 'millwright-camera-'))))
  afterEach(() => rm(path, { recursive: true, force: true }))

  const source = (own: object = {}, largest = 1000) =>
    new FolderImages(folderSource.parse({ type: 'folder', path, ...own }), context(path), largest)

  it('waits until a file has stopped growing', async () => {
    const images = source()
    await writeFile(join(path, 'a.jpg'), 'half')
    assert.deepEqual(await images.look(), [])
    await appendFile(join(path, 'a.jpg'), ' and half')
    assert.deepEqual(await images.look(), [])
    const [arrival] = await images.look()
    assert.equal(Buffer.from(arrival.image).toString(), 'half and half')
    assert.equal(arrival.part, 'a')
  })

  it('hands a file over once, and moves it away when it has its verdict', async () => {
    const images = source({ steady: 1 })
    await writeFile(join(path, 'a.jpg'), 'x')
    const [arrival] = await images.look()
    assert.deepEqual(await images.look(), [])
    arrival.settled!(true)
    await until('it is moved', async () => (await readdir(path)).join() === 'done')
    assert.deepEqual(await readdir(join(path, 'done')), ['a.jpg'])
  })

  it('takes the part id from the name and leaves other files alone', async () => {
    const images = source({ steady: 1, part: 'weld_{part}_*.png' })
    for (const name of ['weld_A-7_0.png', 'other.png', 'weld_B.txt']) await writeFile(join(path, name), 'x')
    assert.deepEqual(
      (await images.look()).map(({ part }) => part),
      ['A-7'],
    )
  })

  it('takes no more than there is room for, by number and by bytes, and the rest waits in the folder', async () => {
    const images = source({ steady: 1 })
    for (const name of ['a', 'b', 'c', 'd']) await writeFile(join(path, `${name}.jpg`), Buffer.alloc(100))
    const names = async (room: { images: number; bytes: number }) =>
      (await images.look(() => room)).map(({ part }) => part)
    assert.deepEqual(await names({ images: 0, bytes: 1_000 }), [])
    assert.deepEqual(await names({ images: 1, bytes: 1_000 }), ['a'])
    assert.deepEqual(await names({ images: 9, bytes: 150 }), ['b', 'c'])
    assert.deepEqual(await names({ images: 9, bytes: 1_000 }), ['d'])
    assert.deepEqual((await readdir(path)).sort(), ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'])
  })

  it('calls no file done that has no verdict, and takes it again', async () => {
    const images = source({ steady: 1 })
    await writeFile(join(path, 'a.jpg'), 'x')
    const [dropped] = await images.look()
    dropped.settled!(false)
    const [again] = await images.look()
    assert.equal(again.part, 'a')
    again.settled!(true)
    await until('it is moved', async () => (await readdir(path)).join() === 'done')
  })

  it('leaves links alone, whatever they point to', async () => {
    const secret = join(path, 'token')
    await writeFile(secret, 'a secret of the plant')
    await symlink(secret, join(path, 'a.jpg'))
    await mkdir(join(path, 'b.jpg'))
    assert.deepEqual(await source({ steady: 1 }).look(), [])
  })

  it('reads one byte more than is allowed of a file that is too large', async () => {
    await writeFile(join(path, 'a.jpg'), Buffer.alloc(5000))
    const [arrival] = await source({ steady: 1 }, 100).look()
    assert.equal(arrival.image.length, 101)
  })

  it('rejects while the folder is not there', async () => {
    await assert.rejects(source({ path: join(path, 'nowhere') }).look(), { code: 'ENOENT' })
  })
})

describe('images as messages', () => {
  it('are the file itself, with the part of the topic', () => {
    const arrival = imageMessage(Buffer.from([0xff, 0xd8, 0xff]), 'cam/7', 5, partPattern('cam/{part}')('cam/7'))
    assert.deepEqual([arrival.image.length, arrival.part, arrival.time], [3, '7', 5])
  })

  const json = (value: object) => Buffer.from(JSON.stringify(value))
  const time = '2026-01-02T03:04:05Z'
  it('or JSON with base64, whose own part and time go first', () => {
    const arrival = imageMessage(
      json({ image: Buffer.from('xyz').toString('base64'), part: 12, time }),
      'cam',
      5,
      'other',
    )
    assert.equal(Buffer.from(arrival.image).toString(), 'xyz')
    assert.deepEqual([arrival.part, arrival.time], ['12', Date.parse(time)])
  })

  for (const time of [1e300, -1, 0, 631_151_999_999, 7_258_118_400_001, '9999-12-31T00:00:00Z']) {
    it(`put an image aside whose time cannot be: ${time}`, () => {
      const now = 1_768_050_000_000
      const payload = json({ image: Buffer.from('xyz').toString('base64'), time })
      const { time: taken, refused } = imageMessage(payload, 'cam', now)
      assert.equal(taken, now)
      assert.equal(refused?.reason, 'time')
      assert.match(refused.detail, /not between 1990 and 2200/)
    })
  }

  it('go on as they are where the JSON is none, so that they are put aside with their reason', () => {
    for (const payload of [Buffer.from('{"image": 1'), json({ image: 'not base64!' }), json({ part: 1 })]) {
      assert.equal(imageMessage(payload, 'cam', 5).image, payload)
    }
  })
})
