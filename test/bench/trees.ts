import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeOnnx } from '../../models/onnx/graph.ts'
import { seededRandom } from '../../models/random.ts'
import { fitTrees, treesPart, type Ensemble, type Matrix } from '../../models/trees/index.ts'

const rows = 10_000
const columns = 30
/** Rows per run of the runtime, as the detector runs them. */
const block = 96

/** Seconds to grow 200 trees of depth 5 on 10,000 x 30, of CPU and by the clock; rows scored per second on one thread. */
export async function run(args: { readonly seconds?: string } = {}): Promise<void> {
  const { data, target } = examples()
  console.log('objective   trees   CPU s   clock s   rows/s through ONNX Runtime')
  for (const objective of ['squared', 'logistic', 'softmax'] as const) {
    const labels =
      objective === 'squared' ? target : target.map((value) => Math.floor(value * (objective === 'logistic' ? 2 : 4)))
    fitTrees(data, labels, { objective, trees: 5 })
    const cpu = process.cpuUsage()
    const started = performance.now()
    const ensemble = fitTrees(data, labels, { objective })
    const { user, system } = process.cpuUsage(cpu)
    const seconds = (performance.now() - started) / 1000
    const rate = await scoringRate(ensemble, data, Number(args.seconds ?? 1))
    const figures = [
      String(ensemble.trees.length),
      ((user + system) / 1e6).toFixed(2),
      seconds.toFixed(2),
      rate.toFixed(0),
    ]
    console.log([objective.padEnd(9), ...figures.map((text) => text.padStart(6))].join('   '))
  }
}

async function scoringRate(ensemble: Ensemble, data: Matrix, seconds: number): Promise<number> {
  const file = encodeOnnx({
    name: 'trees',
    inputs: [{ name: 'x', shape: ['batch', columns], type: 'float32' }],
    outputs: [{ name: 'y', shape: ['batch', ensemble.outputs], type: 'float32' }],
    ...treesPart(ensemble, 'x', 'y'),
    metadata: {},
  })
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1, graphOptimizationLevel: 'all' })
  const started = performance.now()
  let scored = 0
  while (performance.now() - started < seconds * 1000) {
    const from = scored % (rows - block)
    const values = data.values.subarray(from * columns, (from + block) * columns)
    await session.run({ x: new Tensor('float32', values, [block, columns]) })
    scored += block
  }
  const rate = (scored * 1000) / (performance.now() - started)
  await session.release()
  return rate
}

/** A target from 0 to 1 that depends on three columns; a twentieth of the values is missing. */
function examples(): { data: Matrix; target: Float64Array } {
  const { uniform } = seededRandom(3)
  const values = Float32Array.from({ length: rows * columns }, () => (uniform() < 0.05 ? NaN : uniform()))
  const known = (row: number, column: number) => values[row * columns + column] || 0
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const value = (Math.sin(6 * known(row, 0)) + 1) / 4 + (known(row, 1) * known(row, 2)) / 2
    return Math.min(0.999, value + 0.05 * uniform())
  })
  return { data: { rows, columns, values }, target }
}
