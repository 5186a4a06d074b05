import { z } from 'zod'

/** A time from which on most windows are on the other side of the threshold. */
export interface ChangePoint {
  /** End of the first window after the change, ms since epoch. */
  readonly time: number
  readonly to: 'anomaly' | 'normal'
}

export const changePointState = z.strictObject({
  anomalous: z.boolean(),
  times: z.array(z.number()),
  beyond: z.array(z.boolean()),
})
export type ChangePointState = z.output<typeof changePointState>

/**
 * Finds change points by a majority vote over the most recent windows of one asset: single outliers change nothing. The
 * point is put where it parts the recent windows best, so it lies before the vote that found it. The state is all there is.
 */
export class ChangePoints {
  readonly #size: number
  #anomalous: boolean
  readonly #times: number[]
  readonly #beyond: boolean[]

  /** `size`: windows that vote, an odd number. */
  constructor(size = 9, state?: ChangePointState) {
    this.#size = size
    this.#anomalous = state?.anomalous ?? false
    this.#times = [...(state?.times ?? [])]
    this.#beyond = [...(state?.beyond ?? [])]
  }

  /** Takes the next window that has a score: its end and whether the score is beyond the threshold. */
  add(time: number, beyond: boolean): ChangePoint | undefined {
    this.#times.push(time)
    this.#beyond.push(beyond)
    if (this.#times.length > this.#size) {
      this.#times.shift()
      this.#beyond.shift()
    }
    const votes = this.#beyond.filter((one) => one !== this.#anomalous).length
    if (votes * 2 <= this.#size) return undefined
    this.#anomalous = !this.#anomalous
    return { time: this.#times[this.#split()], to: this.#anomalous ? 'anomaly' : 'normal' }
  }

  get state(): ChangePointState {
    return { anomalous: this.#anomalous, times: [...this.#times], beyond: [...this.#beyond] }
  }

  /** The place before which most windows are as they were, and from which on most are as they are now. */
  #split(): number {
    let [best, most, agreeing] = [0, -1, this.#beyond.filter((one) => one === this.#anomalous).length]
    this.#beyond.forEach((one, place) => {
      if (agreeing > most) [best, most] = [place, agreeing]
      agreeing += one === this.#anomalous ? -1 : 1
    })
    return best
  }
}
