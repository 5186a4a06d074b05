import assert from 'node:assert/strict'
import fc from 'fast-check'
import { seededRandom } from '../../../models/random.ts'
import { boundsOf, coverageOf, fitInterval, type Residuals } from '../../../models/regression/interval.ts'

/** Predictions of 0 to 1 whose errors grow with them; ten rows of a group share half of their error. */
function residuals(groups: number, seed: number): Residuals {
  const random = seededRandom(seed)
  const shared = Float64Array.from({ length: groups }, () => random.normal())
  const predicted = Float64Array.from({ length: groups * 10 }, () => random.uniform())
  const group = Int32Array.from(predicted, (_, row) => Math.floor(row / 10))
  const truth = predicted.map((value, row) => value + 0.2 * value * (shared[group[row]] + random.normal()))
  return { predicted, truth, group }
}

describe('interval', () => {
  it('holds nine of ten of what it was not fitted to, and is as wide as errors are', () => {
    const interval = fitInterval(residuals(200, 1))
    const held = coverageOf(interval, residuals(400, 2))
    assert.ok(held > 0.87 && held < 0.93, `it holds ${held}`)
    const { lower, upper } = boundsOf(interval, Float64Array.of(0.1, 0.9))
    assert.ok(upper[1] - lower[1] > 3 * (upper[0] - lower[0]))
  })

  it('never leaves out the prediction itself, whatever the errors', () => {
    const list = fc.array(fc.tuple(fc.double({ min: -10, max: 10, noNaN: true }), fc.double({ min: -10, max: 10, noNaN: true })), { minLength: 1, maxLength: 300 }) // prettier-ignore
    fc.assert(
      fc.property(list, fc.double({ min: -20, max: 20, noNaN: true }), (pairs, at) => {
        const interval = fitInterval({
          predicted: Float64Array.from(pairs, ([predicted]) => predicted),
          truth: Float64Array.from(pairs, ([, truth]) => truth),
          group: Int32Array.from(pairs.keys()),
        })
        const { lower, upper } = boundsOf(interval, Float64Array.of(at))
        assert.ok(lower[0] <= at && at <= upper[0])
        assert.ok([...interval.knots].every((knot, i, knots) => i === 0 || knot > knots[i - 1]))
      }),
    )
  })

  it('counts a long run no more than a short one', () => {
    const long = Array.from({ length: 1000 }, () => 5)
    const short = Array.from({ length: 30 }, (_, run) => run / 30)
    const truth = Float64Array.from([...long, ...short])
    const group = Int32Array.from(truth, (_, row) => Math.max(0, row - 999))
    const { above } = fitInterval({ predicted: new Float64Array(truth.length), truth, group })
    assert.ok(above[0] < 1, `${above[0]}`)
  })
})
