/** The smallest value that at least the share `quantile` of the weight does not exceed; 0 of no weight. */
export function weightedQuantile(values: Float64Array, weights: Float64Array, quantile: number): number {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b] || a - b)
  let total = 0
  for (const weight of weights) total += weight
  let sum = 0
  for (const row of order) {
    sum += weights[row]
    if (sum > 0 && sum >= quantile * total) return values[row]
  }
  return 0
}
