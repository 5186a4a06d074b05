import assert from 'node:assert/strict'
import { costOf, fitShift, shifted } from '../../../models/rul/early.ts'
import { seededRandom } from '../../../models/random.ts'

/** Lives told with an error that is larger in the middle of a life. */
function told(seed: number, rows = 3_000) {
  const random = seededRandom(seed)
  const truth = Float64Array.from({ length: rows }, () => random.uniform())
  const predicted = truth.map((life) => life + (0.02 + 0.12 * life * (1 - life) * 4) * random.normal())
  return { predicted, truth, group: Int32Array.from(truth.keys(), (row) => row % 30) }
}

const dear = (predicted: Float64Array, truth: Float64Array) =>
  predicted.reduce((sum, life, row) => sum + costOf(life - truth[row]), 0) / truth.length

describe('a life that is told early', () => {
  it('costs less on what the shift was not fitted to, and is moved most where errors are largest', () => {
    const shift = fitShift(told(1))
    const fresh = told(2)
    const moved = shifted(shift, fresh.predicted)
    assert.ok(dear(moved, fresh.truth) < 0.95 * dear(fresh.predicted, fresh.truth))
    const [late, middle] = shift.values
    assert.ok(middle < late && middle < -0.02, `moved by ${shift.values.join(', ')}`)
    assert.ok(moved.every((life) => life >= 0 && life <= 1))
  })

  it('costs more late than early, and nothing where it is right', () => {
    assert.equal(costOf(0), 0)
    assert.ok(costOf(0.1) > costOf(-0.1))
  })
})
