// Longer than others: one bench of a running station, for judging, for learning beside it and for restarts.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Subject } from 'rxjs'
import {
  BatchBuilder,
  Quality,
  silentMetrics,
  systemClock,
  TagTable,
  type FeatureBatch,
  type ImageArrival,
  type InspectionEvent,
  type OpinionEvent,
} from '../../../agent/core/index.ts'
import { strippedImage } from '../../../models/inspection/stripped.ts'
import { Station } from '../../../agent/stations/station.ts'
import type { StationParts } from '../../../agent/stations/station-parts.ts'
import { pastVerdict } from '../../../agent/stations/past.ts'
import { stationConfig } from '../../../agent/settings/station.ts'
import { measuredNames } from '../../../agent/stations/values/measured.ts'
import { openJournal } from '../../../agent/journal/index.ts'
import { judgedSince } from '../../../agent/stations/resume.ts'
import { partsOfJournal } from '../../../agent/stations/values/measured-training.ts'
import type { ImageAnswer } from '../../../models/inspection/inspector.ts'
import { trainMeasured } from '../../../models/inspection/measured.ts'
import { MeasuredInspector, type MeasuredPart } from '../../../models/inspection/measured-inspector.ts'
import { seededRandom } from '../../../models/random.ts'
import { screwedParts, unlabelled } from '../../models/inspection/parts.ts'
import { manifest } from '../../models/inspection/pictures.ts'
import { until } from '../../support/until.ts'

const silent = () => undefined
const unexpected = (version: string, why: string) => assert.fail(`${version}: ${why}`)
const log = { debug: silent, info: silent, warn: silent, error: silent }

const values = {
  torque: { tag: 's2/torque', part: 's2/part' },
  depth: { tag: 's2/depth', part: 's2/part' },
  heat: { tag: 's4/heat', part: 's4/part', max: 100 },
}

async function modelOf(settings: object, parts: readonly MeasuredPart[]): Promise<MeasuredInspector> {
  const parsed = stationConfig.parse(settings)
  const options = { station: 'screw', model: 'screw.values', names: measuredNames(parsed), created: 0 }
  return MeasuredInspector.open(await trainMeasured(parsed.measured!.model, parts, options))
}

/** A station that judges by what is measured; with images where the settings have a source. */
class Bench {
  readonly events: InspectionEvent[] = []
  readonly opinions: OpinionEvent[] = []
  readonly images = new Subject<ImageArrival>()
  readonly station: Station
  readonly #tags = new TagTable()
  #time = 0

  constructor(
    settings: object,
    measured?: MeasuredInspector,
    answer?: ImageAnswer,
    judgedBefore?: () => boolean,
    recall?: StationParts['recall'],
  ) {
    const parsed = stationConfig.parse(settings)
    this.station = new Station({
      name: 'screw',
      settings: parsed,
      ...(parsed.source && { source: { images: () => this.images } }),
      ...(judgedBefore && { judgedBefore }),
      ...(recall && { recall }),
      tags: this.#tags,
      clock: systemClock,
      log,
      metrics: silentMetrics,
      folder: join(tmpdir(), 'millwright-none'),
      strip: (image, shown) => strippedImage(image, shown),
      record: (event) => {
        if (event.type === 'inspection') this.events.push(event)
        else this.opinions.push(event)
        return Promise.resolve()
      },
      reject: () => Promise.resolve(),
    })
    if (answer) {
      const inspector = { inspect: () => Promise.resolve(answer), close: () => Promise.resolve() }
      this.station.use({ version: 'm', inspector, metrics: {}, output: { type: 'score', threshold: 1 }, manifest })
    }
    if (measured) this.station.valuesJudge.use({ version: 'v', metrics: {}, inspector: measured })
    this.station.start()
  }

  /** Values of a part as they come from its stations. */
  measure(part: string, of: Readonly<Record<string, number>>): void {
    const batch = new BatchBuilder('plc')
    const tag = (name: string, type: 'text' | 'number') => this.#tags.resolve({ name, type, source: 'plc' }).index
    for (const place of ['s2', 's4']) batch.addText(tag(`${place}/part`, 'text'), ++this.#time, part, Quality.good)
    for (const [name, value] of Object.entries(of)) {
      batch.add(tag(values[name as keyof typeof values].tag, 'number'), ++this.#time, value, Quality.good)
    }
    this.station.measured(batch.take(0))
  }

  /** A stroke of the press, begun now. */
  stroke(max: number): void {
    const at = Float64Array.of(++this.#time)
    const features: FeatureBatch = {
      length: 1,
      names: ['force.max'],
      values: Float64Array.of(max),
      asset: ['press'],
      start: at,
      end: Float64Array.of(++this.#time),
      coverage: Float64Array.of(1),
      revision: Uint16Array.of(1),
    }
    this.station.windowed('press', features)
  }

  image(part: string): void {
    this.images.next({ image: Uint8Array.of(0xff, 0xd8, 0xff), part, time: ++this.#time, subject: part })
  }

  async verdicts(count: number): Promise<string[]> {
    await until(
      () => `${count} verdicts; there is ${JSON.stringify(this.events)}`,
      () => this.events.length >= count,
    )
    return this.events.map(({ part, verdict }) => `${part} ${verdict}`)
  }
}

const measured = { model: { type: 'anomaly', method: 'hotelling-t2' } }

describe('station without images', () => {
  it('judges by limits as soon as all values are there, and tells what is missing at the timeout', async () => {
    const bench = new Bench({ values, timeout: '50ms' })
    bench.measure('A', { torque: 3, depth: 10, heat: 80 })
    bench.measure('B', { torque: 3, depth: 10, heat: 101 })
    bench.measure('C', { torque: 3, heat: 102 })
    bench.measure('D', { torque: 3, heat: 80 })
    assert.deepEqual(await bench.verdicts(4), ['A pass', 'B fail', 'C fail', 'D incomplete'])
    assert.deepEqual(bench.events.map(({ reason }) => reason), ['', 'heat 101 is outside', 'heat 102 is outside', 'no depth']) // prettier-ignore
    assert.deepEqual(bench.events[0].values, { torque: 3, depth: 10, heat: 80 })
    assert.deepEqual([bench.events[0].score, bench.events[0].model], [null, ''])
  })

  it('judges by a learned model, with its score, threshold and contributions in the verdict', async () => {
    const model = await modelOf({ values, measured }, unlabelled(screwedParts(300, 1)))
    const bench = new Bench({ values, measured }, model)
    const [good] = screwedParts(1, 2)
    const [stripped] = screwedParts(1, 3, 'stripped')
    bench.measure('A', good.values)
    await bench.verdicts(1)
    bench.measure('B', { ...stripped.values, torque: good.values.torque - 0.6, depth: good.values.depth })
    assert.deepEqual(await bench.verdicts(2), ['A pass', 'B fail'])
    const [, failed] = bench.events
    assert.match(failed.reason, /^values: score .* is over .*, most by (torque|depth)$/)
    assert.equal(failed.measured?.score, failed.score)
    assert.ok(failed.score! > failed.threshold!)
    assert.deepEqual(Object.keys(failed.measured.contributions).sort(), ['depth', 'heat', 'torque'])
    assert.notEqual(failed.model, '')
    await model.close()
  })

  it('leaves complete parts to the operator while the model is missing, but not those outside their limits', async () => {
    const bench = new Bench({ values, measured })
    bench.measure('A', { torque: 3, depth: 10, heat: 80 })
    bench.measure('B', { torque: 3, depth: 10, heat: 120 })
    assert.deepEqual(await bench.verdicts(2), ['A operator', 'B fail'])
    assert.match(bench.events[0].reason, /no model of its values yet/)
  })

  it('stops at once although values never come', async () => {
    const bench = new Bench({ values, timeout: '1h' })
    bench.measure('A', { torque: 3 })
    await bench.station.stop()
    assert.deepEqual(await bench.verdicts(1), ['A incomplete'])
  })

  it('waits for no more than a bounded number of parts', async () => {
    const bench = new Bench({ values, timeout: '1h' })
    for (let i = 0; i < 300; i++) bench.measure(String(i), { torque: 3 })
    await bench.verdicts(40)
    assert.ok(bench.events.every(({ verdict }) => verdict === 'incomplete'))
    await bench.station.stop()
    assert.equal(bench.events.length, 300)
  })

  it('counts a part that comes again and judges it again', async () => {
    const bench = new Bench({ values })
    for (const part of ['A', 'B', 'A']) {
      bench.measure(part, { torque: 3, depth: 10, heat: 80 })
      await bench.verdicts(bench.station.counts.received)
    }
    assert.deepEqual(await bench.verdicts(3), ['A pass', 'B pass', 'A pass'])
    assert.equal(bench.station.counts.repeated, 1)
  })

  describe('with a model of the values beside the one at work', () => {
    const settings = { values, measured: { model: 'anomaly' } }
    const usual = () => modelOf(settings, unlabelled(screwedParts(200, 1)))
    /** Learned from parts that are all six degrees hotter. */
    const hotter = () => modelOf(settings, unlabelled(screwedParts(200, 1)).map(({ time, values: own }) => ({ time, values: { ...own, heat: own.heat + 6 } }))) // prettier-ignore
    const [part] = screwedParts(1, 2)
    const hot = { ...part.values, heat: part.values.heat + 6 }

    async function pair() {
      const models = { a: await usual(), b: await hotter() }
      const bench = new Bench(settings)
      const model = (version: 'a' | 'b') => ({ version, metrics: {}, inspector: models[version] })
      bench.station.valuesJudge.use(model('a'))
      bench.station.valuesJudge.challenge(model('b'), unexpected)
      return { bench, close: async () => Promise.all([bench.station.stop(), models.a.close(), models.b.close()]) }
    }

    it('records what that one would have said, without effect', async () => {
      const { bench, close } = await pair()
      bench.measure('A', hot)
      assert.deepEqual(await bench.verdicts(1), ['A fail'])
      await until('the other one has looked', () => bench.opinions.length === 1)
      const [{ part: of, station, fails }] = bench.opinions
      assert.deepEqual([of, station, fails], ['A', 'screw', [true, false]])
      await close()
    })

    it('asks both when somebody says what a part is, in the words of that', async () => {
      const { bench, close } = await pair()
      bench.measure('A', hot)
      bench.measure('B', part.values)
      await bench.verdicts(2)
      const say = (id: string, name: string) => bench.station.correct({ type: 'correction', time: 9, station: 'screw', part: id, class: name, by: 'Mei' }) // prettier-ignore
      const { time } = bench.events[0]
      const rows: readonly [string, string, object][] = [
        ['A', 'ok', { class: 'good', of: time, measured: true, answers: { a: 'defect', b: 'good' } }],
        ['A', 'overheated', { class: 'overheated', measured: true, answers: { a: 'overheated', b: 'good' } }],
        ['B', 'ok', { class: 'good', measured: true, answers: { a: 'good', b: 'defect' } }],
      ]
      for (const [id, name, expected] of rows) {
        const found = await say(id, name)
        assert.ok(typeof found !== 'string')
        assert.deepEqual({ ...found, ...expected }, found)
      }
      await close()
    })

    it('does not learn from parts that lack a value', async () => {
      const bench = new Bench({ ...settings, timeout: '20ms' })
      bench.measure('A', { torque: 3 })
      await bench.verdicts(1)
      const found = await bench.station.correct({ type: 'correction', time: 9, station: 'screw', part: 'A', class: 'ok', by: 'Mei' }) // prettier-ignore
      assert.ok(typeof found !== 'string' && !('measured' in found) && !('answers' in found))
    })
  })

  it('knows parts of before a restart from the journal', async () => {
    const journal = await openJournal({ folder: '', settings: { store: 'memory' } as never, metrics: silentMetrics, log }) // prettier-ignore
    const first = new Bench({ values })
    for (const id of ['A', 'B', 'A']) {
      first.measure(id, { torque: 3, depth: 10, heat: 80 })
      await first.verdicts(first.station.counts.received)
    }
    await journal.append('results', first.events.map((event) => ({ kind: 'event', event, arrival: 9, origin: 0 }) as const)) // prettier-ignore
    const times = first.events.map(({ time }) => time)
    const find = async (part: string, of?: number) => (await pastVerdict(journal, 'screw', part, of))?.time
    assert.deepEqual([await find('A'), await find('B'), await find('C')], [times[2], times[1], undefined])
    assert.equal(await find('A', times[0] + 1e6), undefined)
    const recall = (part: string, of?: number) => pastVerdict(journal, 'screw', part, of)
    const again = new Bench({ values, measured: { model: 'anomaly' } }, undefined, undefined, undefined, recall)
    const found = await again.station.correct({ type: 'correction', time: 9, station: 'screw', part: 'B', class: 'ok', by: 'Mei' }) // prettier-ignore
    assert.ok(typeof found !== 'string')
    assert.deepEqual([found.of, found.class, found.measured], [times[1], 'good', true])
    await journal.close()
  })

  it('judges no part again that it had judged before a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-resume-'))
    const journal = await openJournal({ folder, settings: { store: 'memory' } as never, metrics: silentMetrics, log })
    const first = new Bench({ values })
    first.measure('A', { torque: 3, depth: 10, heat: 80 })
    await first.verdicts(1)
    await journal.append('samples', first.events.map((event) => ({ kind: 'event', event, arrival: 9 }) as const)) // prettier-ignore
    const judged = judgedSince(journal, 0, 'screw')
    const again = new Bench({ values }, undefined, undefined, judged as never)
    again.measure('A', { torque: 3, depth: 10, heat: 80 })
    again.measure('B', { torque: 3, depth: 10, heat: 80 })
    assert.deepEqual(await again.verdicts(1), ['B pass'])
    await journal.close()
    await rm(folder, { recursive: true, force: true })
  })
})

describe('one verdict from image, values and windows', () => {
  const windows = { stroke: { monitor: 'press', features: ['force.max'], part: 's2/part' } }
  const settings = { source: { type: 'http' }, values, windows, timeout: '10s' }
  const clean: ImageAnswer = { label: 'good', score: 0.4, threshold: 1, model: 'm' }
  const scratched: ImageAnswer = { label: 'defect', score: 2, threshold: 1, model: 'm' }
  const random = seededRandom(9)
  /** Parts whose force follows the torque; with the score of their image. */
  const parts = (count: number, seed: number) =>
    unlabelled(screwedParts(count, seed)).map((part) => ({
      ...part,
      values: {
        ...part.values,
        'stroke.force.max': 20 + part.values.torque + 0.05 * random.normal(),
        image: 0.4 + 0.1 * random.normal(),
      },
    }))

  async function judged(bench: Bench, of: Readonly<Record<string, number>>): Promise<InspectionEvent> {
    const { torque, depth, heat } = of
    bench.measure('A', { torque, depth, heat })
    bench.stroke(of['stroke.force.max'])
    bench.image('A')
    await bench.verdicts(1)
    return bench.events[0]
  }

  it('fails if the image, a value or the model of values and windows does', async () => {
    const model = await modelOf({ ...settings, measured }, parts(300, 1))
    const [good] = parts(1, 2)
    const rows: readonly [string, ImageAnswer, object, string, RegExp][] = [
      ['nothing', clean, {}, 'pass', /^$/],
      ['the image', scratched, {}, 'fail', /^score 2.00 is over 1.00$/],
      ['a limit', clean, { heat: 101 }, 'fail', /heat 101 is outside/],
      ['the stroke', clean, { 'stroke.force.max': 26 }, 'fail', /most by stroke.force.max$/],
    ]
    for (const [what, answer, change, verdict, reason] of rows) {
      const event = await judged(new Bench({ ...settings, measured }, model, answer), { ...good.values, ...change })
      assert.equal(event.verdict, verdict, `${what}: ${event.reason}`)
      assert.match(event.reason, reason)
      assert.deepEqual([event.score, event.model], [answer.score, 'm'])
      assert.ok(event.measured && Object.keys(event.values).includes('stroke.force.max'))
    }
    await model.close()
  })

  it('lets the model weigh the score of the image as one more value, where it is told to', async () => {
    const joined = { ...settings, measured: { ...measured, image: true } }
    const model = await modelOf(joined, parts(300, 1))
    const [good] = parts(1, 2)
    const doubtful = await judged(new Bench(joined, model, { ...clean, score: 0.5, threshold: 0.45 }), good.values)
    assert.equal(doubtful.verdict, 'pass', doubtful.reason)
    const bad = await judged(new Bench(joined, model, scratched), good.values)
    assert.deepEqual([bad.verdict, Object.keys(bad.measured!.contributions)[0]], ['fail', 'image'])
    await model.close()
  })

  it('is incomplete where the window never came', async () => {
    const bench = new Bench({ ...settings, timeout: '30ms' }, undefined, clean)
    bench.measure('A', { torque: 3, depth: 10, heat: 80 })
    bench.image('A')
    assert.deepEqual(await bench.verdicts(1), ['A incomplete'])
    assert.equal(bench.events[0].reason, 'no stroke.force.max')
  })
})

describe('parts of the journal', () => {
  it('have the class that people said, else the one they failed by, else none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millwright-parts-'))
    const journal = await openJournal({ folder, settings: { store: 'memory' } as never, metrics: silentMetrics, log })
    const settings = stationConfig.parse({ values: { torque: values.torque }, measured })
    const event = (part: string, time: number, own: object) => {
      const base = { type: 'inspection', station: 'screw', label: '', score: null, threshold: null, model: '', ms: 1, values: { torque: time }, reason: '', verdict: 'pass' } as const // prettier-ignore
      return { kind: 'event', event: { ...base, part, time, ...own }, arrival: time } as const
    }
    const said = { type: 'correction', time: 9, station: 'screw', part: 'B', of: 2, class: 'stripped', by: 'me' } as const // prettier-ignore
    await journal.append('samples', [
      event('A', 1, {}),
      event('B', 2, {}),
      event('C', 3, { verdict: 'fail' }),
      event('D', 4, { verdict: 'fail', label: 'hot' }),
      event('E', 5, { values: {} }),
      event('H', 7, { verdict: 'fail', measured: { label: 'defect', score: 2, threshold: 1, contributions: {}, model: 'v' } }), // prettier-ignore
      event('F', 6, { station: 'other' }),
      event('G', 99, {}),
      { kind: 'event', event: said, arrival: 9 },
    ])
    const found = partsOfJournal(journal, 'screw', settings, { from: -Infinity, until: 50 })
    assert.deepEqual(
      found.map((part) => [part.values.torque, part.class]),
      [[1, undefined], [2, 'stripped'], [3, 'defect'], [4, 'hot']], // prettier-ignore
    )
    await journal.close()
    await rm(folder, { recursive: true, force: true })
  })
})
