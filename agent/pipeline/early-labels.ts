import type { LabelEvent } from '../core/index.ts'

/** Labels that are kept at most; of an asset that has gone silent they would wait for ever. */
const most = 2_000

interface Saved {
  readonly waiting: readonly LabelEvent[]
  readonly ends: readonly (readonly [asset: string, end: number])[]
}

/**
 * Labels that come before the window they speak of has closed: in a file, a measured value stands in the row of its own
 * moment. They wait for that window, and are told then. A function of the windows and labels in their order.
 */
export class EarlyLabels {
  #waiting: LabelEvent[] = []
  /** End of the newest window by asset, ms since epoch. */
  readonly #ends = new Map<string, number>()

  /** Whether a label has to wait; then it is kept. What ends a run is told at once: no window of it comes any more. */
  keeps(event: LabelEvent): boolean {
    const { label, asset, time } = event
    if (label === 'failure' || label === 'maintenance' || time <= (this.#ends.get(asset) ?? -Infinity)) return false
    this.#waiting.push(event)
    if (this.#waiting.length > most) this.#waiting.splice(0, most / 2)
    return true
  }

  /** The labels whose windows have closed with this one, in order of arrival. */
  due(asset: string, end: number): LabelEvent[] {
    const newest = Math.max(end, this.#ends.get(asset) ?? -Infinity)
    this.#ends.set(asset, newest)
    if (this.#waiting.length === 0) return []
    const isDue = (event: LabelEvent) => event.asset === asset && event.time <= newest
    const due = this.#waiting.filter(isDue)
    if (due.length > 0) this.#waiting = this.#waiting.filter((event) => !isDue(event))
    return due
  }

  save(): Saved {
    return { waiting: [...this.#waiting], ends: [...this.#ends] }
  }

  load({ waiting, ends }: Saved): void {
    this.#waiting = [...waiting]
    for (const [asset, end] of ends) this.#ends.set(asset, end)
  }
}
