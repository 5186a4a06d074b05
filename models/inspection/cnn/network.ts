import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import type { Random } from '../../random.ts'
import { applyFolded, Blocks, drawn, type Parameter } from '../network/blocks.ts'
import type { FoldedConvolution } from '../network/layers.ts'

/** Channels of the convolutions. */
const widths = [16, 32, 64, 96] as const
/** Features of an image before the dense layer. */
export const lastWidth = 96

/** Fewest rows and columns that a maximum over 2 x 2 may leave. */
const fewestCells = 7

/** Convolutions, from the first, that are followed by a maximum over 2 x 2, for an image of this size: at most three. */
export function poolsOf(height: number, width: number): number {
  let pools = 0
  while (pools < widths.length - 1 && Math.min(height, width) >> (pools + 1) >= fewestCells) pools++
  return pools
}

/** A trained classifier, ready for export. */
export interface TrainedNetwork {
  readonly convolutions: readonly FoldedConvolution[]
  /** [96, classes] */
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly classes: number
}

/** The classifier while it learns: four convolutions with batch normalisation and ReLU, mean over the image, dropout, dense. */
export class ConvolutionalNetwork {
  readonly parameters: readonly Parameter[]
  readonly #blocks: Blocks
  readonly #classes: number

  constructor(channels: number, classes: number, random: Random) {
    this.#classes = classes
    this.#blocks = new Blocks(
      widths.map((width, block) => [block === 0 ? channels : widths[block - 1], width]),
      random,
    )
    this.parameters = [
      ...this.#blocks.parameters,
      drawn([lastWidth, classes], Math.sqrt(1 / lastWidth), random),
      { shape: [classes], values: new Float32Array(classes), decays: false },
    ]
  }

  /** Logits [batch, classes] in training; `kept` [batch, 96] is the dropout's mask, already scaled. */
  forward(tf: TensorFlow, tensors: readonly Tensor[], images: Tensor4D, kept: Tensor2D): Tensor2D {
    let x = images
    const pools = poolsOf(images.shape[1], images.shape[2])
    widths.forEach((_, block) => (x = this.#blocks.apply(tf, tensors, block, x, block < pools ? 2 : 1)))
    const [weights, offset] = tensors.slice(-2) as [Tensor2D, Tensor1D]
    return tf.add(tf.matMul(tf.mul(tf.mean<Tensor2D>(x, [1, 2]), kept), weights), offset)
  }

  /** The network as it is now, for use. */
  fold(): TrainedNetwork {
    const [weights, bias] = this.parameters.slice(-2).map(({ values }) => values.slice())
    return { convolutions: this.#blocks.fold(), weights, bias, classes: this.#classes }
  }
}

/** Probabilities [images, classes] of a trained network through TensorFlow.js: what the exported graph has to repeat. */
export function probabilities(
  tf: TensorFlow,
  network: TrainedNetwork,
  input: Float32Array,
  [height, width, channels]: readonly [number, number, number],
): Float32Array {
  return tf.tidy(() => {
    let x = tf.tensor4d(input, [input.length / (height * width * channels), height, width, channels])
    network.convolutions.forEach((layer, block) => {
      x = tf.relu(applyFolded(tf, x, layer))
      if (block < poolsOf(height, width)) x = tf.maxPool(x, 2, 2, 'valid')
    })
    const weights = tf.tensor2d(network.weights, [lastWidth, network.classes])
    const logits = tf.add(tf.matMul(tf.mean<Tensor2D>(x, [1, 2]), weights), tf.tensor1d(network.bias))
    return tf.softmax(logits).dataSync() as Float32Array
  })
}
