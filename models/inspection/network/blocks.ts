import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import type { Random } from '../../random.ts'
import { convolve } from './convolution.ts'
import type { FoldedConvolution } from './layers.ts'
import { epsilon, normalise, type Moments } from './normalisation.ts'

/** A tensor that is learned, row-major. */
export interface Parameter {
  readonly shape: readonly number[]
  readonly values: Float32Array
  /** Whether weight decay applies; not to gains and biases. */
  readonly decays: boolean
}

/** How fast the running moments follow the batches. */
const following = 0.1

/** Convolutions of 3 x 3, each followed by batch normalisation, ReLU and perhaps a maximum, while they learn. */
export class Blocks {
  /** Filter, gain and bias of each block, in order. */
  readonly parameters: readonly Parameter[]
  readonly #channels: readonly (readonly [number, number])[]
  readonly #running: readonly { readonly mean: Float64Array; readonly variance: Float64Array }[]

  /** `channels`: those of input and output of each block. */
  constructor(channels: readonly (readonly [number, number])[], random: Random) {
    this.#channels = channels
    this.#running = channels.map(([, output]) => ({
      mean: new Float64Array(output),
      variance: new Float64Array(output).fill(1),
    }))
    this.parameters = channels.flatMap(([input, output]) => [
      drawn([3, 3, input, output], Math.sqrt(2 / (9 * input)), random),
      { shape: [output], values: new Float32Array(output).fill(1), decays: false },
      { shape: [output], values: new Float32Array(output), decays: false },
    ])
  }

  /** Applies one block in training, given the tensors of all parameters; follows the moments of the batch. */
  apply(tf: TensorFlow, tensors: readonly Tensor[], block: number, x: Tensor4D, pool: 1 | 2): Tensor4D {
    const [filter, gain, bias] = tensors.slice(block * 3) as [Tensor4D, Tensor1D, Tensor1D]
    return normalise(tf, convolve(tf, x, filter, block > 0), gain, bias, pool, (moments) => this.#follow(block, moments)) // prettier-ignore
  }

  #follow(block: number, { mean, variance }: Moments): void {
    const running = this.#running[block]
    for (let c = 0; c < mean.length; c++) {
      running.mean[c] += following * (mean[c] - running.mean[c])
      running.variance[c] += following * (variance[c] - running.variance[c])
    }
  }

  /** The blocks as they are now, for use: normalisation folded into filter and bias. */
  fold(): FoldedConvolution[] {
    return this.#channels.map(([input, output], block) => {
      const [filter, gain, bias] = this.parameters.slice(block * 3).map(({ values }) => values)
      const { mean, variance } = this.#running[block]
      const slope = Float64Array.from(gain, (value, c) => value / Math.sqrt(variance[c] + epsilon))
      return {
        filter: filter.map((value, i) => value * slope[i % output]),
        bias: bias.map((value, c) => value - mean[c] * slope[c]),
        size: 3,
        input,
        output,
      }
    })
  }
}

/** A parameter of normal numbers. */
export function drawn(shape: readonly number[], deviation: number, random: Random): Parameter {
  const length = shape.reduce((product, size) => product * size, 1)
  return { shape, values: Float32Array.from({ length }, () => random.normal() * deviation), decays: true }
}

/** A folded convolution in TensorFlow.js, to compare exported graphs with. */
export function applyFolded(tf: TensorFlow, x: Tensor4D, layer: FoldedConvolution): Tensor4D {
  const filter = tf.tensor4d(layer.filter, [layer.size, layer.size, layer.input, layer.output])
  return tf.add(tf.conv2d(x, filter, 1, 'same'), tf.tensor1d(layer.bias))
}

/** Loss and gradients of a function of the parameters, the latter as plain arrays in their order. */
export function differentiate(
  tf: TensorFlow,
  parameters: readonly Parameter[],
  loss: (tensors: readonly Tensor[]) => Tensor,
): { loss: number; gradients: Float32Array[] } {
  let found = { loss: NaN, gradients: [] as Float32Array[] }
  // Not returned from within: tidy looks for tensors in what it is given, number by number.
  tf.tidy(() => {
    const tensors = parameters.map(({ values, shape }) => tf.tensor(values, [...shape]))
    const { value, grads } = tf.valueAndGrads((...given: Tensor[]) => loss(given).asScalar())(tensors)
    found = { loss: value.dataSync()[0], gradients: grads.map((gradient) => gradient.dataSync() as Float32Array) }
  })
  return found
}
