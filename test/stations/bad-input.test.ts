import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Subject } from 'rxjs'
import sharp from 'sharp'
import {
  systemClock,
  TagTable,
  type DeadLetter,
  type ImageArrival,
  type InspectionEvent,
} from '../../agent/core/index.ts'
import { strippedImage } from '../../models/inspection/stripped.ts'
import { Station } from '../../agent/stations/station.ts'
import { stationConfig } from '../../agent/settings/station.ts'
import type { Inspector } from '../../models/inspection/inspector.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import { learnedImageConfig } from '../../models/inspection/settings.ts'
import { trainStation } from '../../models/inspection/train.ts'
import type { ImageTraining } from '../../models/inspection/assignment.ts'
import { seededRandom } from '../../models/random.ts'
import { bomb, bounds, disc, goodParts, png } from '../models/inspection/pictures.ts'
import { until } from '../support/until.ts'

const silent = () => undefined
const size = 128
const upper = { left: 0, top: 0, width: 1, height: 0.5 }

/** A part that is good, or has a dark spot in its upper or lower half. */
async function part(spot?: 'upper' | 'lower'): Promise<Buffer> {
  const pixels = disc(size, seededRandom(7), false)
  const [row, column] = [spot === 'upper' ? 40 : 88, 64]
  for (let y = -8; spot && y <= 8; y++) {
    for (let x = -8; x <= 8; x++) if (x * x + y * y <= 64) pixels[(row + y) * size + column + x] = 60
  }
  return png(pixels, size)
}

const jpeg = async (spot?: 'upper' | 'lower') =>
  sharp(await part(spot))
    .jpeg({ quality: 95 })
    .toBuffer()

async function trained(images: ImageTraining['images']): Promise<ImageBundle> {
  const settings = learnedImageConfig.parse({ type: 'learned', methods: ['patches'], false_rejects: 0.01 })
  const job = { station: 'camera', settings, images, colour: 'grey', region: upper, bounds, created: 1 } as const
  return (await trainStation(job)).bundle
}

/** A station with a real model in a real worker, that looks at the upper half of a picture. */
class Bench {
  readonly arrivals = new Subject<ImageArrival>()
  readonly events: InspectionEvent[] = []
  readonly letters: DeadLetter[] = []
  readonly settled: string[] = []
  readonly counts = new Map<string, number>()
  readonly station: Station

  constructor(folder: string, bundle: ImageBundle, inspector: Inspector, own: object = {}) {
    this.station = new Station({
      name: 'camera',
      settings: stationConfig.parse({ source: { type: 'http' }, region: upper, keep: { images: 'none' }, ...own }),
      source: { images: () => this.arrivals },
      tags: new TagTable(),
      clock: systemClock,
      log: { debug: silent, info: silent, warn: silent, error: silent },
      metrics: {
        count: (name, amount) => this.counts.set(name, (this.counts.get(name) ?? 0) + amount),
        gauge: silent,
        observe: silent,
      },
      folder,
      strip: (image, shown) => strippedImage(image, shown),
      record: (event) => {
        if (event.type === 'inspection') this.events.push(event)
        return Promise.resolve()
      },
      reject: (letter) => {
        this.letters.push(letter)
        return Promise.resolve()
      },
    })
    this.station.use({
      version: 'm',
      inspector,
      output: bundle.manifest.output,
      metrics: {},
      manifest: bundle.manifest,
    })
    this.station.start()
  }

  send(image: Uint8Array, name: string, own: Partial<ImageArrival> = {}): void {
    this.arrivals.next({ image, part: name, time: 1000, subject: `file ${name}`, settled: () => this.settled.push(name), ...own }) // prettier-ignore
  }

  async verdict(image: Uint8Array, name: string, own: Partial<ImageArrival> = {}): Promise<string> {
    const before = this.events.length
    this.send(image, name, own)
    await until(`${name} has a verdict`, () => this.events.length > before)
    return this.events[before].verdict
  }
}

describe('bad input at a station', function () {
  let folder: string
  let bundle: ImageBundle
  let inspector: Inspector
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright-bad-input-'))
    bundle = await trained(await goodParts(40, size))
    inspector = await openInspectorPool(bundle, bounds)
  })
  after(async () => {
    await inspector.close()
    await rm(folder, { recursive: true, force: true })
  })

  const broken: readonly [string, () => Promise<Uint8Array> | Uint8Array, DeadLetter['reason'], RegExp][] = [
    ['a cut-off JPEG', async () => (await jpeg()).subarray(0, 900), 'malformed', /premature end/i],
    ['a PNG bomb of 30,000 x 30,000', () => bomb(30_000, 30_000), 'oversized', /too many pixels/],
    ['a text file named .jpg', () => Buffer.from('this is no picture'), 'malformed', /not one of jpeg, png, webp/],
    ['zero bytes', () => new Uint8Array(0), 'empty', /no bytes/],
    ['50 MB', () => Buffer.alloc(50e6, 0xff), 'oversized', /50000000 bytes: at most 20000000/],
  ]
  for (const [what, make, reason, words] of broken) {
    it(`${what}: a dead letter with its reason, the verdict unusable, and the next image is judged`, async () => {
      const bench = new Bench(folder, bundle, inspector)
      const image = await make()
      assert.equal(await bench.verdict(image, 'A'), 'unusable')
      assert.deepEqual([await bench.verdict(await jpeg(), 'B'), await bench.verdict(await jpeg('upper'), 'C')], ['pass', 'fail']) // prettier-ignore
      const [letter, ...others] = bench.letters
      assert.deepEqual(others, [])
      assert.deepEqual([letter.reason, letter.origin, letter.subject, letter.size], [reason, 'camera', 'file A', image.length]) // prettier-ignore
      assert.match(letter.detail, words)
      assert.ok(letter.payload.length <= 256, 'only the beginning is kept')
      assert.match(bench.events[0].reason, words)
      assert.deepEqual(bench.settled, ['A', 'B', 'C'])
      assert.equal(bench.station.counts.unusable, 1)
    })
  }

  it('an image that the far side could not send: a dead letter with its words, the verdict unusable, and the next is judged', async () => {
    const bench = new Bench(folder, bundle, inspector)
    const unsent = 'the server could not send the image: BadResponseTooLarge'
    assert.equal(await bench.verdict(new Uint8Array(0), 'A', { unsent }), 'unusable')
    assert.deepEqual([await bench.verdict(await jpeg(), 'B'), await bench.verdict(await jpeg('upper'), 'C')], ['pass', 'fail']) // prettier-ignore
    assert.deepEqual(
      bench.letters.map(({ reason, detail, subject, size: bytes }) => [reason, detail, subject, bytes]),
      [['oversized', unsent, 'file A', 0]],
    )
    assert.equal(bench.events[0].reason, unsent)
    assert.deepEqual(bench.settled, ['A', 'B', 'C'])
  })

  const unusual: readonly [string, (image: Buffer) => Promise<Buffer>][] = [
    ['CMYK', (image) => sharp(image).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
    ['16 bits', (image) => sharp(image).toColourspace('grey16').png().toBuffer()],
    ['WebP', (image) => sharp(image).webp({ lossless: true }).toBuffer()],
  ]
  for (const [what, make] of unusual) {
    it(`${what}, as a camera always sends it, is learned and judged as the picture it is`, async () => {
      const images = await Promise.all((await goodParts(40, size)).map(async (good) => ({ ...good, image: await make(good.image) }))) // prettier-ignore
      const own = await trained(images)
      const pool = await openInspectorPool(own, bounds)
      const bench = new Bench(folder, own, pool)
      const verdicts = [await bench.verdict(await make(await part()), 'A'), await bench.verdict(await make(await part('upper')), 'B')] // prettier-ignore
      assert.deepEqual(verdicts, ['pass', 'fail'])
      assert.deepEqual(bench.letters, [])
      await pool.close()
    })
  }

  for (const [orientation, turn] of [
    [3, 180],
    [6, 270],
    [8, 90],
  ] as const) {
    // prettier-ignore
    it(`EXIF rotation ${orientation}: the right half of the picture is judged`, async () => {
      const bench = new Bench(folder, bundle, inspector)
      const turned = async (spot: 'upper' | 'lower') =>
        sharp(await part(spot))
          .rotate(turn)
          .withMetadata({ orientation })
          .jpeg({ quality: 95 })
          .toBuffer()
      assert.deepEqual([await bench.verdict(await turned('upper'), 'A'), await bench.verdict(await turned('lower'), 'B')], ['fail', 'pass']) // prettier-ignore
    })
  }

  for (const when_full of ['drop-oldest', 'drop-newest'] as const) {
    it(`a camera at many times the rate: memory bounded, each image judged or counted as dropped: ${when_full}`, async () => {
      const bench = new Bench(folder, bundle, inspector, { queue: { length: 3, when_full } })
      const [good, bad] = [await jpeg(), await jpeg('upper')]
      let most = 0
      for (let i = 0; i < 200; i++) {
        bench.send(i % 2 === 0 ? good : bad, String(i))
        most = Math.max(most, bench.station.waiting)
      }
      await bench.station.stop()
      const { received, judged, dropped } = bench.station.counts
      assert.equal(most, 3)
      assert.deepEqual([received, judged, dropped], [200, 5, 195])
      assert.equal(bench.counts.get('inspections_dropped_total'), 195)
      assert.equal(new Set(bench.settled).size, 200, 'dropped images are settled as well')
      const parts = bench.events.map((event) => Number(event.part)).sort((a, b) => a - b)
      assert.deepEqual(parts, when_full === 'drop-oldest' ? [0, 1, 197, 198, 199] : [0, 1, 2, 3, 4])
      for (const event of bench.events) assert.equal(event.verdict, Number(event.part) % 2 === 0 ? 'pass' : 'fail')
    })
  }
})
