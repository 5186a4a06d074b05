import assert from 'node:assert/strict'
import { encodeOnnx } from '../../../models/onnx/graph.ts'
import { openSession } from '../../../models/onnx/runtime.ts'
import { seededRandom } from '../../../models/random.ts'
import { bestBlend, blendOf } from '../../../models/regression/blend.ts'
import { methodsFor } from '../../../models/regression/methods.ts'

const columns = 4

/** A plane with a fold and some noise; a cell of ten is missing. */
function examples(rows: number, seed: number) {
  const random = seededRandom(seed)
  const values = Float32Array.from({ length: rows * columns }, () => random.normal())
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const [a, b, c] = values.subarray(row * columns, row * columns + 3)
    return 3 * a - b + 2 * Math.abs(c) + 0.1 * random.normal()
  })
  for (let i = 0; i < values.length; i++) if (random.uniform() < 0.1 && i % columns === 3) values[i] = NaN
  return { data: { rows, columns, values }, target }
}

const training = examples(1500, 1)
const fresh = examples(400, 2)

const [trees, , , ridge, perceptron] = methodsFor(training.data.rows)

for (const method of [...methodsFor(training.data.rows), blendOf([trees, ridge, perceptron, trees])]) {
  describe(`regression by ${method.name}`, () => {
    it('explains what it has not seen, and repeats to the bit', async () => {
      const regressor = await method.fit(training, 7)
      const told = regressor.predict(fresh.data)
      const mean = fresh.target.reduce((sum, value) => sum + value, 0) / fresh.target.length
      const squares = fresh.target.map((value, row) => (value - told[row]) ** 2)
      const variance = fresh.target.map((value) => (value - mean) ** 2)
      const r2 = 1 - sum(squares) / sum(variance)
      assert.ok(r2 > (method.name === 'ridge' ? 0.75 : 0.85), `R² is ${r2}`)
      assert.deepEqual((await method.fit(training, 7)).predict(fresh.data), told)
    })

    it('is the same graph in the runtime, with values missing', async () => {
      const regressor = await method.fit(training, 7)
      const { rows } = fresh.data
      const onnx = encodeOnnx({
        name: 'test',
        inputs: [{ name: 'features', shape: ['batch', columns], type: 'float32' }],
        outputs: [{ name: 'margin', shape: ['batch', 1], type: 'float32' }],
        metadata: {},
        ...regressor.part('features', 'margin'),
      })
      const session = await openSession(onnx, 'test')
      const { margin } = await session.run('features', fresh.data.values, [rows, columns])
      await session.close()
      regressor.predict(fresh.data).forEach((value, row) => {
        const given = (margin.data as Float32Array)[row]
        assert.ok(Math.abs(given - value) < 1e-5, `row ${row}: ${given} instead of ${value}`)
      })
    })
  })
}

describe('regression', () => {
  it('takes the mean of what errs in other ways, and only one method where another does not help', () => {
    const truth = Float64Array.from({ length: 100 }, (_, row) => row)
    const told = (method: typeof trees, error: (row: number) => number) => ({ method, predicted: truth.map((value, row) => value + error(row)) }) // prettier-ignore
    const errorOf = (predicted: Float64Array) =>
      Math.sqrt(sum(predicted.map((value, row) => (value - truth[row]) ** 2)) / 100)
    const up = told(trees, (row) => 1 + (row % 3))
    const down = told(perceptron, (row) => -2 - (row % 2))
    const far = told(ridge, () => 50)
    const members = bestBlend([up, down, far], errorOf)
    assert.ok(members.includes(trees) && members.includes(perceptron) && !members.includes(ridge))
    assert.deepEqual(bestBlend([up, far], errorOf), [trees])
    assert.equal(blendOf([trees, trees, perceptron]).name, `mean of 2 x ${trees.name} + ${perceptron.name}`)
  })

  it('keeps to the mean where columns say nothing or are always missing', async () => {
    const rows = 100
    const values = new Float32Array(rows * 2).map((_, i) => (i % 2 === 0 ? 5 : NaN))
    const target = Float64Array.from({ length: rows }, (_, row) => row % 2)
    const methods = methodsFor(rows).filter(({ name }) => !name.startsWith('perceptron'))
    for (const method of methods) {
      const told = (await method.fit({ data: { rows, columns: 2, values }, target }, 1)).predict({
        rows,
        columns: 2,
        values,
      })
      for (const value of told) assert.ok(Math.abs(value - 0.5) < 0.02, `${method.name}: ${value}`)
    }
  })
})

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
