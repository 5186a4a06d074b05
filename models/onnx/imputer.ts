import { inverseCholesky } from '../linear-algebra.ts'

/** Features that lie together with more others than this are too many to be told by each other: the manifest would be megabytes. */
export const mostImputed = 256

/** Sets of missing features whose solution is kept. */
const mostPatterns = 64

/** What the present features of a row say of the missing ones. */
interface Pattern {
  readonly present: readonly number[]
  readonly missing: readonly number[]
  /** From present to missing, row-major by missing. */
  readonly weights: Float64Array
  /** Inverse of the Cholesky factor of the covariance of the present ones, lower triangular. */
  readonly root: Float64Array
  /** Logarithm of the determinant of that covariance. */
  readonly volume: number
  readonly known: Known
}

/** How much of a row is known. */
export interface Known {
  /** Features that have a value. */
  readonly features: number
  /** Share of the variance of all features that is seen, or told by what is seen; 0 to 1. */
  readonly share: number
}

/**
 * Puts conditional means in the place of missing features: with the precision of the same covariance the squared distance of
 * a row is then that of its present features under their own covariance, the exact marginal of the Gaussian.
 */
export class Imputer {
  readonly #covariance: Float64Array
  readonly #size: number
  readonly #patterns = new Map<string, Pattern>()

  /** @param covariance of standardised features, `size` x `size`, row-major, positive definite */
  constructor(covariance: Float64Array, size: number) {
    this.#covariance = covariance
    this.#size = size
  }

  /** Replaces NaN among the features of `rows` from `at` on; undefined where none is missing. */
  fill(rows: Float64Array | Float32Array, at: number): Known | undefined {
    const { present, missing, weights, known } = this.#patternAt(rows, at)
    if (missing.length === 0) return undefined
    missing.forEach((column, row) => {
      let value = 0
      for (let k = 0; k < present.length; k++) value += weights[row * present.length + k] * rows[at + present[k]]
      rows[at + column] = value
    })
    return known
  }

  /** Minus twice the logarithm of the density of the present features, but for a constant. */
  surprise(rows: Float64Array, at: number): number {
    const pattern = this.#patternAt(rows, at)
    return pattern.volume + distance(pattern, rows, at)
  }

  /** Whether the present features are where hardly any row of this covariance is: beyond four standard deviations of the distance. */
  isFar(rows: Float64Array, at: number): boolean {
    const pattern = this.#patternAt(rows, at)
    return distance(pattern, rows, at) > quantileOf(pattern.present.length, 4)
  }

  #patternAt(rows: Float64Array | Float32Array, at: number): Pattern {
    let key = ''
    for (let j = 0; j < this.#size; j++) if (Number.isNaN(rows[at + j])) key += `${j},`
    const found = this.#patterns.get(key)
    if (found) return found
    if (this.#patterns.size >= mostPatterns) this.#patterns.clear()
    const pattern = this.#solve(new Set(key.split(',').slice(0, -1).map(Number)))
    this.#patterns.set(key, pattern)
    return pattern
  }

  /** The regression of the missing features on the present ones: S_mo S_oo^-1. */
  #solve(gone: ReadonlySet<number>): Pattern {
    const size = this.#size
    const covariance = this.#covariance
    const columns = Array.from({ length: size }, (_, column) => column)
    const missing = columns.filter((column) => gone.has(column))
    const present = columns.filter((column) => !gone.has(column))
    const width = present.length
    const own = new Float64Array(width * width)
    present.forEach((j, row) => present.forEach((k, at) => (own[row * width + at] = covariance[j * size + k])))
    const weights = new Float64Array(missing.length * width)
    const root = (width > 0 ? inverseCholesky(own, width) : undefined) ?? new Float64Array(width * width)
    const variance = (column: number) => covariance[column * size + column]
    const all = columns.reduce((sum, column) => sum + variance(column), 0)
    let told = present.reduce((sum, column) => sum + variance(column), 0)
    missing.forEach((column, row) => {
      // S_oo^-1 = LᵀL, where L is the inverse of the Cholesky factor.
      for (let i = 0; i < width; i++) {
        let half = 0
        for (let k = 0; k <= i; k++) half += root[i * width + k] * covariance[column * size + present[k]]
        told += half * half
        for (let k = 0; k <= i; k++) weights[row * width + k] += root[i * width + k] * half
      }
    })
    let volume = 0
    for (let i = 0; i < width; i++) volume -= 2 * Math.log(root[i * width + i])
    return { present, missing, weights, root, volume, known: { features: width, share: all > 0 ? told / all : 0 } }
  }
}

/** Squared distance of the present features under their own covariance. */
function distance({ present, root }: Pattern, rows: Float64Array, at: number): number {
  let sum = 0
  for (let i = 0; i < present.length; i++) {
    let part = 0
    for (let k = 0; k <= i; k++) part += root[i * present.length + k] * rows[at + present[k]]
    sum += part * part
  }
  return sum
}

/** The lower triangle of a symmetric matrix as base64 of float64, little-endian. */
export function packSymmetric(matrix: Float64Array, size: number): string {
  const bytes = Buffer.alloc(size * (size + 1) * 4)
  let at = 0
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++, at += 8) bytes.writeDoubleLE(matrix[j * size + k], at)
  }
  return bytes.toString('base64')
}

/** The matrix that `packSymmetric` packed; undefined where the text is not one of this size. */
export function unpackSymmetric(text: string, size: number): Float64Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== size * (size + 1) * 4) return undefined
  const matrix = new Float64Array(size * size)
  let at = 0
  for (let j = 0; j < size; j++) {
    for (let k = 0; k <= j; k++, at += 8) matrix[j * size + k] = matrix[k * size + j] = bytes.readDoubleLE(at)
  }
  return matrix
}

/** Quantile of the chi-squared distribution, by that of the normal one: Wilson and Hilferty (1931), "The distribution of chi-square". */
function quantileOf(degrees: number, normal: number): number {
  const spread = 2 / (9 * degrees)
  return degrees * Math.max(0, 1 - spread + normal * Math.sqrt(spread)) ** 3
}

/** The threshold for a squared distance of `features` of `all` features that is passed as rarely as `threshold` is with all of them. */
export function thresholdOf(threshold: number, features: number, all: number): number {
  if (features === 0 || !(threshold > 0)) return threshold
  const spread = 2 / (9 * all)
  return quantileOf(features, (Math.cbrt(threshold / all) - 1 + spread) / Math.sqrt(spread)) || threshold
}
