import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import type { Random } from '../../random.ts'
import { applyFolded, Blocks, drawn, type Parameter } from '../network/blocks.ts'
import type { FoldedConvolution } from '../network/layers.ts'

/** Channels of the convolutions. */
const widths = [16, 32, 64, 96] as const
const lastWidth = 96

/** Fewest rows and columns that a maximum over 2 x 2 may leave. */
const fewestCells = 7

/** Convolutions, from the first, that are followed by a maximum over 2 x 2, for an image of this size: at most three. */
export function poolsOf(height: number, width: number): number {
  let pools = 0
  while (pools < widths.length - 1 && Math.min(height, width) >> (pools + 1) >= fewestCells) pools++
  return pools
}

/** What the dense layer sees: means over a grid of places, [rows, columns, 96] features; 1 x 1 is the whole image. */
export interface Grid {
  readonly rows: number
  readonly columns: number
}

/** Most rows and columns of places. */
const mostPlaces = 8

/** The grid for images of this size: one place, or, with `places`, up to 8 x 8 of equal size. */
export function gridOf(height: number, width: number, places: boolean): Grid {
  const pools = poolsOf(height, width)
  const along = (cells: number) => {
    let count = places ? Math.min(mostPlaces, cells) : 1
    while (cells % count > 0) count--
    return count
  }
  return { rows: along(height >> pools), columns: along(width >> pools) }
}

/** Features of an image before the dense layer. */
export function featuresOf({ rows, columns }: Grid): number {
  return rows * columns * lastWidth
}

/** Means over the places of a grid: x [batch, height, width, 96] to [batch, rows * columns * 96]. */
function meansOf(tf: TensorFlow, x: Tensor4D, grid: Grid): Tensor2D {
  const { rows, columns } = grid
  const [batch, height, width, channels] = x.shape
  const parts = tf.reshape(x, [batch * rows, height / rows, columns, width / columns, channels])
  return tf.reshape(tf.mean(parts, [1, 3]), [batch, featuresOf(grid)])
}

/** A trained classifier, ready for export. */
export interface TrainedNetwork {
  readonly convolutions: readonly FoldedConvolution[]
  readonly grid: Grid
  /** [rows, columns, 96, classes] */
  readonly weights: Float32Array
  readonly bias: Float32Array
  readonly classes: number
}

/** The classifier while it learns: four convolutions with batch normalisation and ReLU, means by place, dropout, dense. */
export class ConvolutionalNetwork {
  readonly parameters: readonly Parameter[]
  /** Features of an image before the dense layer. */
  readonly features: number
  readonly #blocks: Blocks
  readonly #grid: Grid
  readonly #classes: number

  constructor(channels: number, grid: Grid, classes: number, random: Random) {
    this.#grid = grid
    this.#classes = classes
    this.features = featuresOf(grid)
    this.#blocks = new Blocks(
      widths.map((width, block) => [block === 0 ? channels : widths[block - 1], width]),
      random,
    )
    this.parameters = [
      ...this.#blocks.parameters,
      drawn([this.features, classes], Math.sqrt(1 / this.features), random),
      { shape: [classes], values: new Float32Array(classes), decays: false },
    ]
  }

  /** Logits [batch, classes] in training; `kept` [batch, features] is the dropout's mask, already scaled. */
  forward(tf: TensorFlow, tensors: readonly Tensor[], images: Tensor4D, kept: Tensor2D): Tensor2D {
    let x = images
    const pools = poolsOf(images.shape[1], images.shape[2])
    widths.forEach((_, block) => (x = this.#blocks.apply(tf, tensors, block, x, block < pools ? 2 : 1)))
    const [weights, offset] = tensors.slice(-2) as [Tensor2D, Tensor1D]
    return tf.add(tf.matMul(tf.mul(meansOf(tf, x, this.#grid), kept), weights), offset)
  }

  /** The network as it is now, for use. */
  fold(): TrainedNetwork {
    const [weights, bias] = this.parameters.slice(-2).map(({ values }) => values.slice())
    return { convolutions: this.#blocks.fold(), grid: this.#grid, weights, bias, classes: this.#classes }
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
    const weights = tf.tensor2d(network.weights, [featuresOf(network.grid), network.classes])
    const logits = tf.add(tf.matMul(meansOf(tf, x, network.grid), weights), tf.tensor1d(network.bias))
    return tf.softmax(logits).dataSync() as Float32Array
  })
}
