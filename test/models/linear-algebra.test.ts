import assert from 'node:assert/strict'
import fc from 'fast-check'
import { crossProduct, inverseCholesky, ledoitWolf, quantile } from '../../models/linear-algebra.ts'
import { random } from './synthetic.ts'

const near = (actual: number, expected: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)), `${actual} is not ${expected}`)

function noise(length: number, seed = 1): Float64Array {
  const next = random(seed)
  return Float64Array.from({ length }, () => next() - 0.5)
}

describe('linear algebra', () => {
  it('multiplies rows with themselves, for any number of rows and columns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 11 }), (length, size) => {
        const rows = noise(length * size, length + size)
        const product = crossProduct(rows, length, size)
        for (let j = 0; j < size; j++) {
          for (let k = 0; k < size; k++) {
            let sum = 0
            for (let row = 0; row < length; row++) sum += rows[row * size + j] * rows[row * size + k]
            near(product[j * size + k], sum)
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('shrinks a covariance as the paper defines it', () => {
    // Four centred rows of two columns, with the sums of the paper written out.
    const rows = Float64Array.of(1, 1, -1, -1, 2, 0, -2, 0)
    const covariance = [2.5, 0.5, 0.5, 0.5]
    const mean = 1.5
    const distance = [2.5 - mean, 0.5, 0.5, 0.5 - mean].reduce((sum, x) => sum + x ** 2, 0) / 2
    let error = 0
    for (let row = 0; row < 4; row++) {
      const [a, b] = rows.subarray(2 * row, 2 * row + 2)
      error += [a * a, a * b, a * b, b * b].reduce((sum, x, i) => sum + (x - covariance[i]) ** 2, 0) / 2
    }
    const shrinkage = Math.min(error / 16, distance) / distance
    const result = ledoitWolf(rows, 4, 2)
    near(result.shrinkage, shrinkage)
    near(result.covariance[0], (1 - shrinkage) * 2.5 + shrinkage * mean)
    near(result.covariance[1], (1 - shrinkage) * 0.5)
    near(result.covariance[3], (1 - shrinkage) * 0.5 + shrinkage * mean)
  })

  it('shrinks less the more rows there are', () => {
    const next = random(4)
    const rows = Float64Array.from({ length: 4000 }, (_, i) => (next() - 0.5) * (1 + (i % 4)))
    const few = ledoitWolf(rows.subarray(0, 40), 10, 4).shrinkage
    const many = ledoitWolf(rows, 1000, 4).shrinkage
    assert.ok(many < 0.1 && few > many, `${few} and ${many}`)
  })

  it('inverts the Cholesky factor, and says where there is none', () => {
    const size = 7
    const rows = noise(50 * size)
    const matrix = crossProduct(rows, 50, size)
    const inverse = inverseCholesky(matrix, size)
    assert.ok(inverse)
    // W A Wᵀ = I
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0
        for (let k = 0; k < size; k++) {
          for (let l = 0; l < size; l++) sum += inverse[i * size + k] * matrix[k * size + l] * inverse[j * size + l]
        }
        near(sum, i === j ? 1 : 0)
      }
    }
    assert.equal(inverseCholesky(Float64Array.of(1, 2, 2, 1), 2), null)
    assert.equal(inverseCholesky(Float64Array.of(NaN), 1), null)
  })

  it('interpolates quantiles between neighbours', () => {
    assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5)
    assert.equal(quantile([10, 0], 0.9), 9)
    assert.equal(quantile([5], 0.99), 5)
    assert.ok(Number.isNaN(quantile([], 0.5)))
  })
})
