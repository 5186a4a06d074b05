import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { History } from '../../agent/view/shapes.ts'
import { bridge, hold, tagModel, thinned } from '../../agent/web/parts/chart-model.ts'

const value = fc.option(fc.integer({ min: -99, max: 99 }), { freq: 3 })

function historyOf(min: (number | null)[], max: (number | null)[]): History {
  const quality = max.map((each) => (each === null ? null : 0))
  const tag = { tag: 'line1/pump1/flow', role: 'flow', steady: false, min, max, quality }
  return { from: 0, step: 1_000, count: min.length, share: 1, first: 0, tags: [tag], scores: [], marks: [] }
}

const numbers = (column: readonly unknown[]) => column.filter((each) => typeof each === 'number')

describe('a trend', () => {
  it('whose silence means that the value holds is drawn on to its newest value, and no further', () => {
    assert.deepEqual(hold([null, 1, null, null, 2, null]), [undefined, 1, 1, 1, 2, undefined])
  })

  it('is drawn over a silence as long as usual, and has a gap where it is much longer', () => {
    const regular = bridge([1, null, 2, null, 3, null, 4])
    assert.ok(!regular.includes(null))
    const torn = bridge([1, 2, 3, ...Array<null>(9).fill(null), 4, 5])
    assert.equal(torn[3], null)
    assert.equal(torn.filter((each) => each === null).length, 1)
  })

  it('keeps every extreme in as few points as one likes', () =>
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        (values, most) => {
          const model = tagModel(historyOf(values, values), 0, 'trend')
          const thin = thinned(model, most)
          assert.ok(thin.times.length <= most)
          for (const column of [thin.min, thin.max, thin.threshold, thin.quality])
            assert.equal(column.length, thin.times.length)
          const own = numbers(values)
          if (own.length === 0) return
          assert.equal(Math.max(...numbers(thin.max)), Math.max(...own))
          assert.equal(Math.min(...numbers(thin.min)), Math.min(...own))
        },
      ),
    ))
})
