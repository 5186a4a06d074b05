import type { Asset } from './assets.ts'

/** The good samples of one role in one window, ascending by time. Views: valid only while the window batch is handled. */
export interface Series {
  /** ms since epoch. */
  readonly time: Float64Array
  readonly value: Float64Array
}

/**
 * A series as rows `from` to `to` (exclusive) of longer columns. `time` and `value` are made when first asked for;
 * hot loops read the columns instead. Valid only while the window batch is handled.
 */
export class SeriesView implements Series {
  readonly times: Float64Array
  readonly values: Float64Array
  readonly from: number
  readonly to: number
  /** The same object for every view of one role of one asset; undefined where nothing may be cached. */
  readonly owner: { readonly edition: number } | undefined
  /** Changes whenever late data changed samples of the owner's closed windows: what was derived from them is stale. */
  readonly edition: number

  constructor(
    times: Float64Array,
    values: Float64Array,
    from: number,
    to: number,
    owner?: { readonly edition: number },
  ) {
    this.times = times
    this.values = values
    this.from = from
    this.to = to
    this.owner = owner
    this.edition = owner?.edition ?? 0
  }

  get length(): number {
    return this.to - this.from
  }

  get time(): Float64Array {
    return this.times.subarray(this.from, this.to)
  }

  get value(): Float64Array {
    return this.values.subarray(this.from, this.to)
  }
}

/** Any series as a view. */
export function viewOf(series: Series): SeriesView {
  return series instanceof SeriesView ? series : new SeriesView(series.time, series.value, 0, series.time.length)
}

/** One closed window of one asset. */
export interface Window {
  readonly asset: Asset
  /** Event times, ms since epoch: start inclusive, end exclusive. A window of counted samples ends with its last one, inclusive. */
  readonly start: number
  readonly end: number
  /** ms from one window to the next, where windows lie on a grid: starts and ends are multiples of it past each other. */
  readonly step?: number
  /** Share of the window, 0 to 1, in which every role had a good value. */
  readonly coverage: number
  /** The same of each role by itself, by role index of the asset class; 0 where the asset has no such role. */
  readonly covered: Float64Array
  /** By role: 1 where the newest that came of it in the window was a bad value. */
  readonly bad: Uint8Array
  /** 1 at first; one more each time late data changed the window. */
  readonly revision: number
  /** By role index of the asset class; an empty series where the role has no good sample. */
  readonly series: readonly Series[]
}

/** The windows that one input closed, in order of (end, asset name). */
export type WindowBatch = readonly Window[]

/** Feature vectors of windows, row-major: `values[row * names.length + column]`. NaN where a feature has no value. */
export interface FeatureBatch {
  readonly length: number
  /** `vibration.mean`, `vibration.std`, `temperature.mean` ... in the monitor's fixed order. */
  readonly names: readonly string[]
  readonly values: Float64Array
  readonly asset: readonly string[]
  readonly start: Float64Array
  readonly end: Float64Array
  /** Of the signals that are covered well enough to be used, the least; where none is, the most of all. */
  readonly coverage: Float64Array
  readonly revision: Uint16Array
}

/** How the features were distributed in training, by column. */
export interface FeatureDistribution {
  /** Borders of the bins, ascending. */
  readonly edges: readonly (readonly number[])[]
  /** Share of the rows in each bin; the last one is that of rows without a value. */
  readonly shares: readonly (readonly number[])[]
  /** How many rows there were. */
  readonly rows: number
}

/**
 * What a detector makes of a feature batch, row by row. A higher score is worse; beyond the threshold is what the
 * monitor is there to find. The optional columns are there for the kinds that have them.
 */
export interface Scores {
  /** anomaly: distance from normal; fault: probability of any fault; rul: 1 - health; estimate: distance beyond its limits. NaN: no opinion. */
  readonly score: Float64Array
  /** NaN: the monitor does not judge. */
  readonly threshold: Float64Array
  /** Row-major, one column per role named in `tags`; shares of the score, in its unit. */
  readonly contributions: Float64Array
  readonly tags: readonly string[]
  /** rul: remaining life in ms; estimate: the value in its own unit. NaN: no opinion. */
  readonly value?: Float64Array
  /** Bounds of the interval that holds the truth nine times of ten. */
  readonly lower?: Float64Array
  readonly upper?: Float64Array
  /** fault: code of the concluded class; -1: no opinion. */
  readonly label?: Int32Array
  /** fault: calibrated probability of that class. */
  readonly probability?: Float64Array
  /** fault: classes by code; the first one is the sound state. */
  readonly classes?: readonly string[]
}
