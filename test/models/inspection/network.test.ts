import assert from 'node:assert/strict'
import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs'
import { loadBackend, type TensorFlow } from '../../../models/neural/index.ts'
import { convolve } from '../../../models/inspection/network/convolution.ts'
import { normalise } from '../../../models/inspection/network/normalisation.ts'
import { seededRandom } from '../../../models/random.ts'

const random = seededRandom(11)
const normal = (length: number) => Float32Array.from({ length }, () => random.normal())

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]))
  return most
}

describe('layers of image networks', () => {
  const x = normal(3 * 9 * 7 * 2)
  const filter = normal(3 * 3 * 2 * 4)
  const dy = normal(3 * 9 * 7 * 4)

  const gradients = (tf: TensorFlow, operation: (image: Tensor4D, weights: Tensor4D) => Tensor4D) =>
    tf
      .grads((image, weights) => operation(image as Tensor4D, weights as Tensor4D))(
        [tf.tensor4d(x, [3, 9, 7, 2]), tf.tensor4d(filter, [3, 3, 2, 4])],
        tf.tensor4d(dy, [3, 9, 7, 4]),
      )
      .map((gradient) => gradient.dataSync())

  it('convolves on WebAssembly with the gradients that the cpu backend has', async () => {
    const wasm = (await loadBackend('wasm')).tf
    const ours = gradients(wasm, (image, weights) => convolve(wasm, image, weights))
    const cpu = (await loadBackend('cpu')).tf
    const theirs = gradients(cpu, (image, weights) => cpu.conv2d(image, weights, 1, 'same'))
    await loadBackend('wasm')
    assert.deepEqual(
      ours.map(({ length }) => length),
      [x.length, filter.length],
    )
    assert.ok(furthest(ours[0], theirs[0]) < 1e-4, 'gradient of the input')
    assert.ok(furthest(ours[1], theirs[1]) < 1e-4, 'gradient of the filter')
  })

  for (const pool of [1, 2]) {
    it(`normalises, rectifies and pools ${pool} x ${pool} with the gradients of the parts`, async () => {
      const { tf } = await loadBackend('cpu')
      const gain = Float32Array.of(1.5, -0.7)
      const bias = Float32Array.of(0.2, 0.4)
      const inputs = () => [tf.tensor4d(x, [3, 9, 7, 2]), tf.tensor1d(gain), tf.tensor1d(bias)]
      const parts = (image: Tensor4D, g: Tensor1D, b: Tensor1D): Tensor4D => {
        const { mean, variance } = tf.moments(image, [0, 1, 2])
        const scaled = tf.add(tf.mul(tf.div(tf.sub(image, mean), tf.sqrt(tf.add(variance, 1e-5))), g), b)
        const rectified = tf.relu(scaled) as Tensor4D
        return pool === 1 ? rectified : tf.maxPool(rectified, 2, 2, 'valid')
      }
      const fused = (image: Tensor4D, g: Tensor1D, b: Tensor1D) => normalise(tf, image, g, b, pool, () => undefined)
      const weights = normal(3 * Math.floor(9 / pool) * Math.floor(7 / pool) * 2)
      const run = (operation: typeof parts) => {
        const [image, g, b] = inputs()
        const value = operation(image as Tensor4D, g as Tensor1D, b as Tensor1D)
        const slopes = tf.grads((...given) => operation(...(given as [Tensor4D, Tensor1D, Tensor1D])))(
          [image, g, b],
          tf.tensor4d(weights, value.shape),
        )
        return [value, ...slopes].map((tensor) => tensor.dataSync())
      }
      const [ours, theirs] = [run(fused), run(parts)]
      await loadBackend('wasm')
      ours.forEach((values, i) => assert.ok(furthest(values, theirs[i]) < 1e-3, `result ${i}`))
    })
  }
})
