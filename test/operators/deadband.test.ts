import assert from 'node:assert/strict'
import { deadband } from '../../agent/operators/deadband.ts'
import { expectMarbles } from '../support/marbles.ts'

describe('deadband', () => {
  it('drops repeats of a value', () => {
    assert.deepEqual(expectMarbles(deadband, {}, '1 1 2 2 2 1', '1 - 2 - - 1'), { dropped: 3 })
  })

  it('drops changes within an absolute band around the value that passed last', () => {
    expectMarbles(deadband, { absolute: 2 }, '10 11 12 12.5 14 9', '10 - - 12.5 - 9')
  })

  it('drops changes within a percentage of the range of the tag', () => {
    expectMarbles(deadband, { percent: 1 }, '10 11 13 11', '10 - 13', { tag: { low: 0, high: 200 } })
  })

  it('drops changes within a percentage of the value where the tag has no range', () => {
    expectMarbles(deadband, { percent: 10 }, '10 11 11.5 12 -100 -95 -89', '10 - 11.5 - -100 - -89')
  })

  it('lets a sample pass after the longest silence', () => {
    expectMarbles(deadband, { max_silence: '3s' }, '1 1 1 1 1 1 1 1', '1 - - 1 - - 1')
  })

  it('passes every change of quality, and what is bad or missing', () => {
    expectMarbles(deadband, {}, '1 1? 1? 1 ! ! 1 1', '1 1? - 1 ! ! 1')
    expectMarbles(deadband, {}, '1 1! 1! 1', '1 1! 1! 1')
  })

  it('passes every change of a boolean, whatever the band', () => {
    expectMarbles(deadband, { absolute: 5 }, '0 0 1 1 0', '0 - 1 - 0', { tag: { type: 'boolean' } })
  })

  it('refuses two bands', () => {
    assert.ok(!deadband.config.safeParse({ absolute: 1, percent: 1 }).success)
  })
})
