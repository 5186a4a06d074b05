import assert from 'node:assert/strict'
import { TagTable } from '../../agent/core/index.ts'
import { clamp } from '../../agent/operators/clamp.ts'
import { batchOf, expectMarbles, make, push, rowsOf } from '../support/marbles.ts'

describe('clamp', () => {
  it('puts the limit in place of values beyond it, and makes them uncertain', () => {
    const changes = expectMarbles(clamp, { min: 0, max: 10 }, '5 -1 0 10 11 7?', '5 0? 0 10 10? 7?')
    assert.deepEqual(changes, { limited: 2 })
  })

  it('marks values beyond a limit bad', () => {
    assert.deepEqual(expectMarbles(clamp, { max: 10, action: 'bad' }, '5 -1 11 12?', '5 -1 11! 12!'), { bad: 2 })
  })

  it('marks values beyond a limit uncertain, and keeps them', () => {
    assert.deepEqual(expectMarbles(clamp, { max: 10, action: 'uncertain' }, '5 11 12! 13?', '5 11? 12! 13?'), {
      uncertain: 2,
    })
  })

  it('takes the range of the tag where no limit is stated', () => {
    expectMarbles(clamp, {}, '-1 5 11', '0? 5 10?', { tag: { low: 0, high: 10 } })
    expectMarbles(clamp, { max: 4 }, '-1 5 11', '0? 4? 4?', { tag: { low: 0, high: 10 } })
    expectMarbles(clamp, {}, '-1e9 5 1e9', '-1000000000 5 1000000000')
  })

  it('leaves bad and missing values, infinities, booleans and text alone', () => {
    expectMarbles(clamp, { max: 1 }, '9! ! Infinity 9', '9! ! Infinity 1?')
    expectMarbles(clamp, { max: 0 }, '1 0 1', '1 0 1', { tag: { type: 'boolean' } })
    expectMarbles(clamp, { max: 0 }, "'hot' 'cold'", "'hot' 'cold'", { tag: { type: 'text' } })
  })

  it('keeps exact integers exact where it does not change them', () => {
    const tags = new TagTable()
    tags.resolve({ name: 'count', type: 'integer' })
    const values = [2n ** 60n + 1n, 2n ** 62n + 1n]
    const batch = batchOf(values.map((value, time) => ({ tag: 0, time, value, quality: 0 })))
    const output = rowsOf(push(make(clamp, { max: 2 ** 61 }, { tags }), [batch]), tags)
    assert.deepEqual(
      output.map(({ value }) => value),
      [2n ** 60n + 1n, 2 ** 61],
    )
  })

  it('refuses a minimum above the maximum', () => {
    assert.ok(!clamp.config.safeParse({ min: 2, max: 1 }).success)
  })
})
