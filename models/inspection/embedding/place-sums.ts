import { DetectorError } from '../../../agent/core/index.ts'
import { crossProduct, inverseCholesky } from '../../linear-algebra.ts'
import type { Gaussian } from '../patches/gaussian.ts'
import { places } from './features.ts'

/** Sums of vectors by place, and of their products: what Gaussians over any set of places, and of images, are made of. */
export interface PlaceSums {
  /** Images. */
  readonly count: number
  readonly size: number
  /** [place, size] */
  readonly sums: Float64Array
  /** [place, size, size] */
  readonly products: Float64Array
}

/** How far correlations are drawn to none: a place has few images for so many numbers. */
const shrinkage = 0.1
/** Deviations at a place are not taken for smaller than this share of those over all places and images. */
const leastDeviation = 0.05

/** Of vectors [image][place, size]. */
export function sumsByPlace(images: readonly Float64Array[], size: number): PlaceSums {
  const sums = new Float64Array(places * size)
  const products = new Float64Array(places * size * size)
  const rows = new Float64Array(images.length * size)
  for (let place = 0; place < places; place++) {
    images.forEach((image, i) => rows.set(image.subarray(place * size, (place + 1) * size), i * size))
    for (let at = 0; at < rows.length;) for (let j = 0; j < size; j++) sums[place * size + j] += rows[at++]
    products.set(crossProduct(rows, images.length, size), place * size * size)
  }
  return { count: images.length, size, sums, products }
}

/** Of the images of both. */
export function joined(a: PlaceSums, b: PlaceSums): PlaceSums {
  return combined(a, b, 1)
}

/** Of the images of `a` that are not those of `b`. */
export function less(a: PlaceSums, b: PlaceSums): PlaceSums {
  return combined(a, b, -1)
}

function combined(a: PlaceSums, b: PlaceSums, sign: 1 | -1): PlaceSums {
  return {
    count: a.count + sign * b.count,
    size: a.size,
    sums: a.sums.map((value, i) => value + sign * b.sums[i]),
    products: a.products.map((value, i) => value + sign * b.products[i]),
  }
}

/**
 * A Gaussian over the vectors at some places, its correlations shrunk. Throws a DetectorError (TRAINING_FAILED) where the
 * images allow none.
 */
export function gaussianOf({ count, size, sums, products }: PlaceSums, at: readonly number[]): Gaussian {
  const mean = new Float64Array(size)
  const matrix = new Float64Array(size * size)
  const length = count * at.length
  for (const place of at) {
    for (let j = 0; j < size; j++) mean[j] += sums[place * size + j] / length
    for (let i = 0, from = place * size * size; i < matrix.length; i++, from++) matrix[i] += products[from]
  }
  for (let j = 0; j < size; j++) for (let k = 0; k < size; k++) matrix[j * size + k] = matrix[j * size + k] / length - mean[j] * mean[k] // prettier-ignore
  const scale = Float64Array.from({ length: size }, (_, j) =>
    Math.sqrt(Math.max(0, matrix[j * size + j]) + leastDeviation ** 2),
  )
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < size; k++) {
      const correlation = matrix[j * size + k] / (scale[j] * scale[k])
      matrix[j * size + k] = j === k ? 1 : (1 - shrinkage) * correlation
    }
  }
  const whitening = inverseCholesky(matrix, size)
  if (!whitening) throw new DetectorError('TRAINING_FAILED', 'the good images are all the same, to the pixel')
  for (let i = 0; i < whitening.length;) for (let j = 0; j < size; j++, i++) whitening[i] /= scale[j]
  return { mean, whitening }
}
