import type { ConnectorContext } from '../../agent/core/index.ts'

const kept = 101
/** Shortest time between two settings of the gauge, ms. */
const interval = 1_000

/** Sets the clock-skew gauge of a source to the median of arrival time minus source time over the newest arrivals. */
export class SkewMeter {
  readonly #context: ConnectorContext
  readonly #newest: number[] = []
  #next = 0
  #shown = 0

  constructor(context: ConnectorContext) {
    this.#context = context
  }

  /** `skew` in ms; NaN where the arrival had no time of its own. */
  add(skew: number): void {
    if (Number.isNaN(skew)) return
    this.#newest[this.#next] = skew
    this.#next = (this.#next + 1) % kept
    const now = this.#context.clock.now()
    if (Math.abs(now - this.#shown) < interval) return
    this.#shown = now
    const sorted = this.#newest.toSorted((a, b) => a - b)
    const median = sorted[sorted.length >> 1]
    this.#context.metrics.gauge('clock_skew_seconds', median / 1_000, { source: this.#context.name })
  }
}
