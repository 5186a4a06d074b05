import type { Constant, Graph, GraphPart, Step } from '../../onnx/graph.ts'

/** A convolution as it is used: batch normalisation folded into filter [size, size, in, out] and bias [out]. */
export interface FoldedConvolution {
  readonly filter: Float32Array
  readonly bias: Float32Array
  /** Rows and columns of the filter, odd. */
  readonly size: number
  readonly input: number
  readonly output: number
}

/** Collects the steps and constants of a float32 graph; each method adds a layer and returns the name of its output. */
export class GraphBuilder {
  readonly #steps: Step[] = []
  readonly #constants: Constant[] = []
  #names = 0

  /** Adds an operator and returns the name of its first output. */
  add(operator: string, inputs: readonly string[], attributes: Step['attributes'] = {}) {
    const output = `${operator.toLowerCase()}${++this.#names}`
    const rest = operator === 'TopK' ? [`${output}places`] : []
    this.#steps.push({ operator, inputs, outputs: [output, ...rest], attributes })
    return output
  }

  constant(shape: readonly number[], values: Float32Array | BigInt64Array): string {
    const name = `constant${++this.#names}`
    this.#constants.push({ name, shape, values })
    return name
  }

  /** Convolution of stride 1, zero padding to the same size, on [batch, channels, height, width]. */
  convolution(input: string, layer: FoldedConvolution): string {
    const edge = (layer.size - 1) / 2
    return this.filter(input, layer, edge)
  }

  /** Convolution of stride 1 with `edge` zeros around. */
  filter(input: string, layer: FoldedConvolution, edge = 0): string {
    const filter = this.constant([layer.output, layer.input, layer.size, layer.size], channelsFirst(layer))
    const bias = this.constant([layer.output], layer.bias)
    return this.add('Conv', [input, filter, bias], { pads: { ints: [edge, edge, edge, edge] } })
  }

  /** Adds what another model contributes; its names must not be those of this builder. */
  join(part: GraphPart): void {
    this.#steps.push(...part.steps)
    this.#constants.push(...part.constants)
  }

  /** Maximum over 2 x 2. */
  pool(input: string): string {
    return this.add('MaxPool', [input], { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } })
  }

  /** The graph, whose last steps give their results the names of the outputs. */
  finish(
    name: string,
    inputs: Graph['inputs'],
    outputs: readonly { readonly of: string; readonly port: Graph['outputs'][number] }[],
  ): Graph {
    const steps = [
      ...this.#steps,
      ...outputs.map(({ of, port }) => ({ operator: 'Identity', inputs: [of], outputs: [port.name] })),
    ]
    return { name, inputs, outputs: outputs.map(({ port }) => port), steps, constants: this.#constants, metadata: {} }
  }
}

/** [size, size, in, out] to [out, in, size, size]. */
function channelsFirst({ filter, size, input, output }: FoldedConvolution): Float32Array {
  const turned = new Float32Array(filter.length)
  for (let cell = 0, from = 0; cell < size * size; cell++) {
    for (let i = 0; i < input; i++) {
      for (let o = 0; o < output; o++) turned[(o * input + i) * size * size + cell] = filter[from++]
    }
  }
  return turned
}
