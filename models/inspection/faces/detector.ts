import { readFile } from 'node:fs/promises'
import { openSession, type OnnxSession } from '../../onnx/runtime.ts'
import { faceGraph, headSize, strides } from './network.ts'

/** A place in a picture, in pixels. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** A face, from forehead to chin. */
export interface Face extends Box {
  /** 0 to 1. */
  readonly score: number
}

/** Finds upright faces in pixels [height, width, channels], one or three. Blocks the thread while the network runs. */
export interface FaceDetector {
  /** Those with a score of at least `threshold`, the surest first; no two that overlap by more than a third. */
  find(pixels: Uint8Array, width: number, height: number, threshold?: number): Promise<Face[]>
  close(): Promise<void>
}

/** The score from which on something is a face; why, by what was measured, is in models/README.md. */
const faceThreshold = 0.5

const most = { overlap: 1 / 3, faces: 256 }

/** Rejects with a DetectorError (MODEL_BROKEN) or a RangeError where the file of weights is not what it was. */
export async function openFaceDetector(): Promise<FaceDetector> {
  const bytes = await readFile(new URL('yunet/weights.bin', import.meta.url))
  const weights = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const session = await openSession(faceGraph(weights), 'the network that finds faces')
  return {
    find: async (pixels, width, height, threshold = faceThreshold) => {
      const [rows, columns] = [height, width].map((size) => Math.ceil(size / 32) * 32)
      const image = planes(pixels, { width, height, rows, columns })
      const outputs = await session.run('image', image, [1, 3, rows, columns])
      return apart(strides.flatMap((stride) => candidates(outputs, stride, columns / stride, threshold)))
    },
    close: () => session.close(),
  }
}

/** Blue, green and red one after another, black to the right and below. */
function planes(pixels: Uint8Array, size: Record<'width' | 'height' | 'rows' | 'columns', number>): Float32Array {
  const { width, height, rows, columns } = size
  const channels = pixels.length / (width * height)
  const values = new Float32Array(3 * rows * columns)
  for (let c = 0; c < 3; c++) {
    for (let y = 0, from = channels < 3 ? 0 : 2 - c; y < height; y++) {
      const to = (c * rows + y) * columns
      for (let x = 0; x < width; x++, from += channels) values[to + x] = pixels[from]
    }
  }
  return values
}

/** What the network takes for faces at one stride: logits of face and object, then centre and logarithm of the size. */
function candidates(
  outputs: Awaited<ReturnType<OnnxSession['run']>>,
  stride: number,
  columns: number,
  threshold: number,
): Face[] {
  const values = outputs[`stride${stride}`].data as Float32Array
  const count = values.length / headSize
  const found: Face[] = []
  for (let i = 0; i < count; i++) {
    const score = Math.sqrt(sigmoid(values[i]) * sigmoid(values[count + i]))
    if (score < threshold) continue
    const [width, height] = [4, 5].map((k) => Math.exp(values[k * count + i]) * stride)
    const left = ((i % columns) + values[2 * count + i]) * stride - width / 2
    const top = (Math.floor(i / columns) + values[3 * count + i]) * stride - height / 2
    found.push({ left, top, width, height, score })
  }
  return found
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function apart(found: Face[]): Face[] {
  const kept: Face[] = []
  for (const face of found.sort((a, b) => b.score - a.score)) {
    if (kept.length === most.faces) break
    if (kept.every((other) => overlap(face, other) <= most.overlap)) kept.push(face)
  }
  return kept
}

/** Area that two have in common, as a share of what they cover together. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left)
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top)
  if (width <= 0 || height <= 0) return 0
  return (width * height) / (a.width * a.height + b.width * b.height - width * height)
}
