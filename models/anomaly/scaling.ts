import type { FeatureBatch } from '../../agent/core/index.ts'

/** Training rows as arrays, with assets as codes. A missing value is NaN; an infinite one counts as missing. */
export interface TrainingRows {
  readonly length: number
  /** Features per row. */
  readonly size: number
  /** Row-major. */
  readonly values: Float64Array
  /** ms since epoch. */
  readonly start: Float64Array
  readonly end: Float64Array
  /** Index into `assets`, by row. */
  readonly asset: Uint32Array
  /** In order of their names, so that the order of arrival changes nothing. */
  readonly assets: readonly string[]
}

/**
 * Where each feature of each asset lies. Row-major, one row per asset and a last one for assets that were not in the
 * training data. A scale of 0 means that the feature never had a value: it says nothing.
 */
export interface Scaling {
  readonly size: number
  readonly mean: Float64Array
  readonly scale: Float64Array
}

/** Further from the mean than this many scales says nothing more; keeps absurd values finite. */
export const furthest = 1e4

/** How many independent windows the class's scale counts for against an asset's own. */
const priorWindows = 10

/** Below this share of the mean, and below the least scale, a scale is rounding and the feature constant. */
const rounding = 1e-7
const leastScale = 1e-12

/** Training rows with what became of the others, and what is to be said of the features. */
export interface LabelledRows {
  readonly data: TrainingRows
  /** By row: 1 where a label says that the asset was sound. */
  readonly sound: Uint8Array
  /** Rows left out because no feature has a value, and because a label says that the asset was faulty. */
  readonly empty: number
  readonly faulty: number
  /** Names of features that never changed. */
  readonly still: readonly string[]
}

/** The rows of a feature batch that have a value and are not labelled as faulty (1); `labels` by row. */
export function trainingRows(features: FeatureBatch, labels?: Float64Array): LabelledRows {
  const size = features.names.length
  const filled = Array.from({ length: features.length }, (_, row) => row).filter((row) => hasValue(features.values, row * size, size)) // prettier-ignore
  const rows = labels ? filled.filter((row) => labels[row] !== 1) : filled
  const assets = [...new Set(rows.map((row) => features.asset[row]))].sort()
  const codes = new Map(assets.map((name, code) => [name, code]))
  const values = new Float64Array(rows.length * size)
  rows.forEach((row, i) => {
    for (let j = 0; j < size; j++) {
      const value = features.values[row * size + j]
      values[i * size + j] = Number.isFinite(value) ? value : NaN
    }
  })
  return {
    data: {
      length: rows.length,
      size,
      values,
      start: Float64Array.from(rows, (row) => features.start[row]),
      end: Float64Array.from(rows, (row) => features.end[row]),
      asset: Uint32Array.from(rows, (row) => codes.get(features.asset[row])!),
      assets,
    },
    sound: Uint8Array.from(rows, (row) => (labels?.[row] === 0 ? 1 : 0)),
    empty: features.length - filled.length,
    faulty: filled.length - rows.length,
    still: stillColumns(values, features.names),
  }
}

function hasValue(values: Float64Array, from: number, size: number): boolean {
  for (let at = from; at < from + size; at++) if (Number.isFinite(values[at])) return true
  return false
}

function stillColumns(values: Float64Array, names: readonly string[]): string[] {
  const size = names.length
  return names.filter((_, column) => {
    let [low, high] = [Infinity, -Infinity]
    for (let at = column; at < values.length; at += size) {
      if (values[at] < low) low = values[at]
      if (values[at] > high) high = values[at]
    }
    return low === high
  })
}

/**
 * Mean and scale of each feature per asset, as a random-effects model: an asset's mean is drawn towards the class's by
 * how much assets differ against how well its own is known, its variance by how many windows it has, and what remains
 * unknown of the mean is added to the variance. One asset alone keeps its own mean and standard deviation.
 */
export function fitScaling(data: TrainingRows, rows: Uint32Array): Scaling {
  const { size } = data
  const count = data.assets.length
  const { counts, mean, variance } = moments(data, rows)
  const overlap = rowsPerWindow(data, rows)
  const scaling = { size, mean: new Float64Array((count + 1) * size), scale: new Float64Array((count + 1) * size) }
  for (let feature = 0; feature < size; feature++) {
    const column = { feature, size, count, counts, mean, variance }
    const pooled = poolFeature(column)
    for (let asset = 0; asset <= count; asset++) {
      const at = asset * size + feature
      const known = asset < count ? counts[at] / overlap : 0
      const spread = pooled.between * known
      const trust = spread > 0 ? spread / (spread + pooled.within) : 0
      const own =
        known > 0 ? (known * variance[at] + priorWindows * pooled.within) / (known + priorWindows) : pooled.within
      scaling.mean[at] = known > 0 ? pooled.mean + trust * (mean[at] - pooled.mean) : pooled.mean
      // What an asset never had tells nothing of it; of one that is not known, all may come.
      const has = asset < count ? counts[at] > 0 : pooled.rows > 0
      scaling.scale[at] = has ? usableScale(Math.sqrt(own + pooled.between * (1 - trust)), scaling.mean[at]) : 0
    }
  }
  return scaling
}

/**
 * Rows with every feature in scales from its mean; `missing` where there is no value. `pooled`: as if no asset were
 * known.
 */
export function standardise(
  data: TrainingRows,
  scaling: Scaling,
  rows: Uint32Array,
  { pooled = false, missing = 0 }: { readonly pooled?: boolean; readonly missing?: number } = {},
): Float64Array {
  const { size } = data
  const result = new Float64Array(rows.length * size)
  for (let i = 0; i < rows.length; i++) {
    const asset = pooled ? data.assets.length : data.asset[rows[i]]
    standardiseRow(data.values, rows[i] * size, scaling, asset, missing, result, i * size)
  }
  return result
}

/** Standardises one row of `values` at `from` into `to` at `at`. */
function standardiseRow(
  values: Float64Array,
  from: number,
  { mean, scale, size }: Scaling,
  asset: number,
  missing: number,
  to: Float64Array,
  at: number,
): void {
  const offset = asset * size
  for (let j = 0; j < size; j++) {
    const distance = scale[offset + j] > 0 ? (values[from + j] - mean[offset + j]) / scale[offset + j] : NaN
    to[at + j] = Number.isNaN(distance) ? missing : Math.max(-furthest, Math.min(furthest, distance))
  }
}

interface Moments {
  /** Rows that had a value; by asset and feature, as the others. */
  readonly counts: Float64Array
  readonly mean: Float64Array
  readonly variance: Float64Array
}

function moments({ assets, asset, size, values }: TrainingRows, rows: Uint32Array): Moments {
  const counts = new Float64Array(assets.length * size)
  const mean = new Float64Array(assets.length * size)
  const variance = new Float64Array(assets.length * size)
  for (const row of rows) {
    for (let j = 0, from = row * size, to = asset[row] * size; j < size; j++, from++, to++) {
      if (Number.isNaN(values[from])) continue
      counts[to]++
      mean[to] += values[from]
    }
  }
  for (let i = 0; i < mean.length; i++) if (counts[i] > 0) mean[i] /= counts[i]
  for (const row of rows) {
    for (let j = 0, from = row * size, to = asset[row] * size; j < size; j++, from++, to++) {
      if (!Number.isNaN(values[from])) variance[to] += (values[from] - mean[to]) ** 2
    }
  }
  for (let i = 0; i < mean.length; i++) if (counts[i] > 0) variance[i] /= counts[i]
  return { counts, mean, variance }
}

/** Mean over all assets, variance within an asset and variance between the assets' means of one feature. */
function poolFeature(column: Moments & { feature: number; size: number; count: number }) {
  const { feature, size, count, counts, mean, variance } = column
  let rows = 0
  let sum = 0
  let within = 0
  let assets = 0
  for (let at = feature; at < count * size; at += size) {
    if (counts[at] === 0) continue
    assets++
    rows += counts[at]
    sum += counts[at] * mean[at]
    within += counts[at] * variance[at]
  }
  if (rows === 0) return { rows, mean: 0, within: 0, between: 0 }
  const centre = sum / rows
  let between = 0
  if (assets > 1) {
    for (let at = feature; at < count * size; at += size) between += counts[at] * (mean[at] - centre) ** 2
    between *= assets / ((assets - 1) * rows)
  }
  return { rows, mean: centre, within: within / rows, between }
}

/** How many rows share each stretch of time because windows overlap: 1 for tumbling windows, 6 for 60 s every 10 s. */
function rowsPerWindow({ start, end, asset, assets }: TrainingRows, rows: Uint32Array): number {
  const covered = new Float64Array(assets.length).fill(-Infinity)
  let length = 0
  let fresh = 0
  for (const row of rows) {
    length += end[row] - start[row]
    fresh += Math.max(0, end[row] - Math.max(start[row], covered[asset[row]]))
    covered[asset[row]] = Math.max(end[row], covered[asset[row]])
  }
  return fresh > 0 ? Math.max(1, length / fresh) : 1
}

/** A constant feature has no scale of its own: a hundredth of its value, or 1 where that is 0. */
export function usableScale(scale: number, mean: number): number {
  return scale > Math.max(leastScale, rounding * Math.abs(mean)) ? scale : Math.abs(mean) / 100 || 1
}
