// Longer than others: one bench of a running station, from the verdict rule to restarts.
import assert from 'node:assert/strict'
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Subject } from 'rxjs'
import sharp from 'sharp'
import {
  BatchBuilder,
  Quality,
  silentMetrics,
  systemClock,
  TagTable,
  type CorrectionEvent,
  type DeadLetter,
  type ImageArrival,
  type InspectionEvent,
  type OpinionEvent,
} from '../../agent/core/index.ts'
import { openFaceDetector, type FaceDetector } from '../../models/inspection/faces/detector.ts'
import { findFaces } from '../../models/inspection/faces/find.ts'
import { createStudio, type Studio } from '../../models/inspection/studio/studio.ts'
import { strippedImage } from '../../models/inspection/stripped.ts'
import { Station } from '../../agent/stations/station.ts'
import type { StationParts } from '../../agent/stations/station-parts.ts'
import { stationConfig, verdictRule } from '../../agent/settings/station.ts'
import { rule } from '../../agent/stations/rule.ts'
import { decodeImage } from '../../models/inspection/decode.ts'
import type { ImageAnswer, Inspector } from '../../models/inspection/inspector.ts'
import { bounds, manifest } from '../models/inspection/pictures.ts'
import { somebody } from '../models/inspection/faces/parts.ts'
import { until } from '../support/until.ts'

const silent = () => undefined
const good: ImageAnswer = { label: 'good', score: 0.4, threshold: 1, model: 'm' }
const bad: ImageAnswer = { label: 'defect', score: 2, threshold: 1, model: 'm' }
const picture = () =>
  sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer()

/** A station with an inspector that the test answers for; images that are not pictures are a problem, as in earnest. */
class Bench {
  readonly arrivals = new Subject<ImageArrival>()
  readonly events: InspectionEvent[] = []
  readonly opinions: OpinionEvent[] = []
  readonly letters: DeadLetter[] = []
  readonly tags = new TagTable()
  readonly settled: string[] = []
  readonly station: Station

  readonly said: string[] = []

  constructor(
    folder: string,
    own: object,
    answer: () => Promise<ImageAnswer>,
    {
      strip = (image, shown) => strippedImage(image, shown),
      signal,
    }: Partial<Pick<StationParts, 'strip' | 'signal'>> = {},
  ) {
    const inspector: Inspector = {
      inspect: async (image) => {
        const decoded = await decodeImage(image, { width: 8, height: 8, channels: 1 }, bounds)
        return 'reason' in decoded ? decoded : answer()
      },
      close: () => Promise.resolve(),
    }
    this.station = new Station({
      name: 'camera',
      settings: stationConfig.parse({ source: { type: 'http' }, ...own }),
      source: { images: () => this.arrivals },
      tags: this.tags,
      clock: systemClock,
      log: { debug: silent, info: silent, warn: (_, text) => this.said.push(text), error: silent },
      metrics: silentMetrics,
      folder,
      strip,
      ...(signal && { signal }),
      record: (event) => {
        if (event.type === 'inspection') this.events.push(event)
        else this.opinions.push(event)
        return Promise.resolve()
      },
      reject: (letter) => Promise.resolve(void this.letters.push(letter)),
    })
    this.station.use({ version: 'm', inspector, output: { type: 'score', threshold: 1 }, metrics: {}, manifest })
    this.station.start()
  }

  send(image: Uint8Array, part?: string): void {
    const named = part === undefined ? {} : { part }
    this.arrivals.next({
      image,
      ...named,
      time: 1000,
      subject: part ?? '',
      settled: () => this.settled.push(part ?? ''),
    })
  }

  verdicts(): string[] {
    return this.events.map(({ part, verdict }) => `${part} ${verdict}`)
  }
}

describe('verdict rule', () => {
  const rows: readonly [string, object, ImageAnswer, string][] = [
    ['a score over the learned threshold', {}, bad, 'fail'],
    ['a score under a threshold of the station', { threshold: 3 }, bad, 'pass'],
    ['a score close to the threshold', { margin: 0.7 }, good, 'operator'],
    ['a score that is no number', {}, { ...good, score: NaN }, 'fail'],
    ['a class that passes', {}, { label: 'ok', score: 0.9, probabilities: {}, model: 'm' }, 'pass'],
    ['any other class', {}, { label: 'scratch', score: 0.9, probabilities: {}, model: 'm' }, 'fail'],
    ['a class that is not among those that fail', { fails: ['dent'] }, { label: 'scratch', score: 0.9, probabilities: {}, model: 'm' }, 'pass'], // prettier-ignore
    [
      'an unsure class',
      { min_confidence: 0.95 },
      { label: 'ok', score: 0.9, probabilities: {}, model: 'm' },
      'operator',
    ],
  ]
  for (const [what, settings, answer, verdict] of rows) {
    it(`${what}: ${verdict}`, () => assert.equal(rule(answer, verdictRule.parse(settings)).verdict, verdict))
  }
})

/** What a station makes of a correction, or why it makes nothing. */
const correction = (part: string, name: string) =>
  ({ type: 'correction', time: 5, station: 'camera', part, class: name, by: 'Mei' }) as const

describe('station', () => {
  let folder: string
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'millwright-station-'))))
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('stores a verdict for each image, settles it, and keeps the images that fail', async () => {
    const answers = [good, bad]
    const bench = new Bench(folder, {}, () => Promise.resolve(answers.shift()!))
    bench.send(await picture(), 'A')
    await until('A is judged', () => bench.events.length === 1)
    bench.send(await picture(), 'B')
    await bench.station.stop()
    assert.deepEqual(bench.verdicts(), ['A pass', 'B fail'])
    assert.deepEqual(bench.settled, ['A', 'B'])
    assert.deepEqual(await readdir(join(folder, 'images', 'fail')), ['1970-01-01T00-00-01-000Z-B.jpg'])
    assert.equal(bench.events[1].image, join(folder, 'images', 'fail', '1970-01-01T00-00-01-000Z-B.jpg'))
  })

  it('keeps no more images than the bound allows', async () => {
    const size = (await picture()).length
    const bench = new Bench(folder, { keep: { size: `${Math.ceil(size * 2.5)}B` } }, () => Promise.resolve(bad))
    for (const part of ['A', 'B', 'C', 'D']) bench.send(await picture(), part)
    await bench.station.stop()
    assert.equal((await readdir(join(folder, 'images', 'fail'))).length, 2)
  })

  describe('where somebody is in the picture', () => {
    let detector: FaceDetector
    let stripper: Studio
    before(async () => {
      detector = await openFaceDetector()
      stripper = createStudio()
    })
    after(async () => {
      await stripper.close()
      await detector.close()
    })

    const facesIn = async (path: string | undefined) => findFaces(await readFile(path!), detector)

    for (const [faces, count] of [
      ['removed', 0],
      ['kept', 1],
    ] as const) {
      it(`stores images with faces ${faces}, those of corrections too`, async () => {
        const bench = new Bench(folder, { keep: { faces } }, () => Promise.resolve(bad), stripper)
        bench.send(await somebody(160), 'A')
        await until('A is judged', () => bench.events.length === 1)
        const corrected = (await bench.station.correct(correction('A', 'good'))) as CorrectionEvent
        await bench.station.stop()
        assert.equal((await facesIn(bench.events[0].image)).length, count)
        assert.equal((await facesIn(corrected.image)).length, count)
      })
    }

    it('stores nothing where faces cannot be looked for, and says so once; the verdicts stand', async () => {
      const strip = () => Promise.reject(new Error('the network does not run'))
      const bench = new Bench(folder, {}, () => Promise.resolve(bad), { strip })
      for (const part of ['A', 'B', 'C']) {
        bench.send(await somebody(160), part)
        await until(`${part} is judged`, () => bench.events.some((event) => event.part === part))
      }
      const corrected = (await bench.station.correct(correction('A', 'good'))) as CorrectionEvent
      await bench.station.stop()
      assert.deepEqual(bench.verdicts(), ['A fail', 'B fail', 'C fail'])
      assert.deepEqual([bench.events[1].image, bench.events[2].image, corrected.image], [undefined, undefined, undefined]) // prettier-ignore
      assert.deepEqual(bench.said.filter((text) => text.startsWith('images are not kept')), ['images are not kept: the network does not run']) // prettier-ignore
      assert.deepEqual(await readdir(folder), [])
    })

    it('gives the verdict before it looks for faces, with the path at which the image will be', async () => {
      let open: () => void = silent
      const gate = new Promise<void>((resolve) => (open = resolve))
      const strip: Studio['strip'] = (image) => gate.then(() => strippedImage(image))
      const signalled: string[] = []
      const signal = { decided: (part: string) => void signalled.push(part) }
      const bench = new Bench(folder, {}, () => Promise.resolve(bad), { strip, signal })
      bench.send(await picture(), 'A')
      await until('A is judged', () => bench.settled.length === 1)
      assert.deepEqual(signalled, ['A'])
      assert.deepEqual(await readdir(folder), [])
      open()
      await bench.station.stop()
      await access(bench.events[0].image!)
    })

    it('keeps no more images than may be in hand, and goes on when they are stored', async () => {
      let open: () => void = silent
      const gate = new Promise<void>((resolve) => (open = resolve))
      const strip: Studio['strip'] = (image) => gate.then(() => strippedImage(image))
      const bench = new Bench(folder, { queue: { length: 100 } }, () => Promise.resolve(bad), { strip })
      const image = await picture()
      for (let i = 0; i < 70; i++) bench.send(image, String(i))
      await until('all are judged', () => bench.events.length === 70)
      open()
      const kept = () => readdir(join(folder, 'images', 'fail')).catch(() => [])
      await until('those in hand are stored', async () => (await kept()).length === 64)
      assert.equal(bench.events.filter((event) => event.image !== undefined).length, 64)
      bench.send(image, 'next')
      await bench.station.stop()
      assert.equal((await kept()).length, 65)
      assert.deepEqual(bench.said, ['images are not kept: 64 are in hand already'])
    })
  })

  it('puts a damaged image aside with its reason and calls the part unusable', async () => {
    const bench = new Bench(folder, {}, () => Promise.resolve(good))
    bench.send(Buffer.from('text'), 'A')
    await bench.station.stop()
    assert.deepEqual(bench.verdicts(), ['A unusable'])
    assert.deepEqual(
      bench.letters.map(({ reason, subject, size }) => [reason, subject, size]),
      [['malformed', 'A', 4]],
    )
  })

  it('gives each image of a part id that repeats its own verdict, and counts it', async () => {
    const bench = new Bench(folder, {}, () => Promise.resolve(good))
    for (let i = 0; i < 3; i++) bench.send(await picture(), 'A')
    await bench.station.stop()
    assert.deepEqual(bench.verdicts(), ['A pass', 'A pass', 'A pass'])
    assert.equal(bench.station.counts.repeated, 2)
  })

  for (const [when_full, kept] of [
    ['drop-oldest', ['0', '1', '18', '19']],
    ['drop-newest', ['0', '1', '2', '3']],
  ] as const) {
    it(`drops and counts what a camera sends at 10 times the rate: ${when_full}`, async () => {
      let open: () => void = silent
      const gate = new Promise<void>((resolve) => (open = resolve))
      const bench = new Bench(folder, { queue: { length: 2, when_full } }, () => gate.then(() => good))
      const image = await picture()
      for (let i = 0; i < 20; i++) bench.send(image, String(i))
      assert.equal(bench.station.waiting, 2)
      assert.equal(bench.settled.length, 16, 'the dropped ones are settled')
      open()
      await until('all are judged', () => bench.events.length === 4)
      await bench.station.stop()
      assert.deepEqual(bench.events.map(({ part }) => part).sort(), [...kept].sort())
      assert.equal(bench.station.counts.dropped, 16)
    })
  }

  it('finds the image of a part that is corrected, whatever was kept, and asks its models again', async () => {
    const bench = new Bench(folder, { keep: { images: 'none' } }, () => Promise.resolve(good))
    const rival: Inspector = { inspect: () => Promise.resolve({ ...bad, model: 'r' }), close: () => Promise.resolve() }
    bench.station.challenge(
      {
        version: 'r',
        inspector: rival,
        output: { type: 'score', threshold: 1 },
        metrics: {},
        manifest,
      },
      (version, why) => assert.fail(`${version}: ${why}`),
    )
    bench.send(await picture(), 'A')
    await until('A is judged', () => bench.events.length === 1)
    const image = join(folder, 'labelled', 'defect', '1970-01-01T00-00-01-000Z-A.jpg')
    const told = { of: 1000, class: 'defect', image, answers: { m: 'good', r: 'defect' } }
    assert.deepEqual(await bench.station.correct(correction('A', 'fail')), { ...correction('A', 'fail'), ...told })
    const again = await bench.station.correct({ ...correction('A', 'good'), of: 1500 })
    assert.equal((again as CorrectionEvent).image, join(folder, 'labelled', 'good', basename(image)))
    assert.ok(!('answers' in (again as CorrectionEvent)), 'a model may have learned from it')
    assert.deepEqual(await readdir(join(folder, 'labelled', 'defect')), [])
    assert.match((await bench.station.correct({ ...correction('A', 'good'), of: 9000 })) as string, /no verdict on part A of 1970/) // prettier-ignore
    assert.match((await bench.station.correct(correction('A', 'rust'))) as string, /there are: good, defect/)
    await bench.station.stop()
    assert.deepEqual(
      bench.opinions.map(({ part, models, fails }) => [part, models, fails]),
      [['A', ['m', 'r'], [false, true]]],
    )
    assert.deepEqual(bench.verdicts(), ['A pass'], 'without effect')
  })

  it('finds kept images after a restart, and no others', async () => {
    const before = new Bench(folder, {}, () => Promise.resolve(bad))
    before.send(await picture(), 'A')
    await before.station.stop()
    const after = new Bench(folder, {}, () => Promise.resolve(good))
    assert.equal(((await after.station.correct(correction('A', 'good'))) as CorrectionEvent).of, 1000)
    assert.match((await after.station.correct(correction('B', 'good'))) as string, /knows no verdict on part B/)
    await after.station.stop()
  })

  it('goes on judging where the model beside it fails, and says so once', async () => {
    const bench = new Bench(folder, {}, () => Promise.resolve(good))
    const inspect = () => Promise.reject(new Error('out of memory'))
    const rival = { version: 'r', inspector: { inspect, close: () => Promise.resolve() }, output: { type: 'score', threshold: 1 } as const, metrics: {}, manifest } // prettier-ignore
    const failed: string[] = []
    bench.station.challenge(rival, (version, why) => failed.push(`${version} ${why}`))
    for (const part of ['A', 'B', 'C']) bench.send(await picture(), part)
    await bench.station.stop()
    assert.deepEqual(bench.verdicts().sort(), ['A pass', 'B pass', 'C pass'])
    assert.deepEqual(failed, ['r out of memory'])
  })

  describe('with measured values', () => {
    const values = { torque: { tag: 's2/torque', part: 's2/part', min: 10, max: 20 }, heat: { tag: 's4/heat', part: 's4/part' } } // prettier-ignore

    let time = 0

    function measure(bench: Bench, station: string, part: string, role: string, value: number): void {
      const batch = new BatchBuilder('plc')
      const tag = (name: string, type: 'text' | 'number') => bench.tags.resolve({ name, type, source: 'plc' }).index // prettier-ignore
      batch.addText(tag(`${station}/part`, 'text'), ++time, part, Quality.good)
      batch.add(tag(`${station}/${role}`, 'number'), ++time, value, Quality.good)
      bench.station.measured(batch.take(3))
    }

    it('joins them by part, from stations that measure at different moments', async () => {
      const bench = new Bench(folder, { values, timeout: '60s' }, () => Promise.resolve(good))
      measure(bench, 's2', 'A', 'torque', 15)
      measure(bench, 's2', 'B', 'torque', 25)
      bench.send(await picture(), 'A')
      bench.send(await picture(), 'B')
      measure(bench, 's4', 'A', 'heat', 80)
      await until('A has its verdict', () => bench.events.length === 1)
      measure(bench, 's4', 'B', 'heat', 81)
      await bench.station.stop()
      assert.deepEqual(bench.verdicts(), ['A pass', 'B fail'])
      assert.deepEqual(bench.events[0].values, { torque: 15, heat: 80 })
      assert.match(bench.events[1].reason, /torque 25 is outside/)
    })

    it('takes the part of an image that names none from its tag', async () => {
      const bench = new Bench(folder, { part_tag: 's2/part', values: { torque: values.torque } }, () => Promise.resolve(good)) // prettier-ignore
      measure(bench, 's2', 'A', 'torque', 25)
      bench.send(await picture())
      await until('it has its verdict', () => bench.events.length === 1)
      assert.deepEqual(bench.verdicts(), ['A fail'])
      await bench.station.stop()
    })

    it('says incomplete, and which are missing, where they never come', async () => {
      const bench = new Bench(folder, { values, timeout: '1ms' }, () => Promise.resolve(good))
      measure(bench, 's2', 'A', 'torque', 15)
      bench.send(await picture(), 'A')
      await until('A has its verdict', () => bench.events.length === 1)
      assert.deepEqual(bench.verdicts(), ['A incomplete'])
      assert.equal(bench.events[0].reason, 'no heat')
      await bench.station.stop()
    })
  })
})
