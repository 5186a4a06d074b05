import assert from 'node:assert/strict'
import { rate } from '../../agent/operators/rate.ts'
import { expectMarbles } from '../support/marbles.ts'

/** Marbles stand a second apart. */
const per = { per: 'second' }

describe('rate', () => {
  it('is the change by the time between; the first value gives none', () => {
    expectMarbles(rate, per, '100 103 103 110', '- 3 0 7')
    expectMarbles(rate, {}, '0 1', '- 3600')
    expectMarbles(rate, { per: 'minute' }, '0 0.5', '- 30')
  })

  it('reckons with the time that is missing in between', () => {
    expectMarbles(rate, per, '100 - - 103', '- - - 1')
  })

  it('knows nothing of what a reset swallowed, and goes on from it', () => {
    assert.equal(expectMarbles(rate, per, '100 103 0 2', '- 3 ! 2').reset, 1)
    expectMarbles(rate, per, '100.5 103.5 103 104', '- 3 ! 1')
  })

  it('rolls over at 16 and 32 bits, signed or not, where that fits the rate before', () => {
    expectMarbles(rate, per, '65520 65530 4 14', '- 10 10 10')
    expectMarbles(rate, per, '4294967280 4294967290 4 14', '- 10 10 10')
    expectMarbles(rate, per, '32750 32760 -32766 -32756', '- 10 10 10')
    expectMarbles(rate, per, '2147483630 2147483640 -2147483646', '- 10 10')
  })

  it('takes a counter that somebody set to 0 for no roll-over, however high it stood', () => {
    expectMarbles(rate, per, '64000 64010 0 10', '- 10 ! 10')
    // Nothing is known of how fast it counts.
    expectMarbles(rate, per, '65530 4', '- !')
  })

  it('does not tell a roll-over from a reset after a long silence', () => {
    expectMarbles(rate, per, '63000 63100 - - - - - - - - - - - - - 0 100', '- 100 - - - - - - - - - - - - - ! 100')
  })

  it('rolls over where that is stated, and nowhere else', () => {
    expectMarbles(rate, { ...per, rolls_over_at: 10_000 }, '9000 1 2', '- 1001 1')
    expectMarbles(rate, { ...per, rolls_over_at: 10_000 }, '65530 1', '- !')
    expectMarbles(rate, { ...per, rolls_over_at: 'never' }, '65520 65530 4', '- 10 !')
  })

  it('follows a counter that runs down', () => {
    expectMarbles(rate, { ...per, falls: true }, '500 499 498 1000 999', '- 1 1 ! 1')
  })

  it('is taken over a longer time where asked', () => {
    expectMarbles(rate, { ...per, over: '3s' }, '0 0 0 3 3 3 6', '- - - 1 - - 1')
  })

  it('lets pass what is bad, and takes the next from the last good one', () => {
    expectMarbles(rate, per, '100 7! ! 106', '- 7! ! 2')
  })

  it('calls uncertain what doubles cannot tell apart', () => {
    expectMarbles(rate, per, '9007199254740992 9007199254740996', '- 4?')
  })

  it('lets booleans pass', () => {
    expectMarbles(rate, per, '0 1', '0 1', { tag: { type: 'boolean' } })
  })
})
