import { quantile } from '../linear-algebra.ts'

/** How a quantity lies for good images that the fit did not see. */
export interface Calibration {
  readonly median: number
  /** Standard deviation of a normal distribution with the same middle and upper tail. */
  readonly spread: number
}

/** Least spread of the logarithm of a distance: held-out images of few parts may all be alike. */
const leastSpread = 0.01
const toDeviation = 1.4826
/** The 95 % quantile of the standard normal distribution. */
const upper = 1.645

/** From values of held-out good images. The middle half says what is usual, the upper tail is not ignored. */
export function calibrate(values: ArrayLike<number>): Calibration {
  const own = Float64Array.from(values)
  const median = quantile(own, 0.5)
  const usual = toDeviation * quantile(own.map((value) => Math.abs(value - median)), 0.5) // prettier-ignore
  return { median, spread: Math.max(leastSpread, usual, (quantile(own, 0.95) - median) / upper) }
}

/** By how many standard deviations a value is above what is usual of good images. */
export function evidence({ median, spread }: Calibration, value: number): number {
  return (value - median) / spread
}

/** Evidence beyond this says nothing more, and scores stay finite. */
export const mostEvidence = 60
/** No method is surer than this that an image is good: it must not outweigh another that has found something. */
export const leastEvidence = -2
/** What doubles a score: near the threshold, which is about 1, the score reads like a ratio of distances. */
const doubling = 4

/** A positive score, 1 at the evidence that one good image of twenty reaches. */
export function scoreOf(value: number): number {
  return 2 ** ((Math.min(value, mostEvidence) - upper) / doubling)
}

/** The slope and offset of `exp(slope * min(evidence, most) + offset)`, for graphs. */
export const scoreLine = { slope: Math.LN2 / doubling, offset: (-upper * Math.LN2) / doubling }
