import assert from 'node:assert/strict'
import { encodeOnnx, type Graph } from '../../../models/onnx/graph.ts'
import { openSession } from '../../../models/onnx/runtime.ts'
import { spliceOnnx } from '../../../models/onnx/splice.ts'

/** y = factor * x, with names that every piece has. */
const times = (factor: number): Graph => ({
  name: 'times',
  inputs: [{ name: 'x', shape: ['batch'] }],
  outputs: [{ name: 'y', shape: ['batch'] }],
  constants: [{ name: 'factor', shape: [1], values: Float64Array.of(factor) }],
  steps: [{ operator: 'Mul', inputs: ['x', 'factor'], outputs: ['y'] }],
  metadata: {},
})
const sum: Graph = {
  ...times(1),
  inputs: ['a', 'b'].map((name) => ({ name, shape: ['batch'] })),
  constants: [],
  steps: [{ operator: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
}
const piece = (graph: Graph, feeds: Record<string, string>) => ({ onnx: encodeOnnx(graph), what: 'a piece', feeds })

describe('spliced models', () => {
  it('are one graph, whose pieces read what those before them give', async () => {
    const pieces = [piece(times(2), {}), piece(times(5), { x: 'x' }), piece(sum, { a: '0.y', b: '1.y' })]
    const session = await openSession(spliceOnnx(pieces), 'test')
    try {
      const { y } = await session.run('x', Float64Array.of(1, 3), [2])
      assert.deepEqual([...(y.data as Float64Array)], [7, 21])
      assert.deepEqual(session.inputs.map(({ name }) => name), ['x']) // prettier-ignore
    } finally {
      await session.close()
    }
  })

  it('are refused where something is not fed, or is no model', () => {
    assert.throws(() => spliceOnnx([piece(times(2), {}), piece(sum, { a: '0.y' })]), /an input b that nothing feeds/)
    assert.throws(() => spliceOnnx([{ onnx: Buffer.from('nothing'), what: 'the file', feeds: {} }]), { code: 'MODEL_BROKEN' }) // prettier-ignore
  })
})
