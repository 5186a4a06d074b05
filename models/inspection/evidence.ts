import { quantile } from '../linear-algebra.ts'

/** How the logarithm of a distance lies for good images that the fit did not see. */
export interface Calibration {
  readonly median: number
  /** Standard deviation of a normal distribution with the same middle and upper tail. */
  readonly spread: number
}

/** Least spread: held-out images of few parts may all be alike. */
const leastSpread = 0.01
const toDeviation = 1.4826
/** The 95 % quantile of the standard normal distribution. */
const upper = 1.645

/** From positive distances of held-out good images. The middle half says what is usual, the upper tail is not ignored. */
export function calibrate(distances: Float64Array | readonly number[]): Calibration {
  const logs = Float64Array.from(distances, (value) => Math.log(value))
  const median = quantile(logs, 0.5)
  const usual = toDeviation * quantile(logs.map((value) => Math.abs(value - median)), 0.5) // prettier-ignore
  return { median, spread: Math.max(leastSpread, usual, (quantile(logs, 0.95) - median) / upper) }
}

/** By how many standard deviations a distance is above what is usual of good images. */
export function evidence({ median, spread }: Calibration, distance: number): number {
  return (Math.log(distance) - median) / spread
}

/** Beyond this the score says nothing more, and stays finite. */
export const mostEvidence = 60
/** What doubles a score: near the threshold, which is about 1, the score reads like a ratio of distances. */
const doubling = 4

/** A positive score, 1 at the evidence that one good image of twenty reaches. */
export function scoreOf(value: number): number {
  return 2 ** ((Math.min(value, mostEvidence) - upper) / doubling)
}

/** The slope and offset of `exp(slope * min(evidence, most) + offset)`, for graphs. */
export const scoreLine = { slope: Math.LN2 / doubling, offset: (-upper * Math.LN2) / doubling }
