import assert from 'node:assert/strict'
import fc from 'fast-check'
import { inverseCholesky } from '../../../models/linear-algebra.ts'
import { Imputer, packSymmetric, thresholdOf, unpackSymmetric } from '../../../models/onnx/imputer.ts'
import { seededRandom } from '../../../models/random.ts'

/** A covariance of `size` features that move together. */
function covarianceOf(size: number, seed: number): Float64Array {
  const { normal } = seededRandom(seed)
  const factor = Float64Array.from({ length: size * size }, () => normal())
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [j, k] = [Math.floor(at / size), at % size]
    let sum = j === k ? 0.2 : 0
    for (let i = 0; i < size; i++) sum += factor[j * size + i] * factor[k * size + i]
    return sum
  })
}

/** The squared distance of some features under their own covariance. */
function distance(covariance: Float64Array, size: number, row: Float64Array, columns: readonly number[]): number {
  const width = columns.length
  const own = Float64Array.from({ length: width * width }, (_, at) => covariance[columns[Math.floor(at / width)] * size + columns[at % width]]) // prettier-ignore
  const root = inverseCholesky(own, width)!
  return columns.reduce((sum, _, i) => {
    const part = columns.reduce((all, column, k) => all + (k <= i ? root[i * width + k] * row[column] : 0), 0)
    return sum + part ** 2
  }, 0)
}

describe('missing features', () => {
  it('take values with which the whole row is as far as the present features are by themselves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.nat(1000), fc.nat(200), (size, seed, gone) => {
        const covariance = covarianceOf(size, seed + 1)
        const { normal } = seededRandom(seed + 7)
        const row = Float64Array.from({ length: size }, () => 2 * normal())
        const missing = Array.from({ length: size }, (_, j) => j).filter((j) => j > 0 && (gone >> j) % 2 === 1)
        const present = Array.from({ length: size }, (_, j) => j).filter((j) => !missing.includes(j))
        for (const j of missing) row[j] = NaN
        const known = new Imputer(covariance, size).fill(row, 0)
        const all = Array.from({ length: size }, (_, j) => j)
        const [whole, own] = [distance(covariance, size, row, all), distance(covariance, size, row, present)]
        assert.ok(Math.abs(whole - own) <= 1e-6 * Math.max(1, own), `${whole} and ${own}`)
        assert.equal(known?.features, missing.length === 0 ? undefined : present.length)
        if (known) assert.ok(known.share > 0 && known.share <= 1 + 1e-9)
      }),
    )
  })

  it('leave a threshold that is passed as rarely, by fewer features', () => {
    // Quantiles of chi-squared at 99 % of 12, 8 and 4 degrees.
    for (const [features, quantile] of [[12, 26.22], [8, 20.09], [4, 13.28]] as const) {
      assert.ok(Math.abs(thresholdOf(26.22, features, 12) - quantile) < 0.15)
    } // prettier-ignore
  })

  it('are told by a covariance that comes back from its text to the bit', () => {
    const covariance = covarianceOf(5, 3)
    assert.deepEqual(unpackSymmetric(packSymmetric(covariance, 5), 5), covariance)
    assert.equal(unpackSymmetric(packSymmetric(covariance, 5), 6), undefined)
  })
})
