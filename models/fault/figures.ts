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

/** The class that is concluded of each row: the sound state up to the threshold, beyond it the likeliest fault. */
export function conclusions(shares: Float64Array, classes: number, threshold: number): Int32Array {
  const result = new Int32Array(shares.length / classes)
  for (let row = 0, from = 0; row < result.length; row++, from += classes) {
    if (1 - shares[from] <= threshold) continue
    let best = 1
    for (let k = 2; k < classes; k++) if (shares[from + k] > shares[from + best]) best = k
    result[row] = best
  }
  return result
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
