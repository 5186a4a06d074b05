import assert from 'node:assert/strict'
import fc from 'fast-check'
import { calibrate, probabilities } from '../../../models/fault/calibration.ts'
import { averagePrecision, chooseThreshold, f1Above } from '../../../models/fault/figures.ts'
import { splitRows } from '../../../models/fault/folds.ts'
import { labelledRows } from '../../../models/fault/rows.ts'
import { seededRandom } from '../../../models/random.ts'
import { plant } from './plant.ts'

describe('parts of the fault model', () => {
  it('holds every row out once, and fits no neighbour of a held-out one', () => {
    const shapes = fc.record({
      length: fc.integer({ min: 100, max: 400 }),
      assets: fc.integer({ min: 1, max: 8 }),
      seed: fc.nat(1000),
    })
    fc.assert(
      fc.property(shapes, (shape) => {
        const rows = labelledRows(plant(shape), 50)
        const { folds } = splitRows(rows)
        const held = folds.flatMap((fold) => Array.from(fold.held)).sort((a, b) => a - b)
        assert.deepEqual(
          held,
          Array.from({ length: rows.data.rows }, (_, row) => row),
        )
        for (const fold of folds) {
          for (const row of fold.rest) {
            const near = fold.held.some(
              (other) =>
                rows.asset[other] === rows.asset[row] && Math.abs(rows.start[other] - rows.start[row]) < 20_000,
            )
            assert.ok(!near)
          }
        }
      }),
      { numRuns: 20 },
    )
  })

  it('calibrates overconfident logits to the shares that occur', () => {
    const { uniform, normal } = seededRandom(1)
    const logits = new Float64Array(6000)
    const target = new Float64Array(2000)
    for (let row = 0; row < 2000; row++) {
      const truth = [0, normal() - 1, normal()]
      const weights = truth.map(Math.exp)
      let left = uniform() * weights.reduce((a, b) => a + b)
      target[row] = weights.findIndex((weight) => (left -= weight) < 0)
      truth.forEach((value, k) => (logits[row * 3 + k] = 3 * value))
    }
    const calibration = calibrate(logits, target, 3)
    assert.ok(Math.abs(calibration.slope - 1 / 3) < 0.05, `slope ${calibration.slope}`)
    const shares = probabilities(logits, calibration)
    for (let k = 0; k < 3; k++) {
      const said = shares.reduce((sum, share, at) => (at % 3 === k ? sum + share : sum), 0)
      const seen = target.filter((code) => code === k).length
      assert.ok(Math.abs(said - seen) < 0.02 * 2000, `class ${k}: ${said} of ${seen}`)
    }
  })

  it('computes precision over recall as by hand', () => {
    assert.equal(averagePrecision(Float64Array.of(0.9, 0.8, 0.7, 0.6), Uint8Array.of(1, 0, 1, 0)), 0.5 + 0.5 * (2 / 3))
    assert.equal(averagePrecision(Float64Array.of(0.5, 0.5, 0.5, 0.5), Uint8Array.of(1, 0, 0, 0)), 0.25)
    assert.equal(f1Above(Float64Array.of(0.9, 0.8, 0.7, 0.6), Uint8Array.of(1, 0, 1, 0), 0.65), 0.8)
  })

  it('keeps a threshold of a half where it serves, and lowers it for a fault that is never likely', () => {
    const clear = Float64Array.from({ length: 100 }, (_, row) => (row < 20 ? 0.8 : 0.1))
    const positive = Uint8Array.from({ length: 100 }, (_, row) => (row < 20 ? 1 : 0))
    assert.equal(chooseThreshold(clear, positive), 0.5)
    const faint = clear.map((value) => value / 4)
    const threshold = chooseThreshold(faint, positive)
    assert.ok(threshold > 0.025 && threshold < 0.2, `threshold ${threshold}`)
  })
})
