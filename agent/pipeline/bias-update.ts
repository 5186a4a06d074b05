import type { FeatureBatch, LabelEvent, Scores } from '../core/index.ts'

/** By how much of a deviation the offset follows; which of them is best is told by the deviations themselves. */
const follows = [0, 0.1, 0.3, 0.6] as const
/** Weight of what was before, in the squares that tell it: some twenty measured values are remembered. */
const forgetting = 0.95
/** By how much the width of intervals changes with a value beyond it; and its bounds. */
const step = 0.1
const bounds = { least: 0.1, most: 20 } as const
/** Share of the measured values that is to lie beyond an interval. */
const beyond = 0.1
/** Estimates kept for measured values that come later. */
const mostTold = 2_000

/** How an asset's measured values deviate, for each way to follow them. */
interface Track {
  readonly offset: number[]
  readonly square: number[]
}

interface Told {
  readonly asset: string
  readonly start: number
  readonly end: number
  /** As the model says it. */
  readonly value: number
  /** As it was told. */
  readonly lower: number
  readonly upper: number
}

interface Saved {
  readonly tracks: readonly (readonly [string, Track])[]
  readonly told: readonly Told[]
  readonly scale: number
}

/** What an estimate is held against; see `estimateConfig`. */
export interface Limits {
  readonly low?: number | undefined
  readonly high?: number | undefined
}

/**
 * Corrects estimates between trainings by what was measured since: an offset per asset that follows the deviations (bias
 * update), and a width of the intervals that holds nine of ten whatever comes (Gibbs and Candès 2021, "Adaptive conformal
 * inference under distribution shift"). Offsets begin anew with each model. A function of the windows and labels in their order.
 */
export class BiasUpdate {
  readonly #limits: Limits | undefined
  readonly #tracks = new Map<string, Track>()
  #told: Told[] = []
  #scale = 1

  constructor(limits: Limits | undefined) {
    this.#limits = limits
  }

  /** Another model, which deviates in its own way; how much wider than told errors are after a while is the plant's. */
  begin(): void {
    this.#tracks.clear()
    this.#told = []
  }

  /** A copy of scores whose rows `correct` may change; the same where there is no estimate in them. */
  open(scores: Scores): Scores {
    const { value, lower, upper, score } = scores
    if (!value || !lower || !upper) return scores
    return { ...scores, score: score.slice(), value: value.slice(), lower: lower.slice(), upper: upper.slice() }
  }

  /** Moves the estimate of a row by what is known, and keeps it until its measured value comes. */
  correct({ asset, start, end }: FeatureBatch, { value, lower, upper, score }: Scores, row: number): void {
    if (!value || !lower || !upper || Number.isNaN(value[row])) return
    const raw = value[row]
    const moved = raw + this.#offset(asset[row])
    lower[row] = moved - this.#scale * (raw - lower[row])
    upper[row] = moved + this.#scale * (upper[row] - raw)
    value[row] = moved
    const { low = -Infinity, high = Infinity } = this.#limits ?? {}
    if (low > -Infinity || high < Infinity) score[row] = Math.max(low - moved, moved - high)
    this.#told.push({ asset: asset[row], start: start[row], end: end[row], value: raw, lower: lower[row], upper: upper[row] }) // prettier-ignore
    if (this.#told.length > mostTold) this.#told.splice(0, mostTold / 2)
  }

  /** Takes what was measured. */
  label({ label, asset, time, value }: LabelEvent): void {
    if (label !== 'value' || value === undefined || !Number.isFinite(value)) return
    const told = this.#told.find((one) => one.asset === asset && one.start <= time && time <= one.end)
    if (!told) return
    const missed = value < told.lower || value > told.upper ? 1 : 0
    this.#scale = Math.max(bounds.least, Math.min(bounds.most, this.#scale * Math.exp(step * (missed - beyond))))
    let track = this.#tracks.get(asset)
    if (!track) this.#tracks.set(asset, (track = { offset: follows.map(() => 0), square: follows.map(() => 0) }))
    const { offset, square } = track
    follows.forEach((share, way) => {
      const deviation = value - told.value - offset[way]
      square[way] = forgetting * square[way] + (1 - forgetting) * deviation ** 2
      offset[way] += share * deviation
    })
  }

  /** By the way that was nearest to the newest measured values; none at first. */
  #offset(asset: string): number {
    const track = this.#tracks.get(asset)
    if (!track) return 0
    const { offset, square } = track
    return offset[square.indexOf(Math.min(...square))]
  }

  save(): Saved {
    const tracks = [...this.#tracks].map(([asset, track]) => [asset, structuredClone(track)] as const)
    return { tracks, told: [...this.#told], scale: this.#scale }
  }

  load({ tracks, told, scale }: Saved): void {
    this.#tracks.clear()
    for (const [asset, track] of tracks) this.#tracks.set(asset, structuredClone(track))
    this.#told = [...told]
    this.#scale = scale
  }
}
