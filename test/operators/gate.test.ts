import assert from 'node:assert/strict'
import { gate } from '../../agent/operators/gate.ts'
import { expectMarbles } from '../support/marbles.ts'

describe('gate', () => {
  it('drops bad samples and values that are not finite', () => {
    assert.deepEqual(expectMarbles(gate, {}, '1 2? 3! ! NaN Infinity 4', '1 2? - - - - 4'), { dropped: 4 })
  })

  it('drops what is worse than stated', () => {
    expectMarbles(gate, { worst: 'good' }, '1 2? 3! 4', '1 - - 4')
    expectMarbles(gate, { worst: 'bad' }, '1 2? 3! ! 4', '1 2? 3! ! 4')
  })

  it('marks bad what fails', () => {
    const changes = expectMarbles(gate, { worst: 'good', action: 'bad' }, '1 2? 3! Infinity 4', '1 2! 3! Infinity! 4')
    assert.deepEqual(changes, { bad: 2 })
  })

  it('fails values outside the range of the tag if told so', () => {
    const tag = { low: 0, high: 10 }
    expectMarbles(gate, { range: true }, '-1 0 5 10 11', '- 0 5 10', { tag })
    expectMarbles(gate, {}, '-1 11', '-1 11', { tag })
    expectMarbles(gate, { range: true, worst: 'bad' }, '! 11 3', '! - 3', { tag })
  })

  it('judges text by its quality', () => {
    expectMarbles(gate, { range: true }, "'a' 'b'? 'c'!", "'a' 'b'?", { tag: { type: 'text', low: 5 } })
  })
})
