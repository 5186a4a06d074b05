import { joinParts, type GraphPart } from '../onnx/graph.ts'

/** Share of the truth that an interval is to hold. */
export const coverage = 0.9

/** A residual with what was predicted; those of one group (a run, a day) are not independent of one another. */
export interface Residuals {
  readonly predicted: Float64Array
  readonly truth: Float64Array
  readonly group: Int32Array
}

/** How far the truth lies from a prediction: lines between knots, constant beyond the outer ones. */
export interface Interval {
  /** Predictions, ascending. */
  readonly knots: Float64Array
  /** Below and above the prediction at each knot: at most and at least 0. */
  readonly below: Float64Array
  readonly above: Float64Array
}

/** Groups that a knot needs, and rows; most knots. */
const knotBounds = { groups: 10, rows: 50, most: 10 } as const

/**
 * Conformal bounds from residuals on rows that a fit had not seen: quantiles of the residuals within ranges of the
 * prediction, so that an interval is as wide as errors are there. Each group counts the same.
 * Vovk, Lindsay, Nouretdinov and Gammerman (2003), "Mondrian confidence machine".
 */
export function fitInterval({ predicted, truth, group }: Residuals): Interval {
  const residuals = { predicted, truth, group }
  const ranges = rangesOf(predicted, knotCount(predicted.length, new Set(group).size))
  const tails = ranges.map((rows) => tailsOf(rows, residuals))
  return {
    knots: Float64Array.from(ranges, (rows) => rows.reduce((sum, row) => sum + predicted[row], 0) / rows.length),
    below: Float64Array.from(tails, ([below]) => below),
    above: Float64Array.from(tails, ([, above]) => above),
  }
}

/** Rows in order of their prediction, cut into at most `count` parts of about the same size, never between equal ones. */
export function rangesOf(predicted: Float64Array, count: number): Uint32Array[] {
  const order = Uint32Array.from(predicted.keys()).sort((a, b) => predicted[a] - predicted[b])
  const ranges: Uint32Array[] = []
  let from = 0
  for (let part = 1; part <= count; part++) {
    let to = Math.max(from, Math.floor((part * order.length) / count))
    while (to > 0 && to < order.length && predicted[order[to]] === predicted[order[to - 1]]) to++
    if (to > from) ranges.push(order.subarray(from, to))
    from = to
  }
  return ranges
}

/** The bounds of predictions. */
export function boundsOf(interval: Interval, predicted: Float64Array): { lower: Float64Array; upper: Float64Array } {
  return {
    lower: predicted.map((value) => value + alongLines(interval.knots, interval.below, value)),
    upper: predicted.map((value) => value + alongLines(interval.knots, interval.above, value)),
  }
}

/** Share of the truth within its bounds, in each third of the predictions, the least first: late, middle and early in a life. */
export function coverageByThird(interval: Interval, residuals: Residuals): number[] {
  const pick = (rows: Uint32Array): Residuals => ({
    predicted: Float64Array.from(rows, (row) => residuals.predicted[row]),
    truth: Float64Array.from(rows, (row) => residuals.truth[row]),
    group: Int32Array.from(rows, (row) => residuals.group[row]),
  })
  return rangesOf(residuals.predicted, 3).map((rows) => coverageOf(interval, pick(rows)))
}

/** Share of the residuals' truth within their bounds. */
export function coverageOf(interval: Interval, { predicted, truth }: Residuals): number {
  const { lower, upper } = boundsOf(interval, predicted)
  return truth.reduce((sum, value, row) => sum + (value >= lower[row] && value <= upper[row] ? 1 : 0), 0) / truth.length
}

/** Writes `lower` and `upper`, float64 like `input` [batch, 1]. */
export function intervalPart(
  { knots, below, above }: Interval,
  input: string,
  lower: string,
  upper: string,
): GraphPart {
  return joinParts(linesPart(knots, below, input, lower), linesPart(knots, above, input, upper))
}

/**
 * Writes `input` [batch, 1] plus what lines between knots have there, float64: a sum of ramps, each with the change of slope
 * at its knot.
 */
export function linesPart(knots: Float64Array, values: Float64Array, input: string, output: string): GraphPart {
  const slope = (knot: number) =>
    knot < 0 || knot >= knots.length - 1 ? 0 : (values[knot + 1] - values[knot]) / (knots[knot + 1] - knots[knot])
  const changes = knots.map((_, knot) => slope(knot) - slope(knot - 1))
  const own = (name: string) => `${output}_${name}`
  return {
    constants: [
      { name: own('knots'), shape: [1, knots.length], values: knots },
      { name: own('changes'), shape: [knots.length, 1], values: changes },
      { name: own('first'), shape: [], values: values.slice(0, 1) },
    ],
    steps: [
      { operator: 'Sub', inputs: [input, own('knots')], outputs: [own('distances')] },
      { operator: 'Relu', inputs: [own('distances')], outputs: [own('beyond')] },
      { operator: 'MatMul', inputs: [own('beyond'), own('changes')], outputs: [own('ramps')] },
      { operator: 'Add', inputs: [own('ramps'), own('first')], outputs: [own('offset')] },
      { operator: 'Add', inputs: [input, own('offset')], outputs: [output] },
    ],
  }
}

function knotCount(rows: number, groups: number): number {
  return Math.max(
    1,
    Math.min(knotBounds.most, Math.floor(groups / knotBounds.groups), Math.floor(rows / knotBounds.rows)),
  )
}

/** The 5 % and 95 % quantiles of the residuals of some rows, 0 between them. */
function tailsOf(rows: Uint32Array, { predicted, truth, group }: Residuals): [number, number] {
  const sizes = new Map<number, number>()
  for (const row of rows) sizes.set(group[row], (sizes.get(group[row]) ?? 0) + 1)
  const residuals = Array.from(rows, (row) => ({
    value: truth[row] - predicted[row],
    weight: 1 / sizes.get(group[row])!,
  }))
  residuals.sort((a, b) => a.value - b.value)
  const total = residuals.reduce((sum, { weight }) => sum + weight, 0)
  const tail = (1 - coverage) / 2
  return [
    Math.min(0, firstBeyond(residuals, tail * total)),
    Math.max(
      0,
      -firstBeyond(
        residuals.reverse().map(({ value, weight }) => ({ value: -value, weight })),
        tail * total,
      ),
    ),
  ]
}

/** The value at which the weights, summed from the first on, have come to `mass`. */
function firstBeyond(sorted: readonly { value: number; weight: number }[], mass: number): number {
  let sum = 0
  for (const { value, weight } of sorted) {
    sum += weight
    if (sum > mass) return value
  }
  return sorted[sorted.length - 1].value
}

/** The value at `at` on lines between knots, constant beyond the outer ones. */
export function alongLines(knots: Float64Array, values: Float64Array, at: number): number {
  const last = knots.length - 1
  if (at <= knots[0]) return values[0]
  if (at >= knots[last]) return values[last]
  let next = 1
  while (knots[next] < at) next++
  const share = (at - knots[next - 1]) / (knots[next] - knots[next - 1])
  return values[next - 1] + share * (values[next] - values[next - 1])
}
