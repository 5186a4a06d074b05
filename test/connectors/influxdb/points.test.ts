// Longer than others: every kind of record beside the others, read back by one parser.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  BatchBuilder,
  emptyBatch,
  TagTable,
  type Entry,
  type InspectionEvent,
  type ReportEvent,
  type Quality,
  type TagType,
} from '../../../agent/core/index.ts'
import { contents, PointEncoder, placeOf } from '../../../connectors/influxdb/points.ts'
import { parseLines, type RecordedPoint } from '../../support/influx-recorder-lines.ts'
import { alarm, numbers, prediction, samples } from './helpers.ts'

const measurements = {
  sensor: 'sensor',
  prediction: 'prediction',
  alarm: 'alarm',
  model: 'model',
  gap: 'gap',
  report: 'report',
  agent: 'agent',
  inspection: 'inspection',
  correction: 'correction',
  tag: 'tag',
  action: 'action',
}

const report: ReportEvent = {
  type: 'report',
  time: 4,
  source: 'plc',
  asset: 'press1',
  id: 'a1',
  kind: 'LimitAlarmType',
  origin: 'press1/oil',
  message: 'too hot',
  severity: 700,
  alarm: 'OilHot',
  active: true,
  acknowledged: false,
}

const verdict: InspectionEvent = {
  type: 'inspection',
  time: 5,
  station: 'weld',
  part: 'A-7',
  verdict: 'fail',
  label: 'defect',
  score: 1.5,
  threshold: null,
  model: 'm1',
  ms: 12.5,
  values: { torque: 15 },
  reason: 'score 1.5 is over 1',
}

function encoderOf(tags: TagTable, options: Partial<ConstructorParameters<typeof PointEncoder>[0]> = {}): PointEncoder {
  const bounds = { maxLines: 5000, maxBytes: 4e6 }
  return new PointEncoder({ site: 'shenzhen-1', tags, measurements, content: contents, ...bounds, ...options })
}

function pointsOf(encoder: PointEncoder, entries: readonly Entry[]): RecordedPoint[] {
  return encoder.encode(entries).lists.flatMap((list) => list.flatMap((body) => parseLines(body.bytes.toString())))
}

/** What line protocol makes of a text in a key. */
const keyed = (text: string) => utf8(text.replace(/[\r\n]+/g, ' ').replace(/\\+$/, ''))

/** What UTF-8 makes of a text: half a surrogate pair cannot be written. */
const utf8 = (text: string) => Buffer.from(text).toString()

describe('points of InfluxDB', () => {
  it('place a tag by its path', () => {
    assert.deepEqual(placeOf('line3/pump7/vibration'), { line: 'line3', asset: 'line3/pump7', tag: 'vibration' })
    assert.deepEqual(placeOf('a/b/c/d'), { line: 'a', asset: 'a/b/c', tag: 'd' })
    assert.deepEqual(placeOf('pump7/vibration'), { line: '', asset: 'pump7', tag: 'vibration' })
    assert.deepEqual(placeOf('vibration'), { line: '', asset: '', tag: 'vibration' })
    assert.deepEqual(placeOf('pump7/'), { line: '', asset: '', tag: 'pump7/' })
    assert.deepEqual(placeOf('/pump7'), { line: '', asset: '', tag: '/pump7' })
  })

  it('give no two tag names the same series', () => {
    const name = fc.array(fc.constantFrom('a', 'b', '/'), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(name, name, (first, second) => {
        const { asset, tag } = placeOf(first)
        assert.equal(asset === '' ? tag : `${asset}/${tag}`, first)
        if (first !== second) assert.notDeepEqual(placeOf(first), placeOf(second))
      }),
    )
  })

  it('write each type in a field of its own', () => {
    const tags = new TagTable()
    const types: TagType[] = ['number', 'integer', 'boolean', 'text']
    const [number, integer, boolean, text] = types.map((type) => tags.resolve({ name: `l/m/${type}`, type }).index)
    const builder = new BatchBuilder('test')
    const time = 1_700_000_000_000.25
    builder.add(number, time, 21.5, 0)
    builder.add(integer, time, 42, 0)
    builder.addInteger(integer, time + 1, 9_007_199_254_740_993n, 0)
    builder.add(integer, time + 2, 0.5, 0)
    builder.add(boolean, time, 1, 1)
    builder.add(boolean, time + 1, 0, 0)
    builder.add(boolean, time + 2, 0.5, 0)
    builder.addText(text, time, 'open "wide"\\\nnow', 0)
    const points = pointsOf(encoderOf(tags), [samples(builder.take(time))])
    const fieldsOf = (tag: string) => points.filter((point) => point.tags.tag === tag).map((point) => point.fields)
    assert.deepEqual(fieldsOf('number'), [{ quality: 0n, value: 21.5 }])
    assert.deepEqual(fieldsOf('integer'), [
      { quality: 0n, integer: 42n },
      { quality: 0n, integer: 9_007_199_254_740_993n },
      { quality: 0n, value: 0.5 },
    ])
    assert.deepEqual(fieldsOf('boolean'), [
      { quality: 1n, state: true },
      { quality: 0n, state: false },
      { quality: 0n, value: 0.5 },
    ])
    assert.deepEqual(fieldsOf('text'), [{ quality: 0n, text: 'open "wide"\\\nnow' }])
    assert.deepEqual(points[0].tags, { asset: 'l/m', line: 'l', site: 'shenzhen-1', tag: 'number' })
    assert.equal(points[0].time, 1_700_000_000_000_250n)
  })

  it('say of a bad sample its quality only, and never NaN or infinity', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a/b', type: 'number' })
    const builder = new BatchBuilder('test')
    builder.add(0, 1000, 5, 2)
    builder.add(0, 2000, NaN, 1)
    builder.add(0, 3000, Infinity, 0)
    const fields = pointsOf(encoderOf(tags), [samples(builder.take(0))]).map((point) => point.fields)
    assert.deepEqual(fields, [{ quality: 2n }, { quality: 1n }, { quality: 0n }])
  })

  it('read back as what went in, whatever the names, texts, values and times', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    const awkward = fc.string({ unit: fc.constantFrom(',', '=', ' ', '\\', '"', '\n', 'é', '泵', '/'), minLength: 1 })
    const names = fc.uniqueArray(fc.oneof(text, awkward), { minLength: 1, maxLength: 5 })
    const row = fc.record({
      tag: fc.nat(),
      micro: fc.integer({ min: 0, max: 4e15 }),
      value: fc.double(),
      text: fc.oneof(text, awkward, fc.constant('')),
      quality: fc.constantFrom<Quality[]>(0, 1, 2),
    })
    fc.assert(
      fc.property(names, fc.array(row, { minLength: 1, maxLength: 30 }), (tagNames, rows) => {
        const tags = new TagTable()
        tagNames.forEach((name, i) => tags.resolve({ name, type: i % 2 === 0 ? 'number' : 'text' }))
        const builder = new BatchBuilder('test')
        for (const { tag, micro, value, text, quality } of rows) {
          const index = tag % tags.size
          if (index % 2 === 0) builder.add(index, micro / 1000, value, quality)
          else builder.addText(index, micro / 1000, text, quality)
        }
        const { lists, rejected } = encoderOf(tags, { maxLines: 7 }).encode([samples(builder.take(0))])
        assert.ok(rejected.every(({ overwritten }) => overwritten))
        const seen = new Set<number>()
        for (const body of lists.flat()) {
          const points = parseLines(body.bytes.toString())
          assert.ok(points.length <= 7 && points.length === body.length)
          points.forEach((point, line) => {
            const from = rows[body.row(line)]
            seen.add(body.row(line))
            const index = from.tag % tags.size
            const place = placeOf(tags.at(index).name)
            assert.equal(point.time, BigInt(from.micro))
            assert.equal(point.tags.tag ?? '', keyed(place.tag))
            assert.equal(point.tags.asset ?? '', keyed(place.asset))
            const value = Number.isFinite(from.value) ? { value: from.value === 0 ? 0 : from.value } : {}
            const content = index % 2 === 0 ? value : { text: utf8(from.text) }
            const { quality, ...fields } = point.fields
            assert.equal(quality, BigInt(from.quality))
            assert.deepEqual(fields, from.quality === 2 ? {} : content)
          })
        }
        assert.equal(seen.size, rows.length)
      }),
      { numRuns: 300 },
    )
  })

  it('round fractions of a millisecond to the microsecond they came from', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a/b', type: 'number' })
    const builder = new BatchBuilder('test')
    for (let i = 0; i < 1000; i++) builder.add(0, (1_700_000_000_000_000 + i * 1_001) / 1000, i, 0)
    const times = pointsOf(encoderOf(tags), [samples(builder.take(0))]).map((point) => point.time)
    assert.deepEqual(
      times,
      times.map((_, i) => 1_700_000_000_000_000n + BigInt(i) * 1_001n),
    )
  })

  it('refuse a time that InfluxDB cannot store, and write the others', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a/b', type: 'number' })
    const builder = new BatchBuilder('test')
    for (const time of [1000, NaN, Date.UTC(2300, 0), 2000, Date.UTC(1601, 0)]) builder.add(0, time, 1, 0)
    const entry = samples(builder.take(0))
    const { lists, rejected } = encoderOf(tags).encode([
      entry,
      { kind: 'predictions', predictions: [{ ...prediction, time: NaN }], origin: 0, offset: 1 },
    ])
    assert.equal(
      lists.flat().reduce((sum, body) => sum + body.length, 0),
      2,
    )
    assert.deepEqual(
      rejected.map(({ entry, row }) => [entry.offset, row]),
      [
        [0, 1],
        [0, 2],
        [0, 4],
        [1, 0],
      ],
    )
    assert.match(rejected[0].detail, /years 1677 to 2262/)
  })

  it('hold features of windows in a measurement of their own, a field each, and leave them out where not asked for', () => {
    const tags = new TagTable()
    for (const feature of ['mean', 'max'])
      tags.resolve({ name: `l/a/x:10s.${feature}`, type: 'number', aggregate: { of: 'l/a/x', name: '10s', feature } })
    const batch = new BatchBuilder('aggregate')
    batch.add(0, 1_000, 2.5, 0)
    batch.add(1, 1_000, 4, 0)
    batch.add(0, 1_000, 2.75, 0)
    const entry = samples(batch.take(1_000))
    const place = { asset: 'l/a', line: 'l', site: 'shenzhen-1', tag: 'x' }
    const point = (fields: object) => ({ measurement: 'sensor_10s', tags: place, fields, time: 1_000_000n })
    assert.deepEqual(pointsOf(encoderOf(tags), [entry]), [
      point({ mean: 2.5 }),
      point({ mean: 2.75 }),
      point({ max: 4 }),
    ])
    // What comes for the same time once more is a revision, and no collision.
    assert.deepEqual(encoderOf(tags).encode([entry]).rejected, [])
    assert.deepEqual(pointsOf(encoderOf(tags, { content: ['samples'] }), [entry]), [])
  })

  it('tell of rows that another of the same series and microsecond replaces, but not of those that are written again', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a/b', type: 'number' })
    const builder = new BatchBuilder('test')
    for (const time of [1, 1, 1.0001, 2, 1]) builder.add(0, time, time, 0)
    const [one, other] = [samples(builder.take(0), 7), samples(new BatchBuilder('test').take(0), 8)]
    const encoder = encoderOf(tags)
    for (const entries of [[one], [one], [one, other]])
      assert.deepEqual(encoder.encode(entries).rejected.map(({ row, overwritten }) => [row, overwritten]), [[1, true], [2, true]]) // prettier-ignore
  })

  it('hold predictions and alarms, contributions by role, and leave out what has no value', () => {
    const unknown = {
      ...prediction,
      asset: 'x',
      score: NaN,
      threshold: NaN,
      contributions: {},
      state: 'unknown' as const,
    }
    const points = pointsOf(encoderOf(new TagTable()), [
      { kind: 'predictions', predictions: [prediction, unknown], origin: 0, offset: 0 },
      { kind: 'event', event: { ...alarm, by: 'Ann' }, arrival: 0, offset: 1 },
      { kind: 'samples', batch: emptyBatch('agent', 0), origin: 9, offset: 2 },
    ])
    assert.deepEqual(points, [
      {
        measurement: 'prediction',
        tags: { asset: 'line3/pump7', kind: 'anomaly', monitor: 'pump-health', site: 'shenzhen-1' },
        fields: {
          state: 'anomaly',
          model: 'v1',
          score: 12.5,
          threshold: 9.25,
          coverage: 0.98,
          contribution_vibration: 0.75,
          'contribution_oil temperature': 0.25,
          revision: 1n,
        },
        time: 1_700_000_060_000_000n,
      },
      {
        measurement: 'prediction',
        tags: { asset: 'x', kind: 'anomaly', monitor: 'pump-health', site: 'shenzhen-1' },
        fields: { state: 'unknown', model: 'v1', coverage: 0.98, revision: 1n },
        time: 1_700_000_060_000_000n,
      },
      {
        measurement: 'alarm',
        tags: { asset: 'line3/pump7', change: 'raised', monitor: 'pump-health', site: 'shenzhen-1' },
        fields: {
          id: alarm.id,
          state: 'raised',
          by: 'Ann',
          score: 12.5,
          threshold: 9.25,
          contribution_vibration: 0.75,
          raised: 1_700_000_060_000n,
        },
        time: 1_700_000_061_000_000n,
      },
    ])
  })

  it('hold the readings of the agent, one point for each part of it', () => {
    const readings = [
      { part: 'process', name: '', values: { memory: 104_857_600, cpu: 0.25, skew: NaN } },
      { part: 'sink', name: 'history', values: { delivered: 12, up: 1 } },
    ] as const
    const event = { type: 'agent', time: 1000, readings } as const
    assert.deepEqual(pointsOf(encoderOf(new TagTable()), [{ kind: 'event', event, arrival: 0, offset: 0 }]), [
      {
        measurement: 'agent',
        tags: { part: 'process', site: 'shenzhen-1' },
        fields: { memory: 104_857_600, cpu: 0.25 },
        time: 1_000_000n,
      },
      {
        measurement: 'agent',
        tags: { name: 'history', part: 'sink', site: 'shenzhen-1' },
        fields: { delivered: 12, up: 1 },
        time: 1_000_000n,
      },
    ])
  })

  it('are of the chosen content only', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'a/b', type: 'number' })
    const entries: Entry[] = [
      numbers(0, [1], 1000),
      { kind: 'predictions', predictions: [prediction], origin: 0, offset: 1 },
      { kind: 'event', event: alarm, arrival: 0, offset: 2 },
      {
        kind: 'event',
        event: { type: 'model', time: 1, monitor: 'm', step: 'active', version: '2', detail: 'better' },
        arrival: 0,
        offset: 3,
      },
      {
        kind: 'event',
        event: { type: 'gap', time: 1, source: 's', from: 2, to: 3, detail: 'gone' },
        arrival: 0,
        offset: 4,
      },
      {
        kind: 'event',
        event: { type: 'agent', time: 1, readings: [{ part: 'process', name: '', values: { cpu: 0.25 } }] },
        arrival: 0,
        offset: 5,
      },
      { kind: 'event', event: verdict, arrival: 0, offset: 6 },
      { kind: 'event', event: report, arrival: 0, offset: 7 },
    ]
    const names = (content: typeof contents) =>
      pointsOf(encoderOf(tags, { content }), entries).map((point) => point.measurement)
    assert.deepEqual(names(contents).sort(), [
      'agent',
      'alarm',
      'gap',
      'inspection',
      'model',
      'prediction',
      'report',
      'sensor',
    ])
    for (const [one, measurement] of [
      ['inspections', 'inspection'],
      ['samples', 'sensor'],
      ['predictions', 'prediction'],
      ['alarms', 'alarm'],
      ['models', 'model'],
      ['gaps', 'gap'],
      ['agent', 'agent'],
      ['reports', 'report'],
    ] as const)
      assert.deepEqual(names([one] as unknown as typeof contents), [measurement])
  })

  it('say what controls of machines say themselves', () => {
    const [point] = pointsOf(encoderOf(new TagTable()), [{ kind: 'event', event: report, arrival: 0, offset: 1 }])
    assert.deepEqual([point.measurement, point.tags], ['report', { asset: 'press1', kind: 'LimitAlarmType', origin: 'press1/oil', site: 'shenzhen-1' }]) // prettier-ignore
    assert.deepEqual(Object.keys(point.fields).sort(), [
      'acknowledged',
      'active',
      'alarm',
      'id',
      'message',
      'severity',
      'source',
    ])
  })

  it('say what operators say of parts, among the inspections', () => {
    const event = { type: 'correction', time: 7, station: 'weld', part: 'A-7', of: 5, class: 'scratch', by: 'Mei', image: '/a.jpg', answers: { m1: 'good' } } as const // prettier-ignore
    const entries: Entry[] = [{ kind: 'event', event, arrival: 0, offset: 1 }]
    const [point] = pointsOf(encoderOf(new TagTable()), entries)
    assert.deepEqual([point.measurement, point.tags], ['correction', { site: 'shenzhen-1', station: 'weld' }])
    assert.deepEqual(Object.keys(point.fields).sort(), ['by', 'class', 'image', 'part', 'verdict_time'])
    assert.deepEqual(
      pointsOf(encoderOf(new TagTable(), { content: ['models'] as unknown as typeof contents }), entries),
      [],
    )
  })

  it('say what actions decide, a number in a field of its own and of bounded series', () => {
    const event = { type: 'decision', time: 7, id: 'slow/p1/t', action: 'slow', asset: 'p1', purpose: 'do', step: 'proposed', value: 600, why: [{ what: 'signal("speed")', value: 1300 }], detail: '' } as const // prettier-ignore
    const texts = { ...event, step: 'confirmed', value: 'auto', previous: false, ms: 12, by: 'Mei' } as const
    const [first, second] = pointsOf(encoderOf(new TagTable()), [
      { kind: 'event', event, arrival: 0, offset: 1 },
      { kind: 'event', event: texts, arrival: 0, offset: 2 },
    ])
    const series = { action: 'slow', asset: 'p1', purpose: 'do', site: 'shenzhen-1' }
    assert.deepEqual([first.measurement, first.tags], ['action', { ...series, step: 'proposed' }])
    assert.deepEqual(Object.keys(first.fields).sort(), ['detail', 'id', 'value', 'why'])
    assert.deepEqual(second.tags, { ...series, step: 'confirmed' })
    assert.deepEqual(Object.keys(second.fields).sort(), ['by', 'detail', 'id', 'ms', 'previous_text', 'value_text', 'why']) // prettier-ignore
  })

  it('of one series stay in one list, in their order', () => {
    const tags = new TagTable()
    for (const name of ['a/x', 'a/y', 'a/z']) tags.resolve({ name, type: 'number' })
    const entries = [0, 1, 2, 0, 1, 2].map((tag, i) => numbers(tag, [i], 1000, i))
    const { lists } = encoderOf(tags, { maxLines: 1 }).encode(entries)
    for (const name of ['x', 'y', 'z']) {
      const holding = lists
        .map((list) => list.flatMap((body) => parseLines(body.bytes.toString())))
        .map((points) => points.filter((point) => point.tags.tag === name).map((point) => point.fields.value as number))
        .filter((values) => values.length > 0)
      assert.equal(holding.length, 1)
      assert.deepEqual(
        holding[0],
        holding[0].toSorted((a, b) => a - b),
      )
    }
  })

  it('write what a model of the measured values made of a part', () => {
    const contributions = { torque: 30, 'stroke.force.max': 10.5 }
    const measured = { label: 'defect', score: 40.5, threshold: 9, model: '0001-a', contributions }
    const [{ fields }] = pointsOf(encoderOf(new TagTable()), [{ kind: 'event', event: { ...verdict, measured }, arrival: 0, offset: 0 }]) // prettier-ignore
    const own = ['measured_label', 'measured_score', 'measured_threshold', 'measured_model', 'contribution_torque', 'contribution_stroke.force.max'] // prettier-ignore
    assert.deepEqual(own.map((name) => fields[name]), ['defect', 40.5, 9, '0001-a', 30, 10.5]) // prettier-ignore
    const without = pointsOf(encoderOf(new TagTable()), [{ kind: 'event', event: { ...verdict, measured: { ...measured, score: null } }, arrival: 0, offset: 0 }]) // prettier-ignore
    assert.equal('measured_score' in without[0].fields, false)
  })

  it('write a verdict with its measured values, and leave out what it has not', () => {
    const [point] = pointsOf(encoderOf(new TagTable()), [{ kind: 'event', event: verdict, arrival: 0, offset: 0 }])
    assert.deepEqual(point.tags, { site: 'shenzhen-1', station: 'weld', verdict: 'fail' })
    const { part, label, model, ms, reason } = verdict
    assert.deepEqual({ ...point.fields }, { part, label, model, ms, reason, score: 1.5, value_torque: 15 })
  })
})
