/** What is summed up of a series; bits, so that nothing is computed that no feature needs. */
export const Need = { spread: 1, shape: 2, range: 4, slope: 8, crossings: 16, spectrum: 32 } as const

/** Moments of a series, from which most features follow. Sums of powers are about the mean. */
export class Moments {
  n = 0
  mean = 0
  m2 = 0
  m3 = 0
  m4 = 0
  min = Infinity
  max = -Infinity
  /** Mean time, ms after the first sample's own origin as given to `measure`. */
  meanTime = 0
  time2 = 0
  timeValue = 0

  clear(): void {
    this.n = this.mean = this.m2 = this.m3 = this.m4 = this.meanTime = this.time2 = this.timeValue = 0
    this.min = Infinity
    this.max = -Infinity
  }

  /** Takes the moments of rows `from` to `to`, in two passes: stable for large offsets, exactly 0 for constants. */
  measure(times: Float64Array, values: Float64Array, from: number, to: number, origin: number, needs: number): void {
    this.clear()
    if (to === from) return
    this.n = to - from
    const lift = meanAbove(values, from, to)
    this.mean = values[from] + lift
    if (needs & Need.range) this.#range(values, from, to)
    if (needs & Need.shape) this.#shape(values, from, to, lift)
    else if (needs & Need.spread) this.m2 = spreadOf(values, from, to, this.mean)
    if (needs & Need.slope) this.#slope(times, values, from, to, origin)
  }

  /**
   * Adds the moments of samples that follow, whose times count from the same origin.
   * Chan, Golub, LeVeque 1979, Updating Formulae; Pébay 2008, Formulas for Robust, One-Pass Parallel Computation.
   */
  merge(b: Moments, needs: number): void {
    if (b.n === 0) return
    if (this.n === 0) {
      this.copy(b)
      return
    }
    const n = this.n + b.n
    const d = b.mean - this.mean
    const dn = d / n
    const product = this.n * b.n
    const term = d * dn * product
    if (needs & Need.shape) {
      const dn2 = dn * dn
      this.m4 +=
        b.m4 +
        term * dn2 * (this.n * this.n - product + b.n * b.n) +
        6 * dn2 * (this.n * this.n * b.m2 + b.n * b.n * this.m2) +
        4 * dn * (this.n * b.m3 - b.n * this.m3)
      this.m3 += b.m3 + term * dn * (this.n - b.n) + 3 * dn * (this.n * b.m2 - b.n * this.m2)
    }
    if (needs & Need.slope) {
      const dt = b.meanTime - this.meanTime
      this.timeValue += b.timeValue + (dt * d * product) / n
      this.time2 += b.time2 + (dt * dt * product) / n
      this.meanTime += (dt * b.n) / n
    }
    this.m2 += b.m2 + term
    this.mean += dn * b.n
    if (b.min < this.min) this.min = b.min
    if (b.max > this.max) this.max = b.max
    this.n = n
  }

  copy(b: Moments): void {
    this.n = b.n
    this.mean = b.mean
    this.m2 = b.m2
    this.m3 = b.m3
    this.m4 = b.m4
    this.min = b.min
    this.max = b.max
    this.meanTime = b.meanTime
    this.time2 = b.time2
    this.timeValue = b.timeValue
  }

  #range(values: Float64Array, from: number, to: number): void {
    let min = values[from]
    let max = min
    for (let i = from + 1; i < to; i++) {
      const x = values[i]
      if (x < min) min = x
      if (x > max) max = x
    }
    this.min = min
    this.max = max
  }

  /** About the first value plus `lift`, unrounded: a mean rounded under a large offset would skew. */
  #shape(values: Float64Array, from: number, to: number, lift: number): void {
    const first = values[from]
    let m2 = 0
    let m3 = 0
    let m4 = 0
    for (let i = from; i < to; i++) {
      const d = values[i] - first - lift
      const d2 = d * d
      m2 += d2
      m3 += d2 * d
      m4 += d2 * d2
    }
    this.m2 = m2
    this.m3 = m3
    this.m4 = m4
  }

  #slope(times: Float64Array, values: Float64Array, from: number, to: number, origin: number): void {
    const { mean } = this
    let sum = 0
    for (let i = from; i < to; i++) sum += times[i] - origin
    const meanTime = sum / (to - from)
    let time2 = 0
    let timeValue = 0
    for (let i = from; i < to; i++) {
      const dt = times[i] - origin - meanTime
      time2 += dt * dt
      timeValue += dt * (values[i] - mean)
    }
    this.meanTime = meanTime
    this.time2 = time2
    this.timeValue = timeValue
  }
}

// Four sums at a time do not wait for one another: twice as fast as one.

/** How far the mean lies above the first value: exactly 0 for a constant series. */
function meanAbove(values: Float64Array, from: number, to: number): number {
  const first = values[from]
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = from
  for (; i + 3 < to; i += 4) {
    a += values[i] - first
    b += values[i + 1] - first
    c += values[i + 2] - first
    d += values[i + 3] - first
  }
  for (; i < to; i++) a += values[i] - first
  return (a + b + (c + d)) / (to - from)
}

function spreadOf(values: Float64Array, from: number, to: number, mean: number): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = from
  for (; i + 3 < to; i += 4) {
    const w = values[i] - mean
    const x = values[i + 1] - mean
    const y = values[i + 2] - mean
    const z = values[i + 3] - mean
    a += w * w
    b += x * x
    c += y * y
    d += z * z
  }
  for (; i < to; i++) {
    const w = values[i] - mean
    a += w * w
  }
  return a + b + (c + d)
}
