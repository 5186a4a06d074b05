import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Buckets, gridOver } from '../../agent/view/buckets.ts'
import { schema } from '../../agent/settings/schema.ts'
import { BatchBuilder, Quality, type Journal, type Prediction } from '../../agent/core/index.ts'
import { HistoryReader } from '../../agent/view/history.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { scan, seek } from '../../agent/journal/seek.ts'

const begin = 1_764_000_000_000

/** `rows` samples of two tags, one batch a second of ten samples each, arriving as they are made. */
async function filled(seconds: number, perSecond = 10): Promise<Journal> {
  const settings = schema.parse({ journal: { store: 'memory' } }).journal
  const journal = await openJournal({ folder: 'memory', settings })
  const tags = ['line1/pump1/vibration', 'line1/pump1/flow'].map((name) =>
    journal.tags.resolve({ name, type: 'number', unit: 'mm/s', source: 'plc' }),
  )
  for (let second = 0; second < seconds; second++) {
    const batch = new BatchBuilder('plc')
    for (let i = 0; i < perSecond; i++) {
      const time = begin + second * 1_000 + (i * 1_000) / perSecond
      for (const { index } of tags) batch.add(index, time, index * 100 + second, Quality.good)
    }
    await journal.append('samples', [{ kind: 'samples', batch: batch.take(begin + second * 1_000 + 999) }])
  }
  return journal
}

const prediction = (second: number, more: Partial<Prediction> = {}): Prediction => ({
  time: begin + second * 1_000,
  asset: 'line1/pump1',
  monitor: 'health',
  kind: 'anomaly',
  score: second,
  threshold: 5,
  state: 'normal',
  coverage: 1,
  revision: 1,
  model: 'a',
  contributions: {},
  ...more,
})

const request = (from: number, to: number, points: number) => ({
  asset: 'line1/pump1',
  from: begin + from * 1_000,
  to: begin + to * 1_000,
  points,
})

describe('a grid over a range', () => {
  it('never has more buckets than points, covers the range, and begins at multiples of its step', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 1, max: 1e11 }),
        fc.integer({ min: 10, max: 4_000 }),
        (from, length, points) => {
          const grid = gridOver(from, from + length, points)
          assert.ok(grid.count <= points && grid.count >= 1, `${grid.count} buckets`)
          assert.ok(grid.from <= from && grid.from + grid.count * grid.step >= from + length)
          assert.equal(grid.from % grid.step, 0)
        },
      ),
    ))

  it('stays where it is as the range moves on within a step', () => {
    const one = gridOver(begin, begin + 600_000, 300)
    const other = gridOver(begin + 700, begin + 600_700, 300)
    assert.equal(one.step, other.step)
    assert.equal((other.from - one.from) % one.step, 0)
  })
})

describe('buckets', () => {
  it('hold the smallest and largest value of theirs and the worst quality, whatever the order', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(99), value: fc.integer({ min: -999, max: 999 }), quality: fc.nat(2) })),
        (samples) => {
          const buckets = new Buckets({ from: 0, step: 10, count: 10 })
          for (const { at, value, quality } of samples) buckets.add(at, value, quality)
          for (let bucket = 0; bucket < 10; bucket++) {
            const own = samples.filter(({ at }) => Math.floor(at / 10) === bucket)
            const values = own.map(({ value }) => value)
            assert.equal(buckets.min[bucket], own.length > 0 ? Math.min(...values) : null)
            assert.equal(buckets.max[bucket], own.length > 0 ? Math.max(...values) : null)
            assert.equal(
              buckets.quality[bucket],
              own.length > 0 ? Math.max(...own.map(({ quality }) => quality)) : null,
            )
          }
        },
      ),
    ))

  it('leave out what is before or after them, and values that are none', () => {
    const buckets = new Buckets({ from: 100, step: 10, count: 2 })
    for (const time of [99, 120, NaN, Infinity]) buckets.add(time, 1)
    buckets.add(105, NaN, Quality.bad)
    assert.deepEqual(buckets.max, [null, null])
    assert.deepEqual(buckets.quality, [Quality.bad, null])
  })
})

describe('a place in the journal', () => {
  it('is found by time', async () => {
    const journal = await filled(50)
    for (const second of [0, 1, 17, 49]) {
      assert.equal(await seek(journal, 'samples', begin + second * 1_000 + 999), second)
      assert.equal(await seek(journal, 'samples', begin + second * 1_000 + 998.5), second)
    }
    assert.equal(await seek(journal, 'samples', 0), 0)
    assert.equal(await seek(journal, 'samples', begin + 1e9), 50)
    assert.equal(await seek(journal, 'results', begin), 0)
  })

  it('waits for a store that cannot be read in the middle of a commit', async () => {
    const journal = await filled(3)
    let refused = 5
    const busy = new Proxy(journal, {
      get(target, key) {
        if (key === 'read' && refused-- > 0) return () => []
        const value: unknown = Reflect.get(target, key)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    assert.equal(await seek(busy, 'samples', begin + 2_000), 2)
  })

  it('is read in parts, evenly, where there is more than the budget', async () => {
    const journal = await filled(1_000)
    const seen: number[] = []
    const range = { stream: 'samples', from: 0, to: 1_000, budget: 4_000, parts: 20 } as const
    const share = await scan(journal, range, ({ offset }) => seen.push(offset))
    assert.ok(share < 0.2, `${share}`)
    assert.ok(seen.length <= 150, `${seen.length} entries were read`)
    for (let part = 0; part < 20; part++) {
      assert.ok(
        seen.some((offset) => offset >= part * 50 && offset < (part + 1) * 50),
        `part ${part}`,
      )
    }
  })

  it('leaves other work its turns while it is read', async () => {
    const journal = await filled(400, 200)
    let turns = 0
    let reading = true
    const count = () => {
      turns++
      if (reading) setImmediate(count)
    }
    setImmediate(count)
    await scan(journal, { stream: 'samples', from: 0, to: 400, budget: 1e9, parts: 1 }, () => undefined)
    reading = false
    assert.ok(turns >= 5, `${turns} turns`)
  })
})

describe('history', () => {
  it('has the tags asked for, by bucket', async () => {
    const journal = await filled(60)
    const tags = [{ index: 1, role: 'flow' }]
    const history = await new HistoryReader(journal).read(request(0, 59.9, 61), tags)
    assert.equal(history.step, 1_000)
    assert.equal(history.share, 1)
    assert.equal(history.first, begin + 999)
    const [flow] = history.tags
    assert.deepEqual([flow.tag, flow.role, flow.unit, flow.steady], ['line1/pump1/flow', 'flow', 'mm/s', false])
    assert.deepEqual(
      flow.min,
      Array.from({ length: 60 }, (_, i) => 100 + i),
    )
    assert.deepEqual(flow.max, flow.min)
  })

  it('does not draw bad values, but says where they are', async () => {
    const journal = await filled(3)
    const batch = new BatchBuilder('plc')
    batch.add(0, begin + 1_500, 9_999, Quality.bad)
    await journal.append('samples', [{ kind: 'samples', batch: batch.take(begin + 3_000) }])
    const [vibration] = (await new HistoryReader(journal).read(request(0, 2.9, 10), [{ index: 0 }])).tags
    assert.ok(!vibration.max.includes(9_999))
    assert.ok(vibration.quality.includes(Quality.bad))
  })

  it('finds samples that arrived late', async () => {
    const journal = await filled(120)
    const batch = new BatchBuilder('plc')
    batch.add(0, begin + 500, 777, Quality.good)
    await journal.append('samples', [{ kind: 'samples', batch: batch.take(begin + 300_000) }])
    const [vibration] = (await new HistoryReader(journal).read(request(0, 10, 11), [{ index: 0 }])).tags
    assert.equal(vibration.max[0], 777)
  })

  it('has score and threshold of the asset alone, and marks where another model or an alarm begins', async () => {
    const journal = await filled(20)
    const predictions = Array.from({ length: 20 }, (_, second) =>
      prediction(second, second < 10 ? {} : { model: 'b', threshold: 7 }),
    )
    const other = prediction(3, { asset: 'line1/pump9', score: 999 })
    await journal.append('results', [{ kind: 'predictions', predictions: [...predictions, other], origin: 1 }])
    const alarm = {
      type: 'alarm',
      time: begin + 12_000,
      id: 'health/line1/pump1/x',
      asset: 'line1/pump1',
      monitor: 'health',
      change: 'raised',
      state: 'raised',
      raised: begin + 12_000,
      score: 12,
      threshold: 7,
      contributions: {},
    } as const
    await journal.append('results', [{ kind: 'event', event: alarm, arrival: begin + 12_000, origin: 2 }])
    const { scores, marks } = await new HistoryReader(journal).read(request(0, 19, 20), [{ index: 0 }])
    assert.deepEqual(
      scores[0].max,
      Array.from({ length: 20 }, (_, second) => second),
    )
    assert.deepEqual([scores[0].threshold[9], scores[0].threshold[10]], [5, 7])
    assert.deepEqual(marks, [
      { kind: 'model', time: begin + 10_000, monitor: 'health', text: 'b' },
      { kind: 'alarm', time: begin + 12_000, monitor: 'health', text: 'raised' },
    ])
  })

  it('marks what a source could not get back', async () => {
    const journal = await filled(5)
    const gap = {
      type: 'gap',
      time: begin,
      source: 'plc',
      from: begin + 1_000,
      to: begin + 2_000,
      detail: 'lost',
    } as const
    const foreign = { ...gap, source: 'other' }
    await journal.append(
      'samples',
      [gap, foreign].map((event) => ({ kind: 'event' as const, event, arrival: begin + 5_000 })),
    )
    const { marks } = await new HistoryReader(journal).read(request(0, 5, 10), [{ index: 0 }])
    assert.deepEqual(marks, [{ kind: 'gap', time: begin + 1_000, to: begin + 2_000, text: 'lost' }])
  })

  it('works once for pages that ask the same at the same time', async () => {
    const journal = await filled(30)
    const reader = new HistoryReader(journal)
    const answers = Array.from({ length: 20 }, (_, i) =>
      reader.read(request(i * 0.001, 29 + i * 0.001, 30), [{ index: 0 }]),
    )
    assert.equal(reader.waiting, 1)
    const [first, ...others] = await Promise.all(answers)
    for (const other of others) assert.equal(other, first)
    assert.equal(reader.waiting, 0)
  })
})
