import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import { encodeOnnx } from '../../onnx/graph.ts'
import type { Random } from '../../random.ts'
import { applyFolded, Blocks, drawn, type Parameter } from '../network/blocks.ts'
import { GraphBuilder, type FoldedConvolution } from '../network/layers.ts'

/** The output has a cell for every 4 x 4 pixels. */
export const cellSize = 4
/** The image's score is the mean of its highest cells. */
export const highest = 10

/** Channels of input and output of each block: three going down, the bottom, and one on the way up again. */
const channels = [[1, 16], [16, 32], [32, 64], [64, 96], [160, 48]] as const // prettier-ignore
const [, , , bottom, up] = channels.keys()
const lastWidth = 48

/** A trained segmentation network, ready for export: the blocks, then the convolution of 1 x 1 that gives the logit. */
export type SegmentationLayers = readonly FoldedConvolution[]

/**
 * A small U-Net while it learns: [batch, n, n, 1] to the logit of a defect in each cell, [batch, n / 4, n / 4, 1].
 * Source: Ronneberger et al. (2015), "U-Net". It goes up one step only: the cells need no finer answer.
 */
export class SegmentationNetwork {
  readonly parameters: readonly Parameter[]
  readonly #blocks: Blocks

  constructor(random: Random) {
    this.#blocks = new Blocks(channels, random)
    const offset = { shape: [1], values: Float32Array.of(-3), decays: false }
    this.parameters = [
      ...this.#blocks.parameters,
      drawn([1, 1, lastWidth, 1], Math.sqrt(1 / lastWidth), random),
      offset,
    ]
  }

  forward(tf: TensorFlow, tensors: readonly Tensor[], images: Tensor4D): Tensor4D {
    const apply = (block: number, x: Tensor4D, pool: 1 | 2) => this.#blocks.apply(tf, tensors, block, x, pool)
    const fine = apply(2, apply(1, apply(0, images, 2), 2), 1)
    const coarse = enlarge(tf, apply(bottom, tf.maxPool(fine, 2, 2, 'valid'), 1))
    const joined = apply(up, tf.concat([coarse, fine], 3), 1)
    const [filter, offset] = tensors.slice(-2) as [Tensor4D, Tensor1D]
    const [batch, height, width] = joined.shape
    const flat = tf.matMul(tf.reshape(joined, [-1, lastWidth]), tf.reshape(filter, [lastWidth, 1]))
    return tf.reshape(tf.add(flat, offset), [batch, height, width, 1])
  }

  /** The network as it is now, for use. */
  fold(): SegmentationLayers {
    const [filter, bias] = this.parameters.slice(-2).map(({ values }) => values.slice())
    return [...this.#blocks.fold(), { filter, bias, size: 1, input: lastWidth, output: 1 }]
  }
}

function enlarge(tf: TensorFlow, x: Tensor4D): Tensor4D {
  return tf.image.resizeNearestNeighbor(x, [x.shape[1] * 2, x.shape[2] * 2])
}

/** Probability of a defect by cell, through TensorFlow.js: what the exported graph has to repeat. */
export function cellProbabilities(tf: TensorFlow, layers: SegmentationLayers, input: Float32Array, n: number) {
  return tf.tidy(() => {
    const apply = (layer: number, x: Tensor4D) => tf.relu(applyFolded(tf, x, layers[layer]))
    const down = (x: Tensor4D) => tf.maxPool(x, 2, 2, 'valid')
    const images = tf.tensor4d(input, [input.length / (n * n), n, n, 1])
    const fine = apply(2, down(apply(1, down(apply(0, images)))))
    const coarse = enlarge(tf, apply(bottom, down(fine)))
    const logits = applyFolded(tf, apply(up, tf.concat([coarse, fine], 3)), layers[up + 1])
    return tf.sigmoid(logits).dataSync() as Float32Array
  })
}

/** The score of an image from its cells: the mean of the highest. */
export function segmentationScore(cells: Float32Array): number {
  const top = Float32Array.from(cells).sort().subarray(-highest)
  return top.reduce((sum, value) => sum + value, 0) / highest
}

/** The network as ONNX: `image` [batch, 1, n, n], scaled; `score` [batch]; `map` [batch, n / 4, n / 4]. */
export function segmentationGraph(layers: SegmentationLayers, n: number): Uint8Array {
  const builder = new GraphBuilder()
  const cells = n / cellSize
  const shape = (...sizes: number[]) => builder.constant([sizes.length], BigInt64Array.from(sizes, BigInt))
  const apply = (layer: number, x: string) => builder.add('Relu', [builder.convolution(x, layers[layer])])
  const fine = apply(2, builder.pool(apply(1, builder.pool(apply(0, 'image')))))
  const scales = builder.constant([4], Float32Array.of(1, 1, 2, 2))
  const coarse = builder.add('Resize', [apply(bottom, builder.pool(fine)), '', scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  })
  const joined = apply(up, builder.add('Concat', [coarse, fine], { axis: 1 }))
  const shares = builder.add('Sigmoid', [builder.convolution(joined, layers[up + 1])])
  const flat = builder.add('Reshape', [shares, shape(-1, cells * cells)])
  const top = builder.add('TopK', [flat, builder.constant([1], BigInt64Array.of(BigInt(highest)))])
  const score = builder.add('ReduceMean', [top], { axes: { ints: [1] }, keepdims: 0 })
  const map = builder.add('Reshape', [shares, shape(-1, cells, cells)])
  return encodeOnnx(
    builder.finish(
      'segmentation',
      [{ name: 'image', type: 'float32', shape: ['batch', 1, n, n] }],
      [
        { of: score, port: { name: 'score', type: 'float32', shape: ['batch'] } },
        { of: map, port: { name: 'map', type: 'float32', shape: ['batch', cells, cells] } },
      ],
    ),
  )
}
