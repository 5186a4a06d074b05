import assert from 'node:assert/strict'
import { DetectorError } from '../../../agent/core/index.ts'
import { fitMlp, loadBackend, type Mlp } from '../../../models/neural/index.ts'
import { matrixOf, rSquared, targetOf } from './examples.ts'

const plane = (seed: number, rows = 600) => matrixOf(rows, seed, (normal) => [1e3 + 50 * normal(), normal() / 100, 7])
const bump = (row: Float32Array) => 300 + 40 * ((row[0] - 1e3) / 50) * (row[1] * 100) + 10 * Math.sin(row[1] * 200)
const corner = (row: Float32Array) => ((row[0] - 1e3) * row[1] > 0 ? 1 : 0)
const quick = { hidden: [32, 16], dropout: 0, batch: 64, epochs: 60, rate: 1e-2 } as const

function accuracy({ predict, outputs }: Mlp, data: ReturnType<typeof plane>, target: Float64Array): number {
  const given = predict(data)
  const right = target.filter((code, row) => {
    const shares = given.subarray(row * outputs, (row + 1) * outputs)
    return shares.indexOf(Math.max(...shares)) === code
  })
  return right.length / data.rows
}

describe('multilayer perceptron', () => {
  it('learns a relation that is not linear, in the unit of its target', async () => {
    const data = plane(1)
    const fresh = plane(2)
    const mlp = await fitMlp(data, targetOf(data, bump), { task: 'regression', ...quick })
    const fit = rSquared(mlp.predict(fresh), targetOf(fresh, bump))
    assert.ok(fit > 0.95, `R² ${fit}`)
  })

  it('tells classes apart that no line divides, with shares that sum to one', async () => {
    const data = plane(1)
    const fresh = plane(2)
    const mlp = await fitMlp(data, targetOf(data, corner), { task: 'classification', ...quick })
    assert.equal(mlp.outputs, 2)
    assert.ok(accuracy(mlp, fresh, targetOf(fresh, corner)) > 0.93)
    const shares = mlp.predict(fresh)
    for (let row = 0; row < fresh.rows; row++) assert.ok(Math.abs(shares[2 * row] + shares[2 * row + 1] - 1) < 1e-6)
  })

  it('finds a rare class more often where classes are balanced', async () => {
    const rare = (row: Float32Array) => (row[0] + 2e3 * row[1] > 1e3 + 75 ? 1 : 0)
    const noisy = (seed: number) => {
      const data = plane(seed, 1500)
      return { data, target: targetOf(data, (row) => (Math.round(row[0] * 1e3) % 7 === 0 ? 0 : rare(row))) }
    }
    const { data, target } = noisy(1)
    const fresh = noisy(2)
    const options = { task: 'classification', ...quick, hidden: [8], epochs: 20 } as const
    const found = async (balanced: boolean) => {
      const mlp = await fitMlp(data, target, { ...options, balanced })
      return mlp.predict(fresh.data).filter((share, at) => at % 2 === 1 && share > 0.5).length
    }
    const [plain, balanced] = [await found(false), await found(true)]
    assert.ok(balanced > plain, `${balanced} with balance, ${plain} without`)
  })

  it('gives the same bits for the same seed, and others for another', async () => {
    const data = plane(1, 200)
    const target = targetOf(data, bump)
    const train = (seed: number) => fitMlp(data, target, { task: 'regression', epochs: 3, batch: 32, seed })
    const [first, again, other] = [await train(5), await train(5), await train(6)]
    assert.deepEqual(again.layers, first.layers)
    assert.deepEqual(again.curve, first.curve)
    assert.notDeepEqual(other.layers, first.layers)
  })

  it('counts a row of weight zero as if it were not there, but for its place in the scaling', async () => {
    const data = plane(1, 300)
    const target = targetOf(data, bump)
    const weights = new Float64Array(300).fill(1)
    for (let row = 0; row < 300; row += 3) {
      target[row] = -1e6
      weights[row] = 0
    }
    const mlp = await fitMlp(data, target, { task: 'regression', ...quick }, { weights })
    const fresh = plane(2)
    assert.ok(rSquared(mlp.predict(fresh), targetOf(fresh, bump)) > 0.9)
  })

  it('keeps the network of the best epoch and stops when none gets better', async () => {
    const data = plane(1, 40)
    const noise = matrixOf(40, 9, (normal) => [normal()])
    const validation = {
      data: plane(3, 200),
      target: Float64Array.from(matrixOf(200, 4, (normal) => [normal()]).values),
    }
    const options = { task: 'regression', ...quick, epochs: 200, batch: 8, patience: 5 } as const
    const { curve, predict } = await fitMlp(data, Float64Array.from(noise.values), options, { validation })
    assert.ok(curve.validation.length < 200)
    assert.equal(curve.validation.length, curve.training.length)
    assert.equal(curve.kept, curve.validation.indexOf(Math.min(...curve.validation)))
    const first = await fitMlp(data, Float64Array.from(noise.values), options, { validation })
    assert.deepEqual(first.predict(data), predict(data))
  })

  it('takes a missing value for the mean, and a column that is always missing for nothing', async () => {
    const data = matrixOf(300, 1, (normal) => [5 + normal(), NaN, normal()])
    const target = targetOf(data, (row) => row[0] * 2)
    for (let row = 0; row < 300; row += 10) data.values[row * 3 + 2] = NaN
    const mlp = await fitMlp(data, target, { task: 'regression', ...quick })
    const mean = mlp.scaling.mean[0]
    const rows = { rows: 3, columns: 3, values: Float32Array.of(NaN, 1, 0, mean, NaN, 0, NaN, NaN, NaN) }
    const [missing, middle, nothing] = mlp.predict(rows)
    assert.equal(missing, middle)
    assert.ok(Math.abs(nothing - 10) < 1)
  })

  it('stays finite on absurd values', async () => {
    const data = plane(1, 200)
    const mlp = await fitMlp(data, targetOf(data, bump), { task: 'regression', ...quick, epochs: 2 })
    const rows = { rows: 2, columns: 3, values: Float32Array.of(3e38, -3e38, Infinity, -Infinity, 0, 0) }
    assert.ok(mlp.predict(rows).every(Number.isFinite))
  })

  it('leaves no tensor behind, and changes neither data nor target', async () => {
    const { tf } = await loadBackend()
    const data = plane(1, 200)
    const target = targetOf(data, bump)
    const copy = structuredClone({ data, target })
    const before = tf.memory().numTensors
    const options = { task: 'regression', epochs: 2, batch: 32 } as const
    await fitMlp(data, target, options, { validation: { data, target } })
    assert.equal(tf.memory().numTensors, before)
    assert.deepEqual({ data, target }, copy)
  })

  it('stops when it is told to, leaving no tensor behind', async () => {
    const { tf } = await loadBackend()
    const before = tf.memory().numTensors
    const data = plane(1, 200)
    const target = targetOf(data, bump)
    const controller = new AbortController()
    const reason = new Error('told to')
    const progress = () => controller.abort(reason)
    const options = { task: 'regression', epochs: 50 } as const
    await assert.rejects(fitMlp(data, target, options, { signal: controller.signal, progress }), reason)
    await assert.rejects(fitMlp(data, target, options, { signal: AbortSignal.abort(reason) }), reason)
    assert.equal(tf.memory().numTensors, before)
  })

  it('tells how far it is', async () => {
    const data = plane(1, 100)
    const shares: number[] = []
    const options = { task: 'regression', epochs: 4 } as const
    await fitMlp(data, targetOf(data, bump), options, { progress: (share) => shares.push(share) })
    assert.deepEqual(shares, [0.25, 0.5, 0.75, 1])
  })

  it('says what cannot be learned', async () => {
    const data = plane(1, 10)
    const train = (target: Float64Array, task: 'regression' | 'classification' = 'regression') =>
      fitMlp(data, target, { task, epochs: 1 })
    await assert.rejects(train(new Float64Array(9)), /9 targets/)
    await assert.rejects(train(new Float64Array(10).fill(NaN)), /target NaN of row 0/)
    await assert.rejects(train(new Float64Array(10).fill(0.5), 'classification'), /target 0.5 of row 0/)
    const nothing = { rows: 0, columns: 3, values: new Float32Array(0) }
    const code = (error: unknown) => error instanceof DetectorError && error.code === 'TRAINING_DATA'
    await assert.rejects(fitMlp(nothing, new Float64Array(0), { task: 'regression' }), code)
  })

  it('says that it diverged', async () => {
    const data = plane(1, 200)
    const options = { task: 'regression', epochs: 5, rate: 1e30 } as const
    const code = (error: unknown) => error instanceof DetectorError && error.code === 'TRAINING_FAILED'
    await assert.rejects(fitMlp(data, targetOf(data, bump), options), code)
  })
})
