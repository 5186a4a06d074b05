/** Area under the curve of precision over recall (average precision); NaN where no row is positive. */
export function averagePrecision(score: Float64Array, positive: Uint8Array): number {
  const order = descending(score)
  const total = positive.reduce((sum, value) => sum + value, 0)
  let found = 0
  let area = 0
  for (let at = 0; at < order.length;) {
    let hits = 0
    const tied = score[order[at]]
    while (at < order.length && score[order[at]] === tied) hits += positive[order[at++]]
    found += hits
    area += (hits / total) * (found / at)
  }
  return area
}

/** Harmonic mean of precision and recall of the rows above the threshold. */
export function f1Above(score: Float64Array, positive: Uint8Array, threshold: number): number {
  let hits = 0
  let errors = 0
  for (let row = 0; row < score.length; row++) {
    const above = score[row] > threshold
    if (above && positive[row] === 1) hits++
    else if (above || positive[row] === 1) errors++
  }
  return f1(hits, errors)
}

/**
 * A threshold for probabilities: of all those whose F1 is within a standard error of the best one's, the nearest to a
 * half. The best one itself would follow the accidents of a few rows.
 */
export function chooseThreshold(probability: Float64Array, positive: Uint8Array): number {
  const order = descending(probability)
  const total = positive.reduce((sum, value) => sum + value, 0)
  const points: { threshold: number; f1: number; error: number }[] = []
  let hits = 0
  for (let at = 0; at < order.length; at++) {
    hits += positive[order[at]]
    const here = probability[order[at]]
    const next = at + 1 < order.length ? probability[order[at + 1]] : 0
    if (next === here) continue
    const errors = at + 1 - hits + (total - hits)
    const threshold = next < 0.5 && here > 0.5 ? 0.5 : (here + next) / 2
    points.push({ threshold, f1: f1(hits, errors), error: standardError(hits, errors) })
  }
  const best = points.reduce((a, b) => (b.f1 > a.f1 ? b : a))
  const good = points.filter((point) => point.f1 >= best.f1 - best.error)
  return good.reduce((a, b) => (Math.abs(b.threshold - 0.5) < Math.abs(a.threshold - 0.5) ? b : a)).threshold
}

function f1(hits: number, errors: number): number {
  return hits === 0 ? 0 : (2 * hits) / (2 * hits + errors)
}

/** Of F1, where hits and errors are Poisson numbers. */
function standardError(hits: number, errors: number): number {
  return (2 * Math.sqrt(hits * errors * (hits + errors))) / (2 * hits + errors) ** 2 || 0
}

function descending(values: Float64Array): Uint32Array {
  return Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b)
}

/** How classes are concluded of their probabilities. */
export interface Rule {
  /** What it costs to miss each class, the sound state among them where `hasSound`: probabilities are weighted by it. */
  readonly costs: readonly number[]
  /** Whether the first class is the sound state. */
  readonly hasSound: boolean
  /** Above it the score means a fault. */
  readonly threshold: number
}

/** Score of each row: how the likeliest fault stands against the sound state, 0 to 1; of two classes the probability of the fault. */
export function scoresOf(shares: Float64Array, { costs, hasSound }: Omit<Rule, 'threshold'>): Float64Array {
  const classes = costs.length
  return Float64Array.from({ length: shares.length / classes }, (_, row) => {
    if (!hasSound) return 1
    const from = row * classes
    let most = 0
    for (let k = 1; k < classes; k++) most = Math.max(most, costs[k] * shares[from + k])
    return most / (most + costs[0] * shares[from])
  })
}

/** The class that is concluded of each row: the sound state up to the threshold, beyond it the fault that is dearest to miss. */
export function conclusions(shares: Float64Array, rule: Rule): Int32Array {
  const { costs, hasSound, threshold } = rule
  const classes = costs.length
  return Int32Array.from(scoresOf(shares, rule), (score, row) => {
    if (hasSound && score <= threshold) return 0
    const from = row * classes
    let best = Number(hasSound)
    for (let k = best + 1; k < classes; k++)
      if (costs[k] * shares[from + k] > costs[best] * shares[from + best]) best = k
    return best
  })
}

/** Share of the rows whose class was concluded. */
export function accuracyOf(target: Float64Array, concluded: Int32Array): number {
  return target.reduce((sum, code, row) => sum + Number(code === concluded[row]), 0) / target.length
}

/** Rows: what was true; columns: what was concluded. */
export function confusionOf(target: Float64Array, concluded: Int32Array, classes: number): number[][] {
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  target.forEach((code, row) => matrix[code][concluded[row]]++)
  return matrix
}

/** F1 of each class of a confusion matrix. */
export function f1OfClasses(matrix: readonly (readonly number[])[]): number[] {
  return matrix.map((row, code) => {
    const missed = row.reduce((sum, value) => sum + value, 0) - row[code]
    const wrong = matrix.reduce((sum, other) => sum + other[code], 0) - row[code]
    return f1(row[code], missed + wrong)
  })
}
