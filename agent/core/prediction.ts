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

/** `learning`: no model yet. `unknown`: no opinion, because coverage was too low or the model had none. */
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
  readonly coverage: number
  readonly revision: number
  /** Version of the model that scored it, empty while learning. */
  readonly model: string
  /** Share of the score per role, largest first. */
  readonly contributions: Readonly<Record<string, number>>
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
