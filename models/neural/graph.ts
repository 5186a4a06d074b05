import { joinParts, type Constant, type GraphPart, type Step } from '../onnx/graph.ts'
import type { DenseLayer } from './layers.ts'
import type { Mlp } from './mlp.ts'
import { furthest, type InputScaling } from './scaling.ts'

/** The names of a part within its graph. All that it makes for itself is called `<prefix>_...`. */
export interface PartNames {
  /** What it reads, [batch, columns]. */
  readonly input: string
  /** What it gives, [batch, outputs]. */
  readonly output: string
  readonly prefix: string
}

/** A perceptron as a part of an ONNX graph, in float32: features as they are, NaN where missing. */
export function mlpGraph({ scaling, layers }: Mlp, { input, output, prefix }: PartNames): GraphPart {
  const scaled = `${prefix}_scaled`
  return joinParts(
    scalingGraph(scaling, { input, output: scaled, prefix }),
    denseGraph(layers, { input: scaled, output, prefix }),
  )
}

/** Layers as a part of an ONNX graph. `float64`: the same weights, with sums in double precision. */
export function denseGraph(
  layers: readonly DenseLayer[],
  { input, output, prefix }: PartNames,
  type: 'float32' | 'float64' = 'float32',
): GraphPart {
  const parts = layers.map((layer, index) => {
    const from = index === 0 ? input : `${prefix}_${index}`
    const to = index === layers.length - 1 ? output : `${prefix}_${index + 1}`
    return layerGraph(layer, { input: from, output: to, prefix: `${prefix}_layer${index + 1}` }, type)
  })
  return joinParts(...parts)
}

const activations = { relu: 'Relu', softmax: 'Softmax', linear: undefined } as const

function layerGraph(layer: DenseLayer, { input, output, prefix }: PartNames, type: 'float32' | 'float64'): GraphPart {
  const { inputs, outputs, activation } = layer
  const constants: Constant[] = [
    { name: `${prefix}_weights`, shape: [inputs, outputs], values: typed(layer.weights, type) },
    { name: `${prefix}_bias`, shape: [outputs], values: typed(layer.bias, type) },
  ]
  const after = activations[activation]
  const sums = after ? `${prefix}_sums` : output
  const steps: Step[] = [{ operator: 'Gemm', inputs: [input, ...constants.map(({ name }) => name)], outputs: [sums] }]
  if (after) steps.push({ operator: after, inputs: [sums], outputs: [output] })
  return { steps, constants }
}

function typed(values: Float32Array, type: 'float32' | 'float64'): Float32Array | Float64Array {
  return type === 'float32' ? values : Float64Array.from(values)
}

function scalingGraph({ mean, factor }: InputScaling, { input, output, prefix }: PartNames): GraphPart {
  const named = (name: string, values: Float32Array, shape: number[] = [values.length]) => ({ name: `${prefix}_${name}`, shape, values }) // prettier-ignore
  return {
    constants: [
      named('mean', mean),
      named('factor', factor),
      named('none', Float32Array.of(0), []),
      named('least', Float32Array.of(-furthest), []),
      named('most', Float32Array.of(furthest), []),
    ],
    steps: [
      { operator: 'Sub', inputs: [input, `${prefix}_mean`], outputs: [`${prefix}_distance`] },
      { operator: 'Mul', inputs: [`${prefix}_distance`, `${prefix}_factor`], outputs: [`${prefix}_distances`] },
      { operator: 'IsNaN', inputs: [`${prefix}_distances`], outputs: [`${prefix}_missing`] },
      { operator: 'Where', inputs: [`${prefix}_missing`, `${prefix}_none`, `${prefix}_distances`], outputs: [`${prefix}_known`] }, // prettier-ignore
      { operator: 'Clip', inputs: [`${prefix}_known`, `${prefix}_least`, `${prefix}_most`], outputs: [output] },
    ],
  }
}
