import type { Tensor, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import { AdamW, oneCycle } from '../../neural/optimiser.ts'
import { seededRandom, shuffled, type Random } from '../../random.ts'
import { networkInput, type Augmentation, type Scaling } from '../cnn/augmentation.ts'
import { imageLength, type ImageSet } from '../images.ts'
import { differentiate } from '../network/blocks.ts'
import { damaged } from '../synthetic.ts'
import { cellSize, SegmentationNetwork, type SegmentationLayers } from './network.ts'

/** What a training of the segmentation network is told. */
export interface SegmentationTraining {
  /** Good images, grey and square. */
  readonly images: ImageSet
  readonly scaling: Scaling
  readonly augmentation: Augmentation
  /** Images shown in all, good and damaged. */
  readonly shown: number
  readonly batch: number
  readonly rate: number
  readonly weightDecay: number
  readonly seed: number
  progress?(share: number, loss: number): void
}

/** How much more a cell with a defect counts than one without: they are few. */
const defectWeight = 4

/**
 * Trains the network to find made-up defects in good images; every second image of a batch stays good. The same input
 * gives the same network. Rejects with the reason of `signal`.
 */
export async function trainSegmentation(
  tf: TensorFlow,
  job: SegmentationTraining,
  signal?: AbortSignal,
): Promise<SegmentationLayers> {
  const random = seededRandom(job.seed)
  const network = new SegmentationNetwork(random)
  const steps = Math.max(1, Math.floor(job.shown / job.batch))
  const optimiser = new AdamW(network.parameters, oneCycle(job.rate, steps), job.weightDecay)
  let order = shuffled(job.images.count, random)
  let next = 0
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted()
    const rows = Uint32Array.from({ length: job.batch }, () => {
      if (next === order.length) [order, next] = [shuffled(job.images.count, random), 0]
      return order[next++]
    })
    const lesson = makeLesson(job, rows, random)
    const n = job.images.width
    const { loss, gradients } = differentiate(tf, network.parameters, (tensors) => {
      const logits = network.forward(tf, tensors, tf.tensor4d(lesson.input, [job.batch, n, n, 1]))
      return crossEntropy(tf, logits, tf.tensor4d(lesson.cells, logits.shape))
    })
    optimiser.step(gradients)
    if (step % 20 === 19) job.progress?.((step + 1) / steps, loss)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return network.fold()
}

/** Varied images, each second one damaged, and the share of damaged pixels in each cell. */
function makeLesson({ images, scaling, augmentation }: SegmentationTraining, rows: Uint32Array, random: Random) {
  const size = imageLength(images)
  const n = images.width
  const across = n / cellSize
  const pixels = new Uint8Array(rows.length * size)
  const cells = new Float32Array(rows.length * across * across)
  rows.forEach((row, i) => {
    if (i % 2 === 0) {
      pixels.set(images.pixels.subarray(row * size, (row + 1) * size), i * size)
      return
    }
    const { pixels: changed, mask } = damaged(images, row, random)
    pixels.set(changed, i * size)
    for (let place = 0; place < mask.length; place++) {
      if (mask[place] === 0) continue
      const cell = Math.floor(place / n / cellSize) * across + Math.floor((place % n) / cellSize)
      cells[i * across * across + cell] = Math.min(1, cells[i * across * across + cell] + 4 / cellSize ** 2)
    }
  })
  const steady = { ...augmentation, shift: 0, flip_horizontal: false, flip_vertical: false }
  const all = Uint32Array.from(rows.keys())
  return { input: networkInput({ ...images, count: rows.length, pixels }, all, scaling, { by: steady, random }), cells }
}

/** Binary cross-entropy of logits, cells with a defect weighted. */
function crossEntropy(tf: TensorFlow, logits: Tensor4D, cells: Tensor4D): Tensor {
  const each = tf.sub(tf.add(tf.relu(logits), tf.softplus(tf.neg(tf.abs(logits)))), tf.mul(logits, cells))
  return tf.mean(tf.mul(each, tf.add(tf.mul(cells, defectWeight - 1), 1)))
}
