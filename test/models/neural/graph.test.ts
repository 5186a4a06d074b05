import assert from 'node:assert/strict'
import { encodeOnnx, type ElementType, type GraphPart } from '../../../models/onnx/graph.ts'
import { openSession } from '../../../models/onnx/runtime.ts'
import { denseGraph, fitAutoencoder, fitMlp, mlpGraph } from '../../../models/neural/index.ts'
import { matrixOf, targetOf } from './examples.ts'

const data = matrixOf(300, 1, (normal) => [100 + normal(), normal() / 50, NaN, 3, normal()])
const odd = Float32Array.of(NaN, 0, 1, 3, 0, NaN, NaN, NaN, NaN, NaN, 3e38, -3e38, 0, 1e9, -1e9)
const rows = { rows: 303, columns: 5, values: Float32Array.of(...data.values, ...odd) }

async function runGraph(part: GraphPart, outputs: number, values: Float32Array | Float64Array): Promise<number[]> {
  const type: ElementType = values instanceof Float32Array ? 'float32' : 'float64'
  const onnx = encodeOnnx({
    ...part,
    name: 'test',
    inputs: [{ name: 'x', shape: ['batch', 5], type }],
    outputs: [{ name: 'y', shape: ['batch', outputs], type }],
    metadata: {},
  })
  const session = await openSession(onnx, 'test')
  const { y } = await session.run('x', values, [values.length / 5, 5])
  await session.close()
  return Array.from(y.data as Float32Array)
}

function assertClose(given: readonly number[], expected: Float64Array | Float32Array, tolerance: number): void {
  assert.equal(given.length, expected.length)
  given.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i]))),
  )
}

describe('network as ONNX', () => {
  const names = { input: 'x', output: 'y', prefix: 'mlp' }
  const options = { epochs: 5, batch: 32, hidden: [16, 8] }

  it('answers a regression as the network does, also where values are missing or absurd', async () => {
    const mlp = await fitMlp(data, targetOf(data, (row) => 1e4 + 500 * row[0]), { task: 'regression', ...options }) // prettier-ignore
    assertClose(await runGraph(mlpGraph(mlp, names), 1, rows.values), mlp.predict(rows), 1e-5)
  })

  it('gives the probabilities of the network', async () => {
    const mlp = await fitMlp(data, targetOf(data, (row) => Math.floor(Math.abs(row[4])) % 3), { task: 'classification', classes: 3, ...options }) // prettier-ignore
    assertClose(await runGraph(mlpGraph(mlp, names), 3, rows.values), mlp.predict(rows), 1e-5)
  })

  it('reconstructs in double precision as the autoencoder does', async () => {
    const scaled = matrixOf(300, 1, (normal) => [normal(), normal(), normal(), 0, normal()])
    const { layers, reconstruct } = await fitAutoencoder(scaled, { epochs: 2 })
    const given = await runGraph(denseGraph(layers, names, 'float64'), 5, Float64Array.from(scaled.values))
    assertClose(given, reconstruct(scaled).values, 1e-6)
  })
})
