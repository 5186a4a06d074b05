import assert from 'node:assert/strict'
import { backendNames, loadBackend, type BackendName } from '../../../models/neural/index.ts'
import { createLayers } from '../../../models/neural/layers.ts'
import { crossEntropy, smoothL1, squaredError, type Loss } from '../../../models/neural/loss.ts'
import { meanLoss, slopes } from '../../../models/neural/passes.ts'
import { seededRandom } from '../../../models/random.ts'
import { matrixOf } from './examples.ts'

const data = matrixOf(12, 3, (normal) => [normal(), normal(), normal(), normal()])
const rows = Uint32Array.from({ length: 12 }, (_, row) => row)
const weights = Float64Array.from(rows, (row) => 1 + (row % 3))
const losses: Record<string, Loss> = {
  'smooth L1': smoothL1(Float64Array.from(rows, (row) => row / 4), weights), // prettier-ignore
  'cross-entropy': crossEntropy(Float64Array.from(rows, (row) => row % 3), weights, 3), // prettier-ignore
  'squared error': squaredError(data),
}

/** How far the slopes are from differences of the loss, relative to the largest. */
async function deviation(backend: BackendName, loss: Loss): Promise<number> {
  const { tf } = await loadBackend(backend)
  const layers = createLayers([4, 6, 5, loss.outputs], 'linear', seededRandom(2))
  const { gradients } = slopes(tf, layers, data, loss, rows, { share: 0, random: seededRandom(1) })
  const parameters = layers.flatMap((layer) => [layer.weights, layer.bias])
  let worst = 0
  let largest = 0
  parameters.forEach((values, index) => {
    for (let i = 0; i < values.length; i++) {
      const { [i]: value } = values
      const [low, high] = [-1, 1].map((side) => {
        values[i] = value + side * 5e-4
        return meanLoss(tf, layers, data, loss)
      })
      values[i] = value
      worst = Math.max(worst, Math.abs((high - low) / 1e-3 - gradients[index][i]))
      largest = Math.max(largest, Math.abs(gradients[index][i]))
    }
  })
  return worst / largest
}

describe('passes of a network', () => {
  for (const backend of ['wasm', 'cpu'] as const) {
    for (const [name, loss] of Object.entries(losses)) {
      it(`finds the slopes of ${name} on ${backend}`, async () => {
        const far = await deviation(backend, loss)
        assert.ok(far < 0.02, `${far}`)
      })
    }
  }

  it('drops a share of the cells and keeps the expected slope', async () => {
    const { tf } = await loadBackend()
    const { 'squared error': loss } = losses
    const layers = createLayers([4, 400, 4], 'linear', seededRandom(2))
    const random = seededRandom(1)
    const mean = (share: number, times: number) => {
      const sums = new Float64Array(400 * 4)
      for (let time = 0; time < times; time++) {
        const { gradients } = slopes(tf, layers, data, loss, rows, { share, random })
        gradients[2].forEach((slope, i) => (sums[i] += slope / times))
      }
      return sums
    }
    const [plain, dropped, once] = [mean(0, 1), mean(0.5, 400), mean(0.5, 1)]
    const apart = (a: Float64Array, b: Float64Array) =>
      Math.hypot(...a.map((value, i) => value - b[i])) / Math.hypot(...b)
    assert.ok(apart(dropped, plain) < 0.4 && apart(once, plain) > 0.4)
  })
})

describe('backend of TensorFlow.js', () => {
  it('is one that computes, and says why faster ones are not used', async () => {
    const backend = await loadBackend()
    assert.equal(backend.tf.getBackend(), backend.name === 'tfjs-node' ? 'tensorflow' : backend.name)
    assert.equal(backend.passedOver.length, backendNames.indexOf(backend.name))
  })

  it('is the one that is asked for', async () => {
    assert.equal((await loadBackend('cpu')).tf.getBackend(), 'cpu')
    assert.equal((await loadBackend('wasm')).tf.getBackend(), 'wasm')
  })
})
