import { DetectorError } from '../../agent/core/index.ts'
import { loadBackend } from '../neural/index.ts'
import { openSession } from '../onnx/runtime.ts'
import { fitTrees } from '../trees/index.ts'
import { networkInput } from './cnn/augmentation.ts'
import { classifierGraph } from './cnn/graph.ts'
import { probabilities } from './cnn/network.ts'
import { classWeights, trainClassifier } from './cnn/train.ts'
import { runImages } from './evaluation.ts'
import { imageLength, pixelStatistics, selectImages, spreadRows, type ImageSet } from './images.ts'
import { openBackbone } from './embedding/backbone.ts'
import { embeddingFeatures } from './embedding/features.ts'
import { fitEmbedding, scoreEmbedding } from './embedding/fit.ts'
import { goodGraph } from './embedding/graph.ts'
import { channelsOf, imageInput, type ImageInput } from './manifest.ts'
import { cells, fitPatches, scorePatches } from './patches/fit.ts'
import { featureGraph, patchGraph } from './patches/graph.ts'
import { cellProbabilities, cellSize, segmentationGraph, segmentationScore } from './segmentation/network.ts'
import { trainSegmentation } from './segmentation/train.ts'
import type { LearnedImageSettings, Method } from './settings.ts'
import type { View } from './views.ts'
import { momentCount, momentGraph, transferGraph } from './transfer/graph.ts'
import { fitLogistic, probabilitiesOf } from './transfer/logistic.ts'
import { descriptorCount, descriptorGraph, textureGraph } from './textures/graph.ts'

/** A trained method. */
export interface Fitted {
  readonly onnx: Uint8Array
  readonly input: ImageInput
  /** Scores of held-out good images, where the fit itself holds some out. */
  readonly heldOut?: Float64Array
  /** Rows and columns of its map, where it gives one. */
  readonly cells?: number
  /** The trainer's own answers, not through the exported graph: probabilities by class, or the score. */
  answers(images: ImageSet): Promise<number[][]>
}

/** What a method learns from. */
export interface Lesson {
  readonly images: ImageSet
  /** Class of each image; all 0 where there are good images only. */
  readonly labels: Uint16Array
  readonly classes: number
  readonly settings: LearnedImageSettings
  readonly signal?: AbortSignal
  /** `share`: 0 to 1. */
  progress?(share: number): void
}

/** Every method by its name. Each is deterministic by its seed; rejects with a DetectorError or the reason of the signal. */
export const methods: Record<Method, (lesson: Lesson) => Promise<Fitted>> = {
  classifier: fitClassifier,
  textures: fitTextures,
  transfer: fitTransfer,
  patches: fitGood,
  embedding: fitEmbedded,
  segmentation: fitSegmentation,
}

const usualSizes = { classifier: 64, textures: 128, patches: 128, segmentation: 128 } as const
/** Those of networks that have seen photographs: the greatest that hardly enlarges the image is taken, each a multiple of the others. */
const sizesSeen = [64, 128, 256] as const
const mostEnlarged = 1.25
/** Good images that say enough of what good is; their features by place would fill the memory. */
const mostEmbedded = 500

/** Size and channels that a method sees images of a station at; `pixels` on their shorter side. */
export function viewFor(method: Method, settings: LearnedImageSettings, colour: 'grey' | 'rgb', pixels: number): View {
  const inColour =
    method === 'embedding' || method === 'transfer' || (method === 'classifier' && settings.methods.length === 1)
  return { size: sizeOf(method, settings, pixels), channels: inColour ? channelsOf({ colour }) : 1 }
}

/**
 * Width and height that a method sees images at. An image that is enlarged for a network that has seen photographs looks out
 * of focus to it: what tells fine textures apart is lost.
 */
export function sizeOf(method: Method, { size }: LearnedImageSettings, pixels: number): number {
  const seen = method === 'transfer' || method === 'embedding'
  const usual = () => (seen ? (sizesSeen.findLast((own) => own <= pixels * mostEnlarged) ?? sizesSeen[0]) : usualSizes[method]) // prettier-ignore
  const wanted = size ?? usual()
  if (method === 'classifier' || method === 'transfer' || wanted % 64 === 0) return wanted
  throw new DetectorError('TRAINING_FAILED', `${method} needs a size that is a multiple of 64, not ${wanted}`)
}

function inputOf({ images }: Lesson, scaling?: { mean: number[]; std: number[] }): ImageInput {
  const { width, height, channels } = images
  return imageInput.parse({ colour: channels === 1 ? 'grey' : 'rgb', width, height, ...scaling })
}

async function fitClassifier(lesson: Lesson): Promise<Fitted> {
  const { images, labels, classes, settings, signal } = lesson
  const { tf } = await loadBackend()
  const scaling = pixelStatistics(images)
  const { epochs, seed, balance, augmentation, places } = settings
  const recipe = { rate: 5e-3, weightDecay: 0.01, dropout: 0.3, smoothing: 0 }
  const options = { epochs, seed, balance, augmentation, places, ...recipe }
  const batch = Math.max(4, Math.min(32, Math.floor(images.count / 4)))
  const progress = (epoch: number) => lesson.progress?.(epoch / epochs)
  const network = await trainClassifier(tf, { images, labels, classes, scaling, batch, ...options, progress }, signal)
  const shape = [images.height, images.width, images.channels] as const
  return {
    onnx: classifierGraph(network, shape),
    input: inputOf(lesson, scaling),
    answers: (set) => {
      const all = Uint32Array.from({ length: set.count }, (_, i) => i)
      return Promise.resolve(rows(probabilities(tf, network, networkInput(set, all, scaling), shape), set.count))
    },
  }
}

async function fitTextures(lesson: Lesson): Promise<Fitted> {
  const { images, labels, classes, settings } = lesson
  const input = inputOf(lesson)
  const describe = async (set: ImageSet) => {
    const values = await through(descriptorGraph(images.width), input, set, 'descriptors')
    return { rows: set.count, columns: descriptorCount, values: Float32Array.from(values.flatMap((row) => [...row])) }
  }
  const byClass = classWeights(labels, classes, settings.balance)
  const trees = fitTrees(
    await describe(images),
    Float64Array.from(labels),
    { objective: 'softmax', classes, depth: 3, columnShare: 0.3, rowShare: 0.8, seed: settings.seed },
    {
      weights: Float64Array.from(labels, (label) => byClass[label]),
      signal: lesson.signal,
      progress: (tree) => lesson.progress?.(tree / 200),
    },
  )
  return {
    onnx: textureGraph(trees, images.width),
    input,
    answers: async (set) => rows(trees.predict(await describe(set)), set.count).map(softmax),
  }
}

async function fitTransfer(lesson: Lesson): Promise<Fitted> {
  const { images, labels, classes, settings, signal } = lesson
  const input = inputOf(lesson)
  const { width, channels } = images
  const backbone = await openBackbone(width, settings.backbone)
  const describe = (set: ImageSet, progress?: (share: number) => void) =>
    through(momentGraph(backbone, width, channels), input, set, 'moments', (share) => {
      signal?.throwIfAborted()
      progress?.(share)
    })
  const rows = await describe(images, (share) => lesson.progress?.(0.9 * share))
  const columns = momentCount(backbone)
  const values = new Float32Array(rows.length * columns)
  rows.forEach((row, i) => values.set(row, i * columns))
  const byClass = classWeights(labels, classes, settings.balance)
  const weights = Float64Array.from(labels, (label) => byClass[label])
  const model = fitLogistic({ rows: values, columns, labels, classes, weights }, signal)
  return {
    onnx: transferGraph(model, backbone, width, channels),
    input,
    answers: async (set) => (await describe(set)).map((row) => probabilitiesOf(model, row)),
  }
}

async function fitGood(lesson: Lesson): Promise<Fitted> {
  const { images } = lesson
  const input = inputOf(lesson)
  const describe = (set: ImageSet) => through(featureGraph(images.width), input, set, 'features')
  const { model, heldOut } = fitPatches(await describe(images))
  lesson.progress?.(1)
  return {
    onnx: patchGraph(model, images.width),
    input,
    heldOut,
    cells,
    answers: async (set) => (await describe(set)).map((features) => [scorePatches(model, features).score]),
  }
}

async function fitEmbedded(lesson: Lesson): Promise<Fitted> {
  const { settings, signal } = lesson
  const images = spread(lesson.images, mostEmbedded)
  const input = inputOf(lesson)
  const { width, channels } = images
  const backbone = await openBackbone(width, settings.backbone)
  const describe = (set: ImageSet, progress?: (share: number) => void) =>
    through(embeddingFeatures(backbone, width, channels), input, set, 'features', (share) => {
      signal?.throwIfAborted()
      progress?.(share)
    })
  const { model, heldOut } = fitEmbedding(
    await describe(images, (share) => lesson.progress?.(0.8 * share)),
    backbone.layers.map((layer) => layer.channels),
    settings.seed,
  )
  lesson.progress?.(1)
  return {
    onnx: goodGraph(model, backbone, width, channels),
    input,
    heldOut,
    cells,
    answers: async (set) => (await describe(set)).map((features) => [scoreEmbedding(model, features)]),
  }
}

async function fitSegmentation(lesson: Lesson): Promise<Fitted> {
  const { images, settings, signal } = lesson
  const { tf } = await loadBackend()
  const scaling = pixelStatistics(images)
  const { shown, seed, augmentation } = settings
  const options = { shown, seed, augmentation, batch: 16, rate: 5e-3, weightDecay: 0.01 }
  const progress = (share: number) => lesson.progress?.(share)
  const layers = await trainSegmentation(tf, { images, scaling, ...options, progress }, signal)
  const n = images.width
  return {
    onnx: segmentationGraph(layers, n),
    cells: n / cellSize,
    input: inputOf(lesson, scaling),
    answers: (set) =>
      Promise.resolve(
        Array.from({ length: set.count }, (_, i) => [
          segmentationScore(cellProbabilities(tf, layers, networkInput(set, [i], scaling), n)),
        ]),
      ),
  }
}

async function through(
  onnx: Uint8Array,
  input: ImageInput,
  set: ImageSet,
  output: string,
  progress?: (share: number) => void,
): Promise<Float32Array[]> {
  const session = await openSession(onnx, 'the description of images')
  try {
    return await runImages(session, input, set, output, progress)
  } finally {
    await session.close()
  }
}

/** A few images spread over a set, at most `count`. */
export function spread(set: ImageSet, count: number): ImageSet {
  return selectImages(set, spreadRows(set.count, count))
}

/** Pixels of one image of a set. */
export function pixelsAt(set: ImageSet, index: number): Uint8Array {
  return set.pixels.subarray(index * imageLength(set), (index + 1) * imageLength(set))
}

function rows(values: Float32Array | Float64Array, count: number): number[][] {
  const width = values.length / count
  return Array.from({ length: count }, (_, i) => Array.from(values.subarray(i * width, (i + 1) * width)))
}

function softmax(values: readonly number[]): number[] {
  const highest = Math.max(...values)
  const raised = values.map((value) => Math.exp(value - highest))
  const sum = raised.reduce((total, value) => total + value, 0)
  return raised.map((value) => value / sum)
}
