import { quantile } from '../linear-algebra.ts'

/** Scores of stretches of time that were held out, each in order; a score stands for so many ms. */
export interface HeldScores {
  readonly stretches: readonly Float64Array[]
  readonly step: number
}

/** What is told of the height that is passed once in a period. */
export interface ReturnLevel {
  readonly height: number
  /** Standard error of the height. */
  readonly error: number
  /** The period that it is told for, ms: a shorter one where the data say nothing of the wanted one. */
  readonly period: number
}

/** Share of the scores above which an excursion begins. */
const high = 0.95
/** So many scores below end it. */
const apart = 3
/** Fewer excursions tell nothing. */
const leastExcursions = 5

/**
 * The height that scores stay above for `dwell` in a row once in `period` ms: peaks over threshold, with exponential excesses
 * (Coles 2001, An Introduction to Statistical Modeling of Extreme Values, chapter 4; excursions are one event each, as scores
 * follow each other). It looks no further ahead than the logarithm of its horizon is within the root of the number of
 * excursions, where its error is as large as the mean excess. Undefined where there are too few.
 */
export function returnLevel(records: readonly HeldScores[], dwell: number, period: number): ReturnLevel | undefined {
  const held = records.map(({ stretches, step }) => ({ stretches: stretches.map((scores) => lasting(scores, dwell)), step }))
  const all = held.flatMap(({ stretches }) => stretches)
  const base = quantile(Float64Array.from(all.flatMap((scores) => [...scores])), high)
  const peaks = all.flatMap((scores) => excursions(scores, base))
  const time = held.reduce((sum, { stretches, step }) => sum + stretches.reduce((count, { length }) => count + length, 0) * step, 0)
  if (peaks.length < leastExcursions || !(time > 0)) return undefined
  const excess = peaks.reduce((sum, peak) => sum + peak - base, 0) / peaks.length
  const root = Math.sqrt(peaks.length)
  const ahead = Math.max(0, Math.min(root, Math.log((peaks.length * period) / time)))
  return { height: base + excess * ahead, error: (excess * ahead) / root, period: (time / peaks.length) * Math.exp(ahead) }
} // prettier-ignore

/** The least of each score and the ones before it, `dwell` together. */
function lasting(scores: Float64Array, dwell: number): Float64Array {
  if (dwell <= 1) return scores
  return Float64Array.from({ length: Math.max(0, scores.length - dwell + 1) }, (_, from) => {
    let least = Infinity
    for (let i = from; i < from + dwell; i++) if (scores[i] < least) least = scores[i]
    return least
  })
}

/** The peak of each excursion above a height. */
function excursions(scores: Float64Array, base: number): number[] {
  const peaks: number[] = []
  let last = -Infinity
  scores.forEach((score, at) => {
    if (!(score > base)) return
    if (at - last > apart) peaks.push(score)
    else if (score > peaks[peaks.length - 1]) peaks[peaks.length - 1] = score
    last = at
  })
  return peaks
}
