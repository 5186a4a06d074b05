import assert from 'node:assert/strict'
import { fitAutoencoder, loadBackend } from '../../../models/neural/index.ts'
import type { Matrix } from '../../../models/matrix.ts'
import { matrixOf } from './examples.ts'

/** Nine columns that follow three causes. */
const machine = (seed: number, rows: number) =>
  matrixOf(rows, seed, (normal) => {
    const causes = [normal(), normal(), normal()]
    return Array.from({ length: 9 }, (_, column) => causes[column % 3] + 0.1 * normal())
  })

function errorOf(given: Matrix, expected: Matrix): number {
  return given.values.reduce((sum, value, i) => sum + (value - expected.values[i]) ** 2, 0) / given.values.length
}

describe('autoencoder', () => {
  it('gives back rows like those it learned from, and fails on others', async () => {
    const { reconstruct } = await fitAutoencoder(machine(1, 800), {}, { validation: machine(2, 200) })
    const fresh = machine(3, 200)
    const torn = { ...fresh, values: fresh.values.map((value, i) => (i % 9 === 0 ? -value : value)) }
    assert.ok(errorOf(reconstruct(fresh), fresh) < 0.1)
    assert.ok(errorOf(reconstruct(torn), torn) > 2 * errorOf(reconstruct(fresh), fresh))
  })

  it('gives the same bits for the same seed and leaves no tensor behind', async () => {
    const { tf } = await loadBackend()
    const before = tf.memory().numTensors
    const train = () => fitAutoencoder(machine(1, 200), { epochs: 3 })
    assert.deepEqual((await train()).layers, (await train()).layers)
    assert.equal(tf.memory().numTensors, before)
  })
})
