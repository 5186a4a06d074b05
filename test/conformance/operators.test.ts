import assert from 'node:assert/strict'
import { decode, encode } from 'cbor-x'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { Quality, TagTable, emptyBatch, type Batch, type Keeper, type TagType } from '../../agent/core/index.ts'
import { operators } from '../../agent/operators/index.ts'
import { TestKeeper, TestMetrics, batchOf, make, push, rowsOf, type Row } from '../support/marbles.ts'

const types: readonly TagType[] = ['number', 'number', 'integer', 'boolean', 'text']

function plant(): TagTable {
  const tags = new TagTable()
  types.forEach((type, at) => tags.resolve({ name: `line/pump/${at}`, type, ...(at === 1 && { low: 0, high: 10 }) }))
  return tags
}

const numbers = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 12 }) },
  { weight: 2, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e308) },
)
const values: Record<TagType, fc.Arbitrary<number | string | bigint>> = {
  number: numbers,
  integer: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(2n ** 60n, 2n ** 60n + 1n, -(2n ** 55n) - 1n)),
  boolean: fc.constantFrom(0, 1),
  text: fc.constantFrom('idle', 'running', '', 'störung'),
}

/** Samples of every type and quality, mostly in order, some late, some repeated, some after long gaps. */
const streams: fc.Arbitrary<Row[]> = fc
  .array(
    fc.integer({ min: 0, max: types.length - 1 }).chain((tag) =>
      fc.record({
        tag: fc.constant(tag),
        step: fc.oneof(
          { weight: 8, arbitrary: fc.integer({ min: 0, max: 1500 }) },
          { weight: 2, arbitrary: fc.constantFrom(-2500, -1000, 0, 500, 1000, 4000, 60_000) },
        ),
        value: values[types[tag]],
        quality: fc.constantFrom(Quality.good, Quality.good, Quality.good, Quality.uncertain, Quality.bad),
      }),
    ),
    { maxLength: 120 },
  )
  .map((steps) => {
    let time = 1_700_000_000_000
    return steps.map(({ tag, step, value, quality }) => ({ tag, time: (time += step), value, quality }))
  })

/** The rows cut into batches, some of them ticks. */
const cuts = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 })

function cut(rows: readonly Row[], sizes: readonly number[]): Batch[] {
  const batches: Batch[] = []
  let from = 0
  for (const size of sizes) {
    batches.push(batchOf(rows.slice(from, from + size), from))
    from += size
  }
  batches.push(batchOf(rows.slice(from), rows.length))
  return batches
}

const snapshot = (batch: Batch) => structuredClone(batch)

/** Settings beyond the defaults that take other ways through the code. */
const variants: Readonly<Record<string, readonly object[]>> = {
  clamp: [
    { min: 1, max: 4 },
    { action: 'bad', max: 3 },
  ],
  despike: [{ window: 3 }, { window: 4, k: 1, action: 'bad' }, { floor: 2 }],
  deduplicate: [{ same: 'time' }, { memory: 1 }],
  deadband: [{ absolute: 2 }, { percent: 10, max_silence: '2s' }],
  scale: [
    { factor: 3, offset: -1 },
    { from: '°F', to: '°C' },
  ],
  fill: [{ method: 'linear' }, { every: '250ms', max_gap: '2s' }, { method: 'none' }],
  resample: [{ method: 'last' }, { method: 'linear', every: '700ms' }, { every: '300ms' }],
  rate: [{ per: 'second', over: '2s' }, { rolls_over_at: 5 }, { falls: true, rolls_over_at: 'never' }],
  gate: [{ worst: 'good' }, { action: 'bad', range: true }, { worst: 'bad' }],
}

for (const definition of operators) {
  describe(`operator ${definition.type}`, () => {
    for (const settings of [{}, ...(variants[definition.type] ?? [])])
      describe(JSON.stringify(settings), () => check(settings))

    function check(settings: object): void {
      it('is a function of the samples: not of the batches, the subscription or what ran before', () => {
        fc.assert(
          fc.property(streams, cuts, (rows, sizes) => {
            const tags = plant()
            const whole = rowsOf(push(make(definition, settings, { tags }), [batchOf(rows)]), tags)
            const operator = make(definition, settings, { tags, keeper: { keep: () => undefined } })
            assert.deepEqual(rowsOf(push(operator, cut(rows, sizes)), tags), whole)
            assert.deepEqual(rowsOf(push(operator, cut(rows, sizes)), tags), whole)
          }),
        )
      })

      it('goes on after a restart as if there had been none', () => {
        fc.assert(
          fc.property(streams, cuts, fc.nat(40), (rows, sizes, stop) => {
            const batches = cut(rows, sizes)
            const tags = plant()
            const whole = rowsOf(push(make(definition, settings, { tags }), batches), tags)
            const keeper = new TestKeeper()
            const before = push(make(definition, settings, { tags, keeper }), batches.slice(0, stop))
            const saved = decode(encode([...keeper.save()])) as [string, unknown][]
            const again = new TestKeeper(new Map(saved))
            const after = push(make(definition, settings, { tags, keeper: again }), batches.slice(stop))
            assert.deepEqual([...rowsOf(before, tags), ...rowsOf(after, tags)], whole)
          }),
        )
      })

      it('saves a state that stays as it was', () => {
        fc.assert(
          fc.property(streams, (rows) => {
            let save: (() => unknown) | undefined
            const keeper: Keeper = { keep: (_key, state) => (save = () => state.save()) }
            const input = new Subject<Batch>()
            input.pipe(make(definition, settings, { tags: plant(), keeper })).subscribe()
            input.next(batchOf(rows))
            const saved = save?.()
            const copy = structuredClone(saved)
            input.next(batchOf(rows.map((row) => ({ ...row, time: row.time + 1e6 }))))
            assert.deepEqual(saved, copy)
          }),
        )
      })

      it('changes nothing in the batches it gets, and gives back the very batch where it changes nothing', () => {
        fc.assert(
          fc.property(streams, cuts, (rows, sizes) => {
            const tags = plant()
            const batches = cut(rows, sizes)
            const before = batches.map(snapshot)
            const output = push(make(definition, settings, { tags }), batches)
            assert.deepEqual(batches, before)
            output.forEach((batch, at) => {
              assert.equal(batch.arrival, batches[at].arrival)
              assert.equal(batch.source, 'test')
              assert.equal(batch.tag.length, batch.length)
              assert.equal(batch.exact?.length ?? batch.length, batch.length)
              const same = JSON.stringify(text(batch)) === JSON.stringify(text(batches[at]))
              if (same && definition.type !== 'resample') assert.equal(batch, batches[at])
            })

            function text(batch: Batch): string[] {
              return rowsOf([batch], tags).map((row) => `${row.tag} ${row.time} ${row.value} ${row.quality}`)
            }
          }),
        )
      })

      it('passes ticks', () => {
        const tick = emptyBatch('clock', 42)
        const [output] = push(make(definition, settings, { tags: plant() }), [tick])
        assert.equal(output, tick)
      })

      it('leaves text alone', () => {
        const tags = plant()
        const rows = ['idle', 'running', 'idle'].map((value, at) => ({ tag: 4, time: at * 777, value, quality: 0 }))
        assert.deepEqual(rowsOf(push(make(definition, settings, { tags }), [batchOf(rows)]), tags), rows)
      })

      it('leaves tags alone that its patterns do not name', () => {
        fc.assert(
          fc.property(streams, (rows) => {
            const tags = plant()
            const batch = batchOf(rows)
            assert.equal(push(make(definition, { ...settings, tags: ['other/**'] }, { tags }), [batch])[0], batch)
          }),
        )
      })

      it('works on 10,000 tags, most of them met after the start', () => {
        const tags = new TagTable()
        const operator = make(definition, settings, { tags })
        const batches = [1, 100, 10_000, 10_000].map((size, at) => {
          while (tags.size < size) tags.resolve({ name: `line/machine${tags.size}/value`, type: 'number' })
          const rows = Array.from({ length: size }, (_, tag) => ({
            tag,
            time: (size + at) * 21_000,
            value: tag % 7,
            quality: 0,
          }))
          return batchOf(rows)
        })
        const seen = new Set<number>()
        for (const batch of push(operator, batches)) for (const tag of batch.tag) seen.add(tag)
        assert.equal(seen.size, 10_000)
      })

      it('counts what it changes, once a batch', () => {
        fc.assert(
          fc.property(streams, (rows) => {
            const tags = plant()
            const metrics = new TestMetrics()
            const batch = batchOf(rows)
            const [output] = push(make(definition, settings, { tags, metrics }), [batch])
            const counted = Object.values(metrics.changes).reduce((sum, amount) => sum + amount, 0)
            if (output.length !== batch.length) assert.ok(counted >= Math.abs(output.length - batch.length))
            if (counted === 0) assert.equal(output, batch)
          }),
        )
      })
    }
  })
}

describe('operators', () => {
  it('have different names and describe every setting', () => {
    assert.equal(new Set(operators.map(({ type }) => type)).size, operators.length)
    for (const { type, config } of operators) {
      assert.ok('shape' in config, type)
      for (const [key, field] of Object.entries(config.shape as Record<string, { description?: string }>))
        assert.ok(field.description, `${type}.${key}`)
    }
  })

  it('refuse settings they do not know', () => {
    for (const { config } of operators) assert.ok(!config.safeParse({ nonsense: 1 }).success)
  })
})
