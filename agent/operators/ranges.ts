import type { TagTable } from '../core/index.ts'

/** Plausible range by tag index: the stated limits, or else those of the tag, or else none. */
export class Ranges {
  readonly #tags: TagTable
  readonly #min: number | undefined
  readonly #max: number | undefined
  #low = new Float64Array(0)
  #high = new Float64Array(0)
  #known = 0

  constructor(tags: TagTable, min?: number, max?: number) {
    this.#tags = tags
    this.#min = min
    this.#max = max
  }

  /** Limits for every tag there is; ask again with each batch. */
  all(): { readonly low: Float64Array; readonly high: Float64Array } {
    const size = this.#tags.size
    if (size > this.#low.length) this.#grow(Math.max(64, size, this.#low.length * 2))
    for (; this.#known < size; this.#known++) {
      const tag = this.#tags.at(this.#known)
      this.#low[this.#known] = this.#min ?? tag.low ?? -Infinity
      this.#high[this.#known] = this.#max ?? tag.high ?? Infinity
    }
    return { low: this.#low, high: this.#high }
  }

  #grow(capacity: number): void {
    const low = new Float64Array(capacity)
    const high = new Float64Array(capacity)
    low.set(this.#low)
    high.set(this.#high)
    this.#low = low
    this.#high = high
  }
}
