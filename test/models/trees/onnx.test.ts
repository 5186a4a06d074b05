import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fitTrees, type Matrix, type TreeOptions } from '../../../models/trees/index.ts'
import { seededRandom } from '../../../models/random.ts'
import { marginsByRuntime } from './runtime.ts'

const objectives: TreeOptions['objective'][] = ['squared', 'absolute', 'huber', 'quantile', 'logistic', 'softmax']

/** Features with ties, gaps, extremes; targets 0, 1 or 2 that depend on them. */
function random(rows: number, columns: number, missing: number, seed: number) {
  const { uniform: draw } = seededRandom(seed)
  const one = () =>
    draw() < missing ? NaN : draw() < 0.3 ? Math.floor(draw() * 3) : (draw() - 0.5) * 10 ** (draw() * 12 - 6)
  const data: Matrix = { rows, columns, values: Float32Array.from({ length: rows * columns }, one) }
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const value = data.values[row * columns]
    return Number.isNaN(value) ? 2 : value > 0.4 ? 1 : 0
  })
  return { data, target }
}

describe('trees in ONNX Runtime', () => {
  it('answer every row as the trainer does, to the bit', async () => {
    const settings = fc.record({
      objective: fc.constantFrom(...objectives),
      rows: fc.integer({ min: 1, max: 300 }),
      columns: fc.integer({ min: 1, max: 6 }),
      missing: fc.constantFrom(0, 0.1, 0.6, 1),
      depth: fc.integer({ min: 1, max: 7 }),
      trees: fc.integer({ min: 0, max: 12 }),
      minChildWeight: fc.constantFrom(0, 1, 20),
      seed: fc.integer({ min: 0, max: 1e6 }),
    })
    await fc.assert(
      fc.asyncProperty(settings, async ({ objective, rows, columns, missing, seed, ...options }) => {
        const { data, target } = random(rows, columns, missing, seed)
        const labels = objective === 'logistic' ? target.map((value) => Math.min(1, value)) : target
        const ensemble = fitTrees(data, labels, { objective, ...options, seed })
        const unseen = random(50, columns, 0.3, seed + 1).data
        for (const rowsToScore of [data, unseen]) {
          const runtime = await marginsByRuntime(ensemble, rowsToScore)
          assert.deepEqual(Float64Array.from(runtime), ensemble.predict(rowsToScore))
        }
      }),
      { numRuns: 120 },
    )
  })
})
