import { healthOf, type Prediction } from '../core/index.ts'

/** Windows remembered of each monitor and asset. */
const length = 90

/** The health of every asset over the last windows, in memory, for a first glance. */
export class HealthTrends {
  readonly #rings = new Map<string, { monitor: string; asset: string; values: Float32Array; next: number }>()

  take(predictions: readonly Prediction[]): void {
    for (const { monitor, asset, score, threshold, revision } of predictions) {
      if (revision > 1) continue
      const key = `${monitor}\n${asset}`
      let ring = this.#rings.get(key)
      if (!ring) {
        ring = { monitor, asset, values: new Float32Array(length), next: 0 }
        this.#rings.set(key, ring)
      }
      ring.values[ring.next++ % length] = healthOf(score, threshold) ?? NaN
    }
  }

  /** Oldest first; null where there was no opinion. */
  all(): { monitor: string; asset: string; health: (number | null)[] }[] {
    return [...this.#rings.values()].map(({ monitor, asset, values, next }) => {
      const kept = Math.min(next, length)
      const health = Array.from({ length: kept }, (_, i) => values[(next - kept + i) % length])
      return {
        monitor,
        asset,
        health: health.map((value) => (Number.isNaN(value) ? null : Math.round(value * 1e3) / 1e3)),
      }
    })
  }
}
