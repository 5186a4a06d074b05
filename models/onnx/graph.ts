import onnxProto from 'onnx-proto'

const { onnx } = onnxProto

/** Both long supported by every ONNX Runtime in use; the newest would buy nothing. */
const irVersion = 8
const operatorSet = 15

/** A constant of a graph, row-major. */
export interface Constant {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float64Array | BigInt64Array
}

/** A step of a graph: an operator of the standard set with the names of what it reads and writes. */
export interface Step {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly flags?: Readonly<Record<string, number>>
}

/** A float64 input or output. `batch` stands for any number of rows. */
export interface Port {
  readonly name: string
  readonly shape: readonly (number | 'batch')[]
}

/** A model as a graph of operators. */
export interface Graph {
  readonly name: string
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly steps: readonly Step[]
  readonly constants: readonly Constant[]
  /** Written as metadata_props. */
  readonly metadata: Readonly<Record<string, string>>
}

/** The graph as the bytes of an ONNX file; the same graph gives the same bytes. */
export function encodeOnnx(graph: Graph): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion,
    producerName: 'millwright',
    opsetImport: [{ domain: '', version: operatorSet }],
    metadataProps: Object.entries(graph.metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: graph.name,
      node: graph.steps.map((step) => ({
        opType: step.operator,
        input: [...step.inputs],
        output: [...step.outputs],
        attribute: Object.entries(step.flags ?? {}).map(([name, i]) => ({
          name,
          i,
          type: onnx.AttributeProto.AttributeType.INT,
        })),
      })),
      initializer: graph.constants.map(tensor),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  })
  return new Uint8Array(onnx.ModelProto.encode(model).finish())
}

function tensor({ name, shape, values }: Constant) {
  const { DOUBLE, INT64 } = onnx.TensorProto.DataType
  return {
    name,
    dims: [...shape],
    dataType: values instanceof Float64Array ? DOUBLE : INT64,
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  }
}

function valueInfo({ name, shape }: Port) {
  const dim = shape.map((size) => (size === 'batch' ? { dimParam: size } : { dimValue: size }))
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType.DOUBLE, shape: { dim } } } }
}
