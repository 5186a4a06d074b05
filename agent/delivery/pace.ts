/** How a sink is served. Times in ms. */
export interface Pace {
  /** Most samples written in one go; a prediction or event counts as ten. */
  readonly rows: number
  /** Between two writes of little; after a silence the first goes at once. */
  readonly linger: number
  /** Longest wait before the first retry; it doubles with each, up to `slowest`. Waits are drawn from 0 to that. */
  readonly retry: number
  readonly slowest: number
  /** How long a write may go on after the stop. */
  readonly grace: number
}

/** Between two writes of what somebody waits for, and two looks whether there is any, ms. */
export const shortLinger = 50
/** Where neither sink nor caller says otherwise. */
export const usualPace: Pace = { rows: 20_000, linger: shortLinger, retry: 500, slowest: 30_000, grace: 2_000 }
