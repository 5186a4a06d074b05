/** What a monitor may conclude. */
export type PredictionKind = 'anomaly' | 'fault' | 'rul' | 'estimate'

/** `learning`: no model yet. `unknown`: no opinion, because coverage was too low or the model had none. */
export type PredictionState = 'normal' | 'anomaly' | 'unknown' | 'learning'

/** A monitor's conclusion for one window of one asset; keyed by (monitor, asset, time): a later revision replaces it. */
export interface Prediction {
  /** End of the window, ms since epoch. */
  readonly time: number
  readonly asset: string
  readonly monitor: string
  readonly kind: PredictionKind
  /** NaN where the state is `unknown` or `learning`. */
  readonly score: number
  readonly threshold: number
  readonly state: PredictionState
  readonly coverage: number
  readonly revision: number
  /** Version of the model that scored it, empty while learning. */
  readonly model: string
  /** Share of the score per role, largest first. */
  readonly contributions: Readonly<Record<string, number>>
}
