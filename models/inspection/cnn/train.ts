import type { Tensor2D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../../neural/index.ts'
import { AdamW, oneCycle } from '../../neural/optimiser.ts'
import type { ImageSet } from '../images.ts'
import { differentiate } from '../network/blocks.ts'
import { seededRandom, shuffled, type Random } from '../../random.ts'
import { networkInput, type Augmentation, type Scaling } from './augmentation.ts'
import { ConvolutionalNetwork, gridOf, type TrainedNetwork } from './network.ts'

/** What a training of the classifier is told. */
export interface ClassifierTraining {
  readonly images: ImageSet
  /** Class of each image, from 0. */
  readonly labels: Uint16Array
  readonly classes: number
  readonly scaling: Scaling
  readonly augmentation: Augmentation
  /** Whether the network tells places in the image apart. */
  readonly places: boolean
  readonly epochs: number
  readonly batch: number
  readonly rate: number
  readonly weightDecay: number
  /** Share of the features that are dropped before the dense layer. */
  readonly dropout: number
  /** 0: every image counts the same; 1: every class does. */
  readonly balance: number
  /** Share of the target given to all classes alike. */
  readonly smoothing: number
  readonly seed: number
  /** Told after each epoch. */
  progress?(epoch: number, loss: number): void
}

/**
 * Trains the classifier from scratch: AdamW, one cycle of the learning rate, varied images, weighted classes. The same
 * input gives the same network. Rejects with the reason of `signal`.
 */
export async function trainClassifier(
  tf: TensorFlow,
  job: ClassifierTraining,
  signal?: AbortSignal,
): Promise<TrainedNetwork> {
  const random = seededRandom(job.seed)
  const grid = gridOf(job.images.height, job.images.width, job.places)
  const network = new ConvolutionalNetwork(job.images.channels, grid, job.classes, random)
  const batches = Math.max(1, Math.floor(job.images.count / job.batch))
  const optimiser = new AdamW(network.parameters, oneCycle(job.rate, batches * job.epochs), job.weightDecay)
  const weights = classWeights(job.labels, job.classes, job.balance)
  for (let epoch = 0; epoch < job.epochs; epoch++) {
    const order = shuffled(job.images.count, random)
    let loss = 0
    for (let batch = 0; batch < batches; batch++) {
      signal?.throwIfAborted()
      const rows = order.subarray(batch * job.batch, Math.min(order.length, (batch + 1) * job.batch))
      loss += step(tf, job, network, optimiser, rows, weights, random)
      await new Promise((resolve) => setImmediate(resolve))
    }
    job.progress?.(epoch + 1, loss / batches)
  }
  return network.fold()
}

/** Weight of each class: the inverse of its share to the power of `balance`, 1 on the average over the images. */
export function classWeights(labels: Uint16Array, classes: number, balance: number): Float32Array {
  const counts = new Float64Array(classes)
  for (const label of labels) counts[label]++
  const raw = counts.map((count) => (count === 0 ? 0 : (labels.length / (classes * count)) ** balance))
  const mean = counts.reduce((sum, count, c) => sum + count * raw[c], 0) / labels.length
  return Float32Array.from(raw, (weight) => weight / mean)
}

/** One step of the optimiser over the images at `rows`; returns their loss. */
function step(
  tf: TensorFlow,
  job: ClassifierTraining,
  network: ConvolutionalNetwork,
  optimiser: AdamW,
  rows: Uint32Array,
  weights: Float32Array,
  random: Random,
): number {
  const { height, width, channels } = job.images
  const values = networkInput(job.images, rows, job.scaling, { by: job.augmentation, random })
  const mask = Float32Array.from({ length: rows.length * network.features }, () =>
    random.uniform() < job.dropout ? 0 : 1 / (1 - job.dropout),
  )
  const { loss, gradients } = differentiate(tf, network.parameters, (tensors) => {
    const images = tf.tensor4d(values, [rows.length, height, width, channels])
    const kept = tf.tensor2d(mask, [rows.length, network.features])
    return crossEntropy(tf, network.forward(tf, tensors, images, kept), targetsOf(tf, job, rows, weights))
  })
  optimiser.step(gradients)
  return loss
}

/** Target probabilities times the weight of the image's class, [rows, classes]. */
function targetsOf(tf: TensorFlow, job: ClassifierTraining, rows: Uint32Array, weights: Float32Array): Tensor2D {
  const { classes, smoothing, labels } = job
  const values = new Float32Array(rows.length * classes)
  rows.forEach((row, i) => {
    const weight = weights[labels[row]]
    values.fill((weight * smoothing) / classes, i * classes, (i + 1) * classes)
    values[i * classes + labels[row]] += weight * (1 - smoothing)
  })
  return tf.tensor2d(values, [rows.length, classes])
}

function crossEntropy(tf: TensorFlow, logits: Tensor2D, targets: Tensor2D) {
  return tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), logits.shape[0]))
}
