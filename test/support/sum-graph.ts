import { onnx } from 'onnx-proto'
import { encodeOnnx, type Graph } from '../../models/onnx/graph.ts'

/** A model that adds its two features up. */
export const sum: Graph = {
  name: 'sum',
  inputs: [{ name: 'x', shape: ['batch', 2] }],
  outputs: [{ name: 'total', shape: ['batch', 1] }],
  constants: [{ name: 'ones', shape: [2, 1], values: Float64Array.of(1, 1) }],
  steps: [{ operator: 'MatMul', inputs: ['x', 'ones'], outputs: ['total'] }],
  metadata: {},
}

const { DataType } = onnx.TensorProto
const { AttributeType } = onnx.AttributeProto

/** The sum, after a loop whose condition is always true: the runtime never comes back. */
export function endless(): Uint8Array {
  const model = onnx.ModelProto.decode(encodeOnnx(sum))
  const graph = model.graph!
  const double = (name: string) => ({ name, type: { tensorType: { elemType: DataType.DOUBLE, shape: { dim: [{ dimParam: 'batch' }, { dimValue: 1 }] } } } }) // prettier-ignore
  const scalar = (name: string, elemType: number) => ({ name, type: { tensorType: { elemType, shape: { dim: [] } } } })
  const body = {
    name: 'body',
    input: [scalar('i', DataType.INT64), scalar('go', DataType.BOOL), double('value')],
    output: [scalar('goes', DataType.BOOL), double('next')],
    node: [
      { opType: 'Identity', input: ['go'], output: ['goes'] },
      { opType: 'Add', input: ['value', 'value'], output: ['next'] },
    ],
  }
  graph.initializer!.push({ name: 'true', dataType: DataType.BOOL, dims: [], int32Data: [1] })
  Object.assign(graph.node![0], { output: ['first'] })
  graph.node!.push(
    onnx.NodeProto.fromObject({
      opType: 'Loop',
      input: ['', 'true', 'first'],
      output: ['total'],
      attribute: [{ name: 'body', type: AttributeType.GRAPH, g: body }],
    }),
  )
  return onnx.ModelProto.encode(model).finish()
}
