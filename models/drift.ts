import { z } from 'zod'
import type { FeatureDistribution } from '../agent/core/index.ts'

/** Settings of the test for a change of a mean. */
export interface PageHinkleySettings {
  /** What one unit of the stream is: its usual standard deviation. */
  readonly scale: number
  /** Changes smaller than this, in units, are of no interest. */
  readonly tolerance: number
  /** Sum of the excess, in units, at which the mean has changed. */
  readonly limit: number
  /** Values before which there is no verdict. */
  readonly least: number
  /** Whether a fall counts as well as a rise. */
  readonly both: boolean
}

/** Notices a shift by one standard deviation within a hundred values; thousands of values without one raise nothing. */
export const pageHinkleyDefaults: PageHinkleySettings = { scale: 1, tolerance: 0.1, limit: 50, least: 30, both: false }

export const pageHinkleyState = z.strictObject({
  count: z.number(),
  mean: z.number(),
  rise: z.number(),
  fall: z.number(),
})
export type PageHinkleyState = z.output<typeof pageHinkleyState>

/**
 * Whether the mean of a stream of scores or residuals has changed. Sources: Page (1954), "Continuous inspection schemes";
 * Hinkley (1971), "Inference about the change-point from cumulative sum tests". The state is all there is: a copy
 * continues to the bit.
 */
export class PageHinkley {
  readonly #settings: PageHinkleySettings
  #count: number
  #mean: number
  #rise: number
  #fall: number

  constructor(settings: Partial<PageHinkleySettings> = {}, state?: PageHinkleyState) {
    this.#settings = { ...pageHinkleyDefaults, ...settings }
    const { count, mean, rise, fall } = state ?? { count: 0, mean: 0, rise: 0, fall: 0 }
    this.#count = count
    this.#mean = mean
    this.#rise = rise
    this.#fall = fall
  }

  /** Takes the next value; whether the mean has changed by now. One that is not finite says nothing. */
  add(value: number): boolean {
    if (Number.isFinite(value)) {
      const { scale, tolerance } = this.#settings
      this.#count++
      this.#mean += (value - this.#mean) / this.#count
      const excess = (value - this.#mean) / scale
      this.#rise = Math.max(0, this.#rise + excess - tolerance)
      this.#fall = Math.max(0, this.#fall - excess - tolerance)
    }
    return this.drifted
  }

  get drifted(): boolean {
    return this.#count >= this.#settings.least && this.statistic > this.#settings.limit
  }

  /** The sum that is held against the limit: for a metric. */
  get statistic(): number {
    return this.#settings.both ? Math.max(this.#rise, this.#fall) : this.#rise
  }

  get state(): PageHinkleyState {
    return { count: this.#count, mean: this.#mean, rise: this.#rise, fall: this.#fall }
  }
}

const bins = 10

/** Distributions of rows, row-major, `size` wide; NaN where there is no value. */
export function distributionOf(
  rows: Float64Array,
  size: number,
): { edges: number[][]; shares: number[][]; rows: number } {
  const length = rows.length / size
  const edges: number[][] = []
  const shares: number[][] = []
  for (let column = 0; column < size; column++) {
    const values = Float64Array.from({ length }, (_, row) => rows[row * size + column]).filter((value) => Number.isFinite(value)) // prettier-ignore
    const sorted = values.slice().sort()
    const cuts = values.length === 0 ? [] : Array.from({ length: bins - 1 }, (_, i) => sorted[Math.round(((i + 1) / bins) * (sorted.length - 1))]) // prettier-ignore
    const own = [...new Set(cuts)]
    const counts = new Float64Array(own.length + 2)
    for (const value of values) counts[binOf(own, value)]++
    counts[own.length + 1] = length - values.length
    edges.push(own)
    shares.push(Array.from(counts, (count) => (length > 0 ? count / length : 0)))
  }
  return { edges, shares, rows: length }
}

/** Number of the edges below a value. */
function binOf(edges: readonly number[], value: number): number {
  let bin = 0
  while (bin < edges.length && value > edges[bin]) bin++
  return bin
}

/** No share counts as less: an empty bin would be an infinite change. */
const leastShare = 1e-3

export const psiState = z.strictObject({ rows: z.number(), weight: z.number(), counts: z.array(z.array(z.number())) })
export type PsiState = z.output<typeof psiState>

/**
 * Population stability index of each feature against its reference: 0 for the same distribution; above .1 it has moved,
 * above .25 it is another one. Looks at about the last `memory` rows, older ones fade; a few hundred rows are needed, and
 * rows that overlap count for fewer. Source: Siddiqi (2006), "Credit risk scorecards". The state is all there is: a copy
 * continues to the bit.
 */
export class StabilityIndex {
  readonly #reference: Omit<FeatureDistribution, 'rows'>
  readonly #keep: number
  #rows: number
  #weight: number
  readonly #counts: readonly Float64Array[]

  constructor(reference: Omit<FeatureDistribution, 'rows'>, memory: number, state?: PsiState) {
    this.#reference = reference
    this.#keep = 1 - 1 / memory
    this.#rows = state?.rows ?? 0
    this.#weight = state?.weight ?? 0
    this.#counts = reference.shares.map((shares, column) => Float64Array.from(state?.counts[column] ?? new Float64Array(shares.length))) // prettier-ignore
  }

  /** Rows taken so far. */
  get rows(): number {
    return this.#rows
  }

  /** Takes the features of a window, from `from` on. */
  add(values: ArrayLike<number>, from: number): void {
    this.#rows++
    this.#weight = this.#weight * this.#keep + 1
    this.#counts.forEach((counts, column) => {
      const edges = this.#reference.edges[column]
      const value = values[from + column]
      for (let bin = 0; bin < counts.length; bin++) counts[bin] *= this.#keep
      counts[Number.isFinite(value) ? binOf(edges, value) : edges.length + 1]++
    })
  }

  /** The index of each feature; NaN before the first row. */
  get indices(): Float64Array {
    return Float64Array.from(this.#counts, (counts, column) => {
      if (this.#rows === 0) return NaN
      let sum = 0
      this.#reference.shares[column].forEach((share, bin) => {
        const before = Math.max(share, leastShare)
        const now = Math.max(counts[bin] / this.#weight, leastShare)
        sum += (now - before) * Math.log(now / before)
      })
      return sum
    })
  }

  get state(): PsiState {
    return { rows: this.#rows, weight: this.#weight, counts: this.#counts.map((counts) => Array.from(counts)) }
  }
}
