import assert from 'node:assert/strict'
import { mapPicture, previewOf } from '../../models/inspection/picture.ts'
import type { Region } from '../../models/inspection/decode.ts'
import type { Studio } from '../../models/inspection/studio/studio.ts'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { schema } from '../../agent/settings/schema.ts'
import type { CorrectionEvent, InspectionEvent, Journal, JournalEvent } from '../../agent/core/index.ts'
import { Hold } from '../../agent/stations/images/image-hold.ts'
import { Darkroom } from '../../agent/stations/darkroom.ts'
import { mapFile } from '../../agent/stations/images/map-file.ts'
import { Gallery, newestKept } from '../../agent/stations/gallery.ts'
import { Corrections, HourTally } from '../../agent/stations/tally.ts'
import { openJournal } from '../../agent/journal/index.ts'

const minute = 60_000

function verdictOn(part: string, more: Partial<InspectionEvent> = {}): InspectionEvent {
  return {
    ...{ type: 'inspection', time: 1_000, station: 'weld', part, verdict: 'pass', label: 'good', score: 0.5 },
    ...{ threshold: 1, model: 'm', ms: 3, values: {}, reason: '' },
    ...more,
  }
}

const correction = (part: string, name: string, more: Partial<CorrectionEvent> = {}): CorrectionEvent => ({
  ...{ type: 'correction', time: 9_000, station: 'weld', part, class: name, by: 'Mei' },
  ...more,
})

const picture = (width = 64, height = 32) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } }).jpeg().toBuffer() // prettier-ignore

describe('verdicts of the last hour', () => {
  it('are counted by the hour up to now', () => {
    const tally = new HourTally()
    tally.add('fail', 0)
    for (let i = 0; i < 30; i++) tally.add('pass', 30 * minute)
    assert.deepEqual([tally.at(59 * minute).fail, tally.at(59 * minute).pass], [1, 30])
    assert.deepEqual([tally.at(61 * minute).fail, tally.at(61 * minute).pass], [0, 30])
    assert.equal(tally.at(91 * minute).pass, 0)
  })
})

describe('verdicts against corrections', () => {
  it('count each part once, as it was called last', () => {
    const corrections = new Corrections()
    corrections.judged('A', 1, 'fail')
    corrections.judged('B', 2, 'pass')
    corrections.corrected('A', undefined, 'defect')
    corrections.corrected('A', 1, 'good')
    corrections.corrected('B', 2, 'good')
    corrections.corrected('C', 2, 'good')
    assert.deepEqual(corrections.cells(), [
      { verdict: 'fail', class: 'good', parts: 1 },
      { verdict: 'pass', class: 'good', parts: 1 },
    ])
  })

  it('tell verdicts on the same part apart by their time', () => {
    const corrections = new Corrections()
    corrections.judged('A', 1, 'fail')
    corrections.judged('A', 2, 'pass')
    corrections.corrected('A', 1, 'good')
    assert.deepEqual(corrections.cells(), [{ verdict: 'fail', class: 'good', parts: 1 }])
  })
})

describe('a hold', () => {
  it('keeps the newest within its bytes, and nothing that is larger than all of them', () => {
    const hold = new Hold<string>(10, ({ length }) => length)
    for (const [key, text] of [['a', '1234'], ['b', '1234'], ['c', '1234'], ['d', '12345678901']]) hold.set(key, text) // prettier-ignore
    assert.deepEqual([hold.has('a'), hold.get('b'), hold.get('c'), hold.has('d'), hold.bytes], [false, '1234', '1234', false, 8]) // prettier-ignore
    hold.set('b', '12')
    assert.equal(hold.bytes, 6)
  })
})

describe('a darkroom', () => {
  it('makes a picture once, however many look, and again after it failed', async () => {
    const darkroom = new Darkroom()
    let made = 0
    const make = () => (made++ === 0 ? Promise.reject(new Error('no film')) : Promise.resolve(Uint8Array.of(1)))
    await assert.rejects(darkroom.picture('a', make), /no film/)
    await Promise.all([darkroom.picture('a', make), darkroom.picture('a', make)])
    await darkroom.picture('a', make)
    assert.equal(made, 2)
  })

  it('makes few at a time, and says so where too many wait', async () => {
    const darkroom = new Darkroom()
    let now = 0
    let most = 0
    const make = async () => {
      most = Math.max(most, ++now)
      await new Promise(setImmediate)
      now--
      return Uint8Array.of(1)
    }
    const answers = await Promise.all(Array.from({ length: 400 }, (_, i) => darkroom.picture(String(i), make)))
    assert.equal(most, 2)
    assert.ok(answers.includes('busy'))
    assert.ok(answers.filter((answer) => answer !== 'busy').length > 200)
  })
})

describe('the gallery of the stations', () => {
  let folder: string
  let journal: Journal
  let changes: number
  let images: Map<string, Uint8Array>
  let shown: Region | undefined

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-gallery-'))
    const settings = schema.parse({ journal: { store: 'memory' } }).journal
    journal = await openJournal({ folder: 'memory', settings })
    changes = 0
    images = new Map()
    shown = undefined
  })
  afterEach(async () => {
    await journal.close()
    await rm(folder, { recursive: true })
  })

  const studio: Pick<Studio, 'preview' | 'map'> = { preview: previewOf, map: mapPicture }
  const open = () => new Gallery(journal, ['weld'], { imageOf: (_, part) => images.get(part), shownOf: () => shown }, () => changes++, studio) // prettier-ignore
  const store = (...events: JournalEvent[]) =>
    journal.append('results', events.map((event) => ({ kind: 'event' as const, event, arrival: 1, origin: 1 }))) // prettier-ignore
  const parts = (gallery: Gallery) => gallery.newest('weld', 100)!.map(({ event }) => event.part)

  it('begins with the newest of the journal, and goes on with what is told meanwhile, each once', async () => {
    await store(verdictOn('A'), correction('A', 'defect'), verdictOn('B', { station: 'gone' }))
    const gallery = open()
    await store(verdictOn('C'))
    gallery.told(verdictOn('C'))
    await gallery.fill()
    gallery.told(verdictOn('D', { verdict: 'fail' }))
    assert.deepEqual(parts(gallery), ['D', 'C', 'A'])
    assert.equal(gallery.newest('weld', 3)!.at(-1)!.correction?.by, 'Mei')
    assert.deepEqual(gallery.confusion('weld'), [{ verdict: 'pass', class: 'defect', parts: 1 }])
    assert.equal(gallery.verdicts('weld', 2_000).last.fail, 1)
    assert.ok(changes > 0)
    assert.equal(gallery.newest('gone', 3), undefined)
  })

  it('tells what became of the signal of a part: of its newest verdict, also of before the start', async () => {
    const signal = (part: string, outcome: 'done' | 'failed') => ({ type: 'reject', time: 9_000, station: 'weld', part, outcome, attempts: 2, ms: 30, detail: '' }) as const // prettier-ignore
    await store(verdictOn('A', { verdict: 'fail' }), signal('A', 'done'))
    const gallery = open()
    await gallery.fill()
    const before = gallery.revision('weld')
    gallery.told(verdictOn('A', { verdict: 'fail', time: 2_000 }))
    gallery.told(signal('A', 'failed'))
    gallery.told(signal('Z', 'failed'))
    assert.deepEqual(gallery.newest('weld', 2)!.map(({ reject }) => reject?.outcome), ['failed', 'done']) // prettier-ignore
    assert.equal(gallery.revision('weld'), before + 2)
  })

  it('remembers so many verdicts and no more', async () => {
    const gallery = open()
    await gallery.fill()
    for (let i = 0; i < newestKept + 20; i++) gallery.told(verdictOn(`P${i}`, { time: i }))
    assert.equal(parts(gallery).length, newestKept)
    assert.equal(parts(gallery)[0], `P${newestKept + 19}`)
    assert.equal(gallery.revision('weld'), newestKept + 20)
  })

  it('remembers parts that did not pass for longer', async () => {
    const gallery = open()
    await gallery.fill()
    gallery.told(verdictOn('bad', { verdict: 'fail', time: 0 }))
    for (let i = 1; i < newestKept + 20; i++) gallery.told(verdictOn(`P${i}`, { time: i }))
    gallery.told(correction('bad', 'good'))
    const [{ event, correction: said }, ...others] = gallery.newest('weld', 100, 'trouble')!
    assert.deepEqual([event.part, said?.class, others], ['bad', 'good', []])
    assert.ok(!parts(gallery).includes('bad'))
  })

  it('shows an image from memory, and from where it was kept when memory was needed', async () => {
    const gallery = open()
    await gallery.fill()
    const path = join(folder, 'kept.jpg')
    await writeFile(path, await picture(1600, 800))
    images.set('A', await picture())
    gallery.told(verdictOn('A'))
    gallery.told(verdictOn('B', { image: path }))
    gallery.told(verdictOn('C'))
    gallery.told(verdictOn('D', { image: join(folder, 'gone.jpg') }))
    const sizes = await Promise.all(
      gallery.newest('weld', 4)!.map(async ({ id }) => {
        const image = await gallery.image('weld', id)
        if (typeof image === 'string') return image
        const { width, height, format } = await sharp(image).metadata()
        return `${format} ${width}x${height}`
      }),
    )
    assert.deepEqual(sizes, ['unknown', 'unknown', 'jpeg 800x400', 'jpeg 64x32'])
    assert.equal(await gallery.image('weld', '../kept'), 'unknown')
  })

  it('shows nothing outside the region that may be seen, of images in memory as of those that are kept', async () => {
    shown = { left: 0.5, top: 0, width: 0.5, height: 1 }
    images.set('A', await picture(64, 32))
    const gallery = open()
    await gallery.fill()
    gallery.told(verdictOn('A'))
    const id = gallery.newest('weld', 1)![0].id
    const { data, info } = await sharp((await gallery.image('weld', id)) as Uint8Array).greyscale().raw().toBuffer({ resolveWithObject: true }) // prettier-ignore
    const at = (column: number) => data[16 * info.width + column]
    assert.deepEqual([info.width, at(8) < 16, at(56) > 112], [64, true, true])
  })

  it('draws a map of the shape of the image, clear but where the score is high, within its region', async () => {
    const gallery = open()
    await gallery.fill()
    images.set('A', await picture(200, 100))
    const event = verdictOn('A', { verdict: 'fail', score: 3 })
    const values = Float32Array.from({ length: 16 }, (_, i) => (i === 0 ? 3 : 0.2))
    await gallery.hold(event, { width: 4, height: 4, values }, { left: 0.5, top: 0, width: 0.5, height: 1 })
    gallery.told(event)
    const [{ id, hasMap }] = gallery.newest('weld', 1)!
    assert.ok(hasMap)
    const map = await gallery.map('weld', id)
    assert.ok(typeof map !== 'string')
    const { data, info } = await sharp(map).raw().toBuffer({ resolveWithObject: true })
    assert.deepEqual([info.width, info.height, info.channels], [200, 100, 4])
    const at = (x: number, y: number) => [...data.subarray(4 * (y * 200 + x), 4 * (y * 200 + x) + 4)]
    const [red, green, , alpha] = at(108, 8)
    assert.ok(red > 180 && green < 80 && alpha > 0 && alpha < 80, at(108, 8).join(' '))
    const amber = Array.from({ length: 200 }, (_, x) => x).filter((x) => at(x, 8)[3] === 255 && at(x, 8)[1] > 150)
    assert.ok(amber.length > 0 && amber.every((x) => x > 108 && x < 150), `a line at the threshold: ${amber.join(' ')}`)
    assert.deepEqual([at(8, 8)[3], at(180, 80)[3]], [0, 0])
  })

  it('has the map of an image that was kept after a restart as well, and none where the file is gone', async () => {
    const path = join(folder, 'fail', 'kept.jpg')
    const event = verdictOn('A', { verdict: 'fail', score: 3, threshold: 0.8, image: path })
    const values = Float32Array.from({ length: 16 }, (_, i) => (i === 0 ? 3 : 0.2))
    const first = open()
    await first.hold(event, { width: 4, height: 4, values }, { left: 0.5, top: 0, width: 0.5, height: 1 })
    await writeFile(path, await picture(200, 100))
    const other = verdictOn('B', { verdict: 'fail', image: path.replace('kept', 'other') })
    await first.fill()
    first.told(event)
    await store(event, other)
    const gallery = open()
    await gallery.fill()
    assert.deepEqual(gallery.newest('weld', 2)!.map(({ hasMap }) => hasMap), [false, true]) // prettier-ignore
    const [{ id }] = gallery.newest('weld', 2)!.slice(1)
    const [before, after] = await Promise.all([first, gallery].map(async (each) => sharp((await each.map('weld', id)) as Uint8Array).raw().toBuffer())) // prettier-ignore
    assert.deepEqual(after, before)
    await rm(mapFile(path))
    const third = open()
    await third.fill()
    assert.deepEqual(third.newest('weld', 2)!.map(({ hasMap }) => hasMap), [false, false]) // prettier-ignore
  })

  it('has no map where there is no image or no threshold', async () => {
    const gallery = open()
    await gallery.fill()
    images.set('B', await picture())
    for (const event of [verdictOn('A'), verdictOn('B', { threshold: null })]) {
      await gallery.hold(event, { width: 1, height: 1, values: Float32Array.of(2) })
      gallery.told(event)
    }
    for (const { id, hasMap } of gallery.newest('weld', 2)!)
      assert.deepEqual([hasMap, await gallery.map('weld', id)], [false, 'unknown'])
  })
})
