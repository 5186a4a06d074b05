import onnxProto from 'onnx-proto'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { treeAttributes, type Ensemble, type Matrix } from '../../../models/trees/index.ts'

const { onnx } = onnxProto

/** Margins as ONNX Runtime computes them from the exported trees. */
export async function marginsByRuntime(ensemble: Ensemble, data: Matrix): Promise<Float32Array> {
  const session = await InferenceSession.create(file(ensemble), { intraOpNumThreads: 1 })
  const { y } = await session.run({ x: new Tensor('float32', data.values, [data.rows, data.columns]) })
  await session.release()
  return y.data as Float32Array
}

function file(ensemble: Ensemble): Uint8Array {
  const { numbers, texts, integers, floats, strings } = treeAttributes(ensemble)
  const { AttributeType } = onnx.AttributeProto
  const bytes = (text: string) => new TextEncoder().encode(text)
  const attribute = [
    ...Object.entries(numbers).map(([name, i]) => ({ name, i, type: AttributeType.INT })),
    ...Object.entries(texts).map(([name, s]) => ({ name, s: bytes(s), type: AttributeType.STRING })),
    ...Object.entries(integers).map(([name, ints]) => ({ name, ints: [...ints], type: AttributeType.INTS })),
    ...Object.entries(floats).map(([name, list]) => ({ name, floats: [...list], type: AttributeType.FLOATS })),
    ...Object.entries(strings).map(([name, s]) => ({ name, strings: s.map(bytes), type: AttributeType.STRINGS })),
  ]
  const port = (name: string, columns: number) => ({
    name,
    type: {
      tensorType: {
        elemType: onnx.TensorProto.DataType.FLOAT,
        shape: { dim: [{ dimParam: 'batch' }, { dimValue: columns }] },
      },
    },
  })
  const model = onnx.ModelProto.create({
    irVersion: 8,
    opsetImport: [
      { domain: '', version: 15 },
      { domain: 'ai.onnx.ml', version: 3 },
    ],
    graph: {
      name: 'trees',
      node: [{ opType: 'TreeEnsembleRegressor', domain: 'ai.onnx.ml', input: ['x'], output: ['y'], attribute }],
      input: [port('x', ensemble.columns)],
      output: [port('y', ensemble.outputs)],
    },
  })
  return new Uint8Array(onnx.ModelProto.encode(model).finish())
}
