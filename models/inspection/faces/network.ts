import { encodeOnnx, type Step } from '../../onnx/graph.ts'
import { GraphBuilder } from '../network/layers.ts'

/** Numbers that the network gives for each place: logits of face and of object, then a box. */
export const headSize = 6
/** Pixels from place to place in each output. */
export const strides = [8, 16, 32] as const

/** Channels into and out of each unit of the backbone. */
const backbone = [[16, 16], [16, 16], [16, 32], [32, 32], [32, 64], [64, 64], [64, 64], [64, 64], [64, 64], [64, 64], [64, 64]] as const // prettier-ignore
/** Units whose output is one of those that the neck joins, and those after which rows and columns are halved. */
const [joined, halved] = [new Set([6, 8, 10]), new Set([0, 4, 6, 8])]

/**
 * YuNet as ONNX: `image` [1, 3, height, width], blue, green and red of 0 to 255, both sizes multiples of 32; `stride8`,
 * `stride16` and `stride32` [1, headSize, height / stride, width / stride].
 * Source: Wu, Peng & Yu (2023), YuNet: A Tiny Millisecond-level Face Detector. `weights`: those of yunet/README.md; throws a
 * RangeError where there are more or fewer.
 */
export function faceGraph(weights: Float32Array): Uint8Array {
  const builder = new GraphBuilder()
  const layers = new Layers(builder, weights)
  const head = layers.convolution([16, 3, 3, 3], { strides: { ints: [2, 2] }, pads: around })
  const units = backbone.map(([input, output]) => layers.unit(input, output))
  const neck = strides.map(() => layers.unit(64, 64))
  const answers = strides.map(() => layers.unit(64, headSize))
  layers.end()
  const levels = joinedLevels(builder, features(builder, relu(builder, head('image')), units), neck)
  const outputs = strides.map((stride, level) => ({
    of: answers[level](levels[level]),
    port: { name: `stride${stride}`, type: 'float32', shape: [1, headSize, `height${stride}`, `width${stride}`] } as const, // prettier-ignore
  }))
  return encodeOnnx(builder.finish('yunet', [{ name: 'image', type: 'float32', shape: [1, 3, 'height', 'width'] }], outputs)) // prettier-ignore
}

/** Takes a name in the graph, gives the name of what it adds. */
type Layer = (input: string) => string

function features(builder: GraphBuilder, first: string, units: readonly Layer[]): string[] {
  let x = first
  const found: string[] = []
  for (const [index, unit] of units.entries()) {
    x = relu(builder, unit(x))
    if (joined.has(index)) found.push(x)
    if (halved.has(index)) x = builder.pool(x)
  }
  return found
}

/** From the coarsest down, each with what the coarser one saw. */
function joinedLevels(builder: GraphBuilder, found: readonly string[], neck: readonly Layer[]): string[] {
  const twice = builder.constant([4], Float32Array.of(1, 1, 2, 2))
  const levels = [...found]
  for (let level = found.length - 1; level >= 0; level--) {
    levels[level] = relu(builder, neck[level](levels[level]))
    if (level === 0) break
    const upsampled = builder.add('Resize', [levels[level], '', twice], { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }) // prettier-ignore
    levels[level - 1] = builder.add('Add', [levels[level - 1], upsampled])
  }
  return levels
}

function relu(builder: GraphBuilder, x: string): string {
  return builder.add('Relu', [x])
}

const around = { ints: [1, 1, 1, 1] }

/** Layers in the order in which their weights lie in the file. */
class Layers {
  readonly #builder: GraphBuilder
  readonly #weights: Float32Array
  #taken = 0

  constructor(builder: GraphBuilder, weights: Float32Array) {
    this.#builder = builder
    this.#weights = weights
  }

  /** Convolution with a filter [out, in, rows, columns] and a bias. */
  convolution(shape: readonly [number, number, number, number], attributes: Step['attributes']): Layer {
    const filter = this.#take(shape)
    const bias = this.#take([shape[0]])
    return (input) => this.#builder.add('Conv', [input, filter, bias], attributes)
  }

  /** Mixes the channels of each place, then looks at 3 x 3 places in each channel. */
  unit(input: number, output: number): Layer {
    const mix = this.convolution([output, input, 1, 1], {})
    const look = this.convolution([output, 1, 3, 3], { pads: around, group: output })
    return (x) => look(mix(x))
  }

  end(): void {
    if (this.#taken !== this.#weights.length) throw new RangeError(`the network has ${this.#taken} weights, the file ${this.#weights.length}`) // prettier-ignore
  }

  #take(shape: readonly number[]): string {
    const from = this.#taken
    this.#taken += shape.reduce((product, size) => product * size)
    return this.#builder.constant(shape, this.#weights.slice(from, this.#taken))
  }
}
