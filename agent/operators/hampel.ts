/**
 * How many times `1.4826 MAD` a value of a window has to be off its median, so that of normal noise as many values are as lie
 * beyond `k` standard deviations (.27 % for 3), whatever the window: the deviation of few values is known poorly, and plain `k`
 * would call 4.8 % of the noise spikes in a window of 7.
 *
 * The exact distribution, by quadrature: given the median the values on either side are independent; given how far one of
 * them is off, it is a spike if the median distance of the others is small enough.
 */
export function spikeFactor(window: number, k: number): number {
  const key = `${window} ${k}`
  const known = factors.get(key) ?? solve(window, k)
  factors.set(key, known)
  return known
}

const factors = new Map<string, number>()

function solve(window: number, k: number): number {
  const wanted = 2 * normalTail(k)
  let [low, high] = [k, 2 * k]
  while (rateOf(window, high * perDeviation) > wanted && high < largest) [low, high] = [high, 2 * high]
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2
    if (rateOf(window, middle * perDeviation) > wanted) low = middle
    else high = middle
  }
  return high
}

/** Standard deviations per median absolute deviation, where the noise is normal. */
export const perDeviation = 1.4826
/** A window of three hardly knows its spread: beyond this a spike is one anyway. */
const largest = 1e6
/** Points of the quadrature over the median, and over how far a value is off on the scale of its logarithm. */
const [medians, distances] = [16, 60]
const farthest = 8

/** Share of normal values that are further from their window's median than `times` its median absolute deviation. */
function rateOf(window: number, times: number): number {
  const below = window >> 1
  const above = window - 1 - below
  const spread = 1.3 / Math.sqrt(window)
  let [sum, weights] = [0, 0]
  for (let i = 0; i <= medians; i++) {
    const median = spread * 4 * ((2 * i) / medians - 1)
    const under = normalTail(-median)
    const weight = under ** below * (1 - under) ** above * density(median)
    weights += weight
    if (below > 0) sum += weight * below * sideRate(median, under, [below - 1, above], times, window, -1)
    if (above > 0) sum += weight * above * sideRate(median, 1 - under, [below, above - 1], times, window, 1)
  }
  return sum / weights / window
}

/** Chance that a value on one side of the median is a spike: over its distance, that enough of the others are much nearer. */
function sideRate(
  median: number,
  mass: number,
  others: readonly [below: number, above: number],
  times: number,
  window: number,
  side: 1 | -1,
): number {
  const under = normalTail(-median)
  let sum = 0
  for (let j = 0; j < distances; j++) {
    const distance = (farthest * (j + 0.5)) / distances
    const near = distance / times
    const low = between(median - near, near) / under
    const high = between(median, near) / (1 - under)
    sum += (density(median + side * distance) / mass) * atLeast(window >> 1, others, [low, high])
  }
  return (sum * farthest) / distances
}

/** Chance that at least `least` of the values on both sides are near, each with the chance of its side. */
function atLeast(
  least: number,
  [below, above]: readonly [number, number],
  [low, high]: readonly [number, number],
): number {
  const first = binomial(below, low)
  const second = binomial(above, high)
  let sum = 0
  let tail = 0
  let from = above + 1
  for (let count = 0; count <= below; count++) {
    while (from > Math.max(0, least - count)) tail += second[--from]
    sum += first[count] * tail
  }
  return sum
}

/** Chances of each number of successes, where one has this chance below 1. */
function binomial(count: number, chance: number): Float64Array {
  const own = Math.min(chance, 1 - 1e-9)
  const result = new Float64Array(count + 1)
  result[0] = (1 - own) ** count
  for (let i = 0; i < count; i++) result[i + 1] = (result[i] * ((count - i) * own)) / ((i + 1) * (1 - own))
  return result
}

/** Share of a normal distribution from `x` on over `width`, by Simpson's rule. */
function between(x: number, width: number): number {
  const panels = Math.min(8, 1 + Math.floor(4 * width))
  const step = width / panels / 2
  let sum = 0
  for (let i = 0; i < panels; i++) {
    const at = x + 2 * i * step
    sum += density(at) + 4 * density(at + step) + density(at + 2 * step)
  }
  return (sum * step) / 3
}

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)

/** Share of a normal distribution beyond `x`: W. J. Cody's kind of fraction, after Abramowitz and Stegun 26.2.14, and its series near 0. */
function normalTail(x: number): number {
  if (x < 0) return 1 - normalTail(-x)
  if (x < 2.5) {
    let [term, sum] = [x, x]
    for (let n = 1; n < 60; n++) sum += term *= (x * x) / (2 * n + 1)
    return 0.5 - density(x) * sum
  }
  let fraction = x
  for (let n = 40; n > 0; n--) fraction = x + n / fraction
  return density(x) / fraction
}
