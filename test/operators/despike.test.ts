import assert from 'node:assert/strict'
import fc from 'fast-check'
import { TagTable } from '../../agent/core/index.ts'
import { despike } from '../../agent/operators/despike.ts'
import { spikeFactor } from '../../agent/operators/hampel.ts'
import { seededRandom } from '../../models/random.ts'
import { batchOf, expectMarbles, make, push } from '../support/marbles.ts'

describe('despike', () => {
  it('puts the median in place of a spike', () => {
    const changes = expectMarbles(despike, {}, '1 2 1 2 1 2 1 90 2 1', '1 2 1 2 1 2 1 2? 2 1')
    assert.deepEqual(changes, { replaced: 1 })
  })

  it('marks a spike bad and keeps its value', () => {
    expectMarbles(despike, { action: 'bad' }, '1 2 1 2 1 2 1 90 2 1', '1 2 1 2 1 2 1 90! 2 1')
  })

  it('judges nothing before its window is full', () => {
    expectMarbles(despike, {}, '1 2 90 2 1 2', '1 2 90 2 1 2')
    expectMarbles(despike, { window: 3 }, '1 90 2 1', '1 90 2 1')
    expectMarbles(despike, { window: 3 }, '1 2 3 300 3', '1 2 3 3? 3')
  })

  it('believes a step after half a window', () => {
    expectMarbles(despike, {}, '1 2 1 2 1 2 1 90 91 90 91 90 91', '1 2 1 2 1 2 1 2? 2? 2? 91 90 91')
  })

  it('takes k for its measure', () => {
    expectMarbles(despike, { k: 3 }, '1 2 3 4 5 6 34', '1 2 3 4 5 6 4?')
    expectMarbles(despike, { k: 4 }, '1 2 3 4 5 6 34', '1 2 3 4 5 6 34')
  })

  it('removes a spike from a signal that stands still, and lets small steps of it pass', () => {
    expectMarbles(despike, {}, '20 20 20 20 20 20 20 500 20', '20 20 20 20 20 20 20 20? 20')
    expectMarbles(despike, {}, '20 20 20 20 20 20 20 20.1 20', '20 20 20 20 20 20 20 20.1 20')
    expectMarbles(despike, {}, '5 5 5 5 5 5 5', '5 5 5 5 5 5 5')
  })

  it('goes by the range of the tag where the signal stands still', () => {
    const tag = { low: 0, high: 1000 }
    expectMarbles(despike, {}, '20 20 20 20 20 20 20 29 20', '20 20 20 20 20 20 20 29 20', { tag })
    expectMarbles(despike, {}, '0 0 0 0 0 0 0 31 0', '0 0 0 0 0 0 0 0? 0', { tag })
  })

  it('lets a signal at 0 switch on', () => {
    expectMarbles(despike, {}, '0 0 0 0 0 0 0 100 100', '0 0 0 0 0 0 0 100 100')
  })

  it('never calls a deviation up to the floor a spike', () => {
    expectMarbles(despike, { floor: 100 }, '1 2 1 2 1 2 1 90 2 1', '1 2 1 2 1 2 1 90 2 1')
    expectMarbles(despike, { floor: 0 }, '5 5 5 5 5 5 5 5.01', '5 5 5 5 5 5 5 5?')
  })

  it('keeps bad and missing values out of its window', () => {
    expectMarbles(despike, {}, '1 2 1 ! 2 99! 1 90', '1 2 1 ! 2 99! 1 90')
  })

  it('takes 0.27 % of normal noise for spikes, whatever the window', () => {
    const random = seededRandom(3)
    for (const window of [3, 5, 7, 8, 21, 101]) {
      const tags = new TagTable()
      tags.resolve({ name: 'a', type: 'number' })
      const values = Array.from({ length: 60_000 }, () => random.normal())
      const [output] = push(make(despike, { window, floor: 0 }, { tags }), [
        batchOf(values.map((value, time) => ({ tag: 0, time, value, quality: 0 }))),
      ])
      const share = values.filter((value, at) => output.value[at] !== value).length / values.length
      assert.ok(share > 0.0018 && share < 0.0036, `window ${window}: ${share}`)
    }
  })

  it('gives for every window what sorting it gives', () => {
    const value = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.double({ noNaN: true, min: -100, max: 100 }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 80 }), fc.integer({ min: 3, max: 12 }), (values, window) => {
        const tags = new TagTable()
        tags.resolve({ name: 'a', type: 'number' })
        const operator = make(despike, { window, floor: 0 }, { tags })
        const [output] = push(operator, [batchOf(values.map((value, time) => ({ tag: 0, time, value, quality: 0 })))])
        values.forEach((value, at) => {
          const expected = at + 1 < window ? value : plain(values.slice(at + 1 - window, at + 1), value)
          assert.equal(output.value[at], expected)
        })
      }),
    )

    function plain(window: readonly number[], value: number): number {
      const middle = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1]
      const median = middle(window)
      const spread = middle(window.map((other) => Math.abs(other - median)))
      return Math.abs(value - median) > spikeFactor(window.length, 3) * 1.4826 * spread ? median : value
    }
  })
})
