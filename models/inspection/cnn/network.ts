import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs'
import { convolve } from '../network/convolution.ts'
import type { FoldedConvolution } from '../network/layers.ts'
import { epsilon, normalise, type Moments } from '../network/normalisation.ts'
import type { Parameter } from '../network/optimiser.ts'
import type { TensorFlow } from '../network/tensorflow.ts'
import type { Random } from '../../random.ts'

/** Channels of the convolutions; all but the last are followed by a maximum over 2 x 2. */
export const widths = [16, 32, 64, 96] as const

/** A trained classifier, ready for export. */
export interface TrainedNetwork {
  readonly convolutions: readonly FoldedConvolution[]
  /** [96, classes] */
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly classes: number
}

/** How fast the running moments follow the batches. */
const following = 0.1

/** The classifier while it learns: four convolutions with batch normalisation and ReLU, mean over the image, dropout, dense. */
export class ConvolutionalNetwork {
  readonly parameters: readonly Parameter[]
  readonly #classes: number
  readonly #channels: number
  readonly #running: { mean: Float64Array; variance: Float64Array }[]

  constructor(channels: number, classes: number, random: Random) {
    this.#classes = classes
    this.#channels = channels
    this.#running = widths.map((width) => ({ mean: new Float64Array(width), variance: new Float64Array(width).fill(1) }))
    const blocks = widths.flatMap((width, block) => {
      const input = block === 0 ? channels : widths[block - 1]
      return [
        drawn(`filter${block}`, [3, 3, input, width], Math.sqrt(2 / (9 * input)), random),
        { name: `gain${block}`, shape: [width], values: new Float32Array(width).fill(1), decays: false },
        { name: `bias${block}`, shape: [width], values: new Float32Array(width), decays: false },
      ]
    })
    const last = widths[widths.length - 1]
    this.parameters = [
      ...blocks,
      drawn('weights', [last, classes], Math.sqrt(1 / last), random),
      { name: 'offset', shape: [classes], values: new Float32Array(classes), decays: false },
    ]
  }

  /** Logits [batch, classes] in training; `kept` [batch, 96] is the dropout's mask, already scaled. Follows the moments. */
  forward(tf: TensorFlow, tensors: readonly Tensor[], images: Tensor4D, kept: Tensor2D): Tensor2D {
    let x = images
    widths.forEach((_, block) => {
      const [filter, gain, bias] = tensors.slice(block * 3) as [Tensor4D, Tensor1D, Tensor1D]
      const pool = block < widths.length - 1 ? 2 : 1
      x = convolve(tf, x, filter, block > 0)
      x = normalise(tf, x, gain, bias, pool, (moments) => this.#follow(block, moments))
    })
    const [weights, offset] = tensors.slice(widths.length * 3) as [Tensor2D, Tensor1D]
    const pooled = tf.mean<Tensor2D>(x, [1, 2])
    return tf.add(tf.matMul(tf.mul(pooled, kept), weights), offset)
  }

  #follow(block: number, { mean, variance }: Moments): void {
    const running = this.#running[block]
    for (let c = 0; c < mean.length; c++) {
      running.mean[c] += following * (mean[c] - running.mean[c])
      running.variance[c] += following * (variance[c] - running.variance[c])
    }
  }

  /** The network as it is now, for use. */
  fold(): TrainedNetwork {
    const values = this.parameters.map((parameter) => parameter.values)
    const convolutions = widths.map((output, block) => {
      const [filter, gain, bias] = values.slice(block * 3)
      const { mean, variance } = this.#running[block]
      const slope = Float64Array.from(gain, (value, c) => value / Math.sqrt(variance[c] + epsilon))
      return {
        filter: filter.map((value, i) => value * slope[i % output]),
        bias: bias.map((value, c) => value - mean[c] * slope[c]),
        size: 3,
        input: block === 0 ? this.#channels : widths[block - 1],
        output,
      }
    })
    const [weights, bias] = values.slice(-2)
    return { convolutions, weights: weights.slice(), bias: bias.slice(), classes: this.#classes }
  }
}

function drawn(name: string, shape: readonly number[], deviation: number, random: Random): Parameter {
  const length = shape.reduce((product, size) => product * size, 1)
  return { name, shape, values: Float32Array.from({ length }, () => random.normal() * deviation), decays: true }
}

/** Probabilities [images, classes] of a trained network through TensorFlow.js: what the exported graph has to repeat. */
export function probabilities(
  tf: TensorFlow,
  network: TrainedNetwork,
  input: Float32Array,
  [height, width, channels]: readonly [number, number, number],
): Float32Array {
  const result = tf.tidy(() => {
    let x = tf.tensor4d(input, [input.length / (height * width * channels), height, width, channels])
    network.convolutions.forEach((layer, block) => {
      const filter = tf.tensor4d(layer.filter, [layer.size, layer.size, layer.input, layer.output])
      x = tf.relu(tf.add(tf.conv2d(x, filter, 1, 'same'), tf.tensor1d(layer.bias)))
      if (block < network.convolutions.length - 1) x = tf.maxPool(x, 2, 2, 'valid')
    })
    const weights = tf.tensor2d(network.weights, [widths[widths.length - 1], network.classes])
    return tf.softmax(tf.add(tf.matMul(tf.mean<Tensor2D>(x, [1, 2]), weights), tf.tensor1d(network.bias)))
  })
  const values = result.dataSync() as Float32Array
  result.dispose()
  return values
}
