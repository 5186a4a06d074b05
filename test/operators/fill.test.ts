import assert from 'node:assert/strict'
import { fill } from '../../agent/operators/fill.ts'
import { expectMarbles } from '../support/marbles.ts'

describe('fill', () => {
  it('holds the last value over a gap, uncertain', () => {
    assert.deepEqual(expectMarbles(fill, {}, '1 2 - - 5 6', '1 2 2? 2? 5 6'), { filled: 2 })
  })

  it('draws a line over a gap', () => {
    expectMarbles(fill, { method: 'linear' }, '1 2 - - 5 6', '1 2 3? 4? 5 6')
    expectMarbles(fill, { method: 'linear' }, '0 - - 1', '0 0? 0? 1', { tag: { type: 'boolean' } })
  })

  it('fills nothing if told so', () => {
    expectMarbles(fill, { method: 'none' }, '1 2 - - 5 ! 6', '1 2 - - 5 ! 6')
  })

  it('leaves gaps alone that are too long', () => {
    for (const method of ['hold', 'linear']) {
      expectMarbles(fill, { method, max_gap: '2s' }, '1 - 1 - - 5', '1 1? 1 - - 5')
    }
  })

  it('holds over bad samples up to the longest gap', () => {
    const changes = expectMarbles(fill, { max_gap: '2s' }, '1 ! 9! ! ! 2', '1 1? 1? ! ! 2')
    assert.deepEqual(changes, { replaced: 2 })
    expectMarbles(fill, {}, '! ! 2', '! ! 2')
    expectMarbles(fill, {}, '1 ! - 4', '1 1? 1? 4')
  })

  it('follows bad samples with the line once it is known', () => {
    expectMarbles(fill, { method: 'linear', every: '2s' }, '1 - - - 5', '1 - 3? - 5')
    expectMarbles(fill, { method: 'linear' }, '1 - 3', '1 2? 3')
  })

  it('takes a sample half an interval late or early as no gap', () => {
    expectMarbles(fill, {}, '1 - 2 - - 3 - - - 4', '1 - 2 - - 3 - 3? - 4', { frame: 500 })
  })

  it('passes repeats and late samples', () => {
    expectMarbles(fill, {}, '1 (2 2) - 3', '1 (2 2) 2? 3')
  })

  it('refuses an interval that makes endless samples', () => {
    assert.ok(!fill.config.safeParse({ every: '1ms', max_gap: '1h' }).success)
    assert.ok(!fill.config.safeParse({ every: '0s' }).success)
  })
})
