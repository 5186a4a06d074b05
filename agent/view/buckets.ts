/** Equal parts of a time range. */
export interface Grid {
  /** Beginning of the first bucket, ms since epoch; a multiple of `step`. */
  readonly from: number
  /** ms. */
  readonly step: number
  readonly count: number
}

/**
 * A grid of at most `points` buckets over a range. Steps are round, and buckets begin at multiples of them: a range that
 * moves on with time shows the same buckets again, and pages of several sizes often the same ones.
 */
export function gridOver(from: number, to: number, points: number): Grid {
  const least = Math.max(1, (to - from) / Math.max(1, points - 1))
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = [1, 2, 5, 10].find((each) => each * power >= least) ?? 10
  const step = factor * power
  const begin = Math.floor(from / step) * step
  return { from: begin, step, count: Math.min(points, Math.floor((to - begin) / step) + 1) }
}

/** Smallest and largest value per bucket, and the worst quality. A spike of one sample is seen however far one looks. */
export class Buckets {
  readonly #grid: Grid
  readonly #min: Float64Array
  readonly #max: Float64Array
  readonly #quality: Int8Array

  constructor(grid: Grid) {
    this.#grid = grid
    this.#min = new Float64Array(grid.count).fill(Infinity)
    this.#max = new Float64Array(grid.count).fill(-Infinity)
    this.#quality = new Int8Array(grid.count).fill(-1)
  }

  /** Takes a value, NaN where there is none. Times outside of the grid are left out. */
  add(time: number, value: number, quality = 0): void {
    const bucket = Math.floor((time - this.#grid.from) / this.#grid.step)
    if (!(bucket >= 0 && bucket < this.#grid.count)) return
    if (value < this.#min[bucket]) this.#min[bucket] = value
    if (value > this.#max[bucket]) this.#max[bucket] = value
    if (quality > this.#quality[bucket]) this.#quality[bucket] = quality
  }

  get min(): (number | null)[] {
    return Array.from(this.#min, plain)
  }

  get max(): (number | null)[] {
    return Array.from(this.#max, plain)
  }

  get quality(): (0 | 1 | 2 | null)[] {
    return Array.from(this.#quality, (code) => (code < 0 ? null : (code as 0 | 1 | 2)))
  }
}

/** Seven digits are more than a screen shows, and half the bytes. */
function plain(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(7)) : null
}
