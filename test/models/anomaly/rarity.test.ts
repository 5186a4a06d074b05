import assert from 'node:assert/strict'
import { returnLevel } from '../../../models/anomaly/rarity.ts'
import { seededRandom } from '../../../models/random.ts'

const minute = 60_000

/** Scores with an exponential tail of mean 1, one a minute. */
function scores(length: number, seed: number): Float64Array {
  const { uniform } = seededRandom(seed)
  return Float64Array.from({ length }, () => -Math.log(1 - uniform()))
}

describe('how rarely a score is passed', () => {
  it('is told beyond what was seen, within its error', () => {
    for (const seed of [1, 2, 3]) {
      const level = returnLevel([{ stretches: [scores(20_000, seed)], step: minute }], 1, 200_000 * minute)!
      // Of exponential scores one in so many is above the logarithm of that; neighbours count as one excursion.
      assert.ok(Math.abs(level.height - Math.log(200_000)) < 0.7, `${level.height}`)
      assert.ok(level.error > 0 && level.error < 1)
      assert.ok(Math.abs(level.period / (200_000 * minute) - 1) < 1e-9)
    }
  })

  it('is told for a shorter time only where few excursions were seen', () => {
    const level = returnLevel([{ stretches: [scores(200, 4)], step: minute }], 1, 1e9 * minute)!
    assert.ok(level.period < 1e4 * minute, `${level.period / minute} minutes`)
    assert.equal(returnLevel([{ stretches: [scores(40, 5)], step: minute }], 1, 1e9 * minute), undefined)
  })

  it('counts what lasts as long as an alarm needs', () => {
    const given = [{ stretches: [scores(20_000, 6)], step: minute }]
    const [once, thrice] = [1, 3].map((dwell) => returnLevel(given, dwell, 50_000 * minute)!.height)
    assert.ok(thrice < 0.6 * once, `${thrice} and ${once}`)
  })
})
