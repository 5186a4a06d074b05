/** What a monitor may conclude. */
export const predictionKinds = ['anomaly', 'fault', 'rul', 'estimate'] as const
export type PredictionKind = (typeof predictionKinds)[number]

/** What a score beyond the threshold is called, by kind. */
export const stateBeyond = {
  anomaly: 'anomaly',
  fault: 'fault',
  rul: 'failing',
  estimate: 'outside',
} as const satisfies Record<PredictionKind, string>

/** `learning`: no model yet. `unknown`: no opinion, because coverage was too low, or too much was missing. */
export type PredictionState = 'normal' | 'unknown' | 'learning' | (typeof stateBeyond)[PredictionKind]

/** A monitor's conclusion for one window of one asset; keyed by (monitor, asset, time): a later revision replaces it. */
export interface Prediction {
  /** End of the window, ms since epoch. */
  readonly time: number
  readonly asset: string
  readonly monitor: string
  readonly kind: PredictionKind
  /** See `Scores.score`. NaN where the state is `unknown` or `learning`. */
  readonly score: number
  /** NaN where the monitor does not judge. */
  readonly threshold: number
  readonly state: PredictionState
  /** Of the signals that were covered well enough to be used, the least, 0 to 1; where none was, the most of all. */
  readonly coverage: number
  readonly revision: number
  /** Version of the model that scored it, empty while learning. */
  readonly model: string
  /** Share of the score per role, 0 to 1, together 1, largest first: see `sharesOf`. */
  readonly contributions: Readonly<Record<string, number>>
  /** Signals that the model reads and had no value for, in order of its features; absent where it had all. */
  readonly missing?: readonly string[]
  /** rul: remaining life in ms; estimate: the value in its own unit. There where the kind has it and the model an opinion. */
  readonly value?: number
  /** Bounds of the interval that holds the truth nine times of ten. */
  readonly lower?: number
  readonly upper?: number
  /** fault: the concluded class. */
  readonly label?: string
  /** fault: its calibrated probability. */
  readonly probability?: number
}

/**
 * What each part adds to a score (in its unit), as a share of all that is added: 0 to 1, together 1, largest first. A part that
 * takes away from the score has none; where nothing adds, no part has.
 */
export function sharesOf(names: readonly string[], amounts: ArrayLike<number>): Record<string, number> {
  const adds = names.map((_, part) => (amounts[part] > 0 ? amounts[part] : 0))
  const sum = adds.reduce((total, amount) => total + amount, 0)
  const shares = names.map((name, part): [string, number] => [name, sum > 0 ? adds[part] / sum : 0])
  return Object.fromEntries(shares.sort((one, other) => other[1] - one[1]))
}

/**
 * Health of a score against its threshold: 1 at score 0, 0.5 at the threshold, falling towards 0 beyond.
 * Null where there is no score or no threshold.
 */
export function healthOf(score: number, threshold: number): number | null {
  if (!Number.isFinite(score) || !(threshold > 0)) return null
  return 1 / (1 + (Math.max(0, score) / threshold) ** 2)
}
