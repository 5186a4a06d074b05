import { InferenceSession, Tensor } from 'onnxruntime-node'
import { encodeOnnx } from '../../../models/onnx/graph.ts'
import { treesPart, type Ensemble, type Matrix } from '../../../models/trees/index.ts'

/** The exported trees as an ONNX file: input `x`, output `y`. */
export function treesFile(ensemble: Ensemble): Uint8Array {
  return encodeOnnx({
    name: 'trees',
    inputs: [{ name: 'x', shape: ['batch', ensemble.columns], type: 'float32' }],
    outputs: [{ name: 'y', shape: ['batch', ensemble.outputs], type: 'float32' }],
    ...treesPart(ensemble, 'x', 'y'),
    metadata: {},
  })
}

/** Margins as ONNX Runtime computes them from the exported trees, rows x outputs. */
export async function marginsByRuntime(ensemble: Ensemble, data: Matrix): Promise<Float32Array> {
  const session = await InferenceSession.create(treesFile(ensemble), { intraOpNumThreads: 1 })
  const { y } = await session.run({ x: new Tensor('float32', data.values, [data.rows, data.columns]) })
  await session.release()
  return y.data as Float32Array
}
