import { alongLines, rangesOf, type Residuals } from '../regression/interval.ts'

/** By how much a told life is moved: lines between knots, constant beyond the outer ones. Lives are shares of the cap. */
export interface Shift {
  readonly knots: Float64Array
  readonly values: Float64Array
}

/** It is told in each third of the predictions: early, middle and late in a life. */
const parts = 3

/**
 * How dear it is to be wrong, of a challenge on which engines' lives are compared: an error of ten cycles late costs e - 1, one
 * of thirteen early. Saxena, Goebel, Simon and Eklund (2008). In shares of a cap, which for those engines is about 125.
 */
const late = 10 / 125
const early = 13 / 125

/** What an error costs; positive where the life is told too long. */
export function costOf(error: number): number {
  return Math.expm1(error < 0 ? -error / early : error / late)
}

/** The shift that costs least over the rows of runs that were not learned from; `truth` up to the cap. */
export function fitShift(residuals: Pick<Residuals, 'predicted' | 'truth'>): Shift {
  const { predicted } = residuals
  const ranges = rangesOf(predicted, parts)
  return {
    knots: Float64Array.from(ranges, (rows) => rows.reduce((sum, row) => sum + predicted[row], 0) / rows.length),
    values: Float64Array.from(ranges, (rows) => cheapest(rows, residuals)),
  }
}

/** Lives, moved and held between nothing and the cap. */
export function shifted({ knots, values }: Shift, predicted: Float64Array): Float64Array {
  return predicted.map((value) => Math.max(0, Math.min(1, value + alongLines(knots, values, value))))
}

/** By golden section: the cost is convex. */
function cheapest(rows: Uint32Array, { predicted, truth }: Pick<Residuals, 'predicted' | 'truth'>): number {
  const costAt = (shift: number) => rows.reduce((sum, row) => sum + costOf(predicted[row] + shift - truth[row]), 0)
  const ratio = (Math.sqrt(5) - 1) / 2
  let [low, high] = [-0.5, 0.5]
  while (high - low > 1e-4) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)]
    if (costAt(a) < costAt(b)) high = b
    else low = a
  }
  return (low + high) / 2
}
