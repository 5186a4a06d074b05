import assert from 'node:assert/strict'
import fc from 'fast-check'
import { symmetricEigen } from '../../models/eigen.ts'

/** A symmetric matrix of this size, of the numbers in turn. */
function symmetric(size: number, numbers: readonly number[]): Float64Array {
  const matrix = new Float64Array(size * size)
  let at = 0
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = numbers[at++ % numbers.length]
  }
  return matrix
}

describe('eigenvectors of a symmetric matrix', () => {
  it('are orthonormal, give the matrix back, and come with falling eigenvalues', () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -1e6, max: 1e6 }).map((value) => value / 1e3)), { minLength: 1, maxLength: 80 }) // prettier-ignore
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), numbers, (size, given) => {
        const matrix = symmetric(size, given)
        const { values, vectors } = symmetricEigen(matrix, size)
        const scale = Math.max(1, ...matrix.map(Math.abs)) * size * 1e-12
        for (let i = 1; i < size; i++) assert.ok(values[i] <= values[i - 1])
        for (let j = 0; j < size; j++) {
          for (let k = 0; k < size; k++) {
            let product = 0
            let sum = 0
            for (let i = 0; i < size; i++) {
              product += vectors[j * size + i] * vectors[k * size + i]
              sum += values[i] * vectors[i * size + j] * vectors[i * size + k]
            }
            assert.ok(Math.abs(product - (j === k ? 1 : 0)) < 1e-10)
            assert.ok(Math.abs(sum - matrix[j * size + k]) < scale)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
