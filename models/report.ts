/** One thing that was tried in a training. */
export interface Candidate {
  /** Method and what is special about it, `gradient-boosting, with differences`. */
  readonly name: string
  /** Hyperparameters. */
  readonly settings: Readonly<Record<string, number | string | boolean>>
  /** Figures on data that it was not fitted to. */
  readonly validation: Readonly<Record<string, number>>
  readonly seconds: number
  readonly chosen: boolean
  /** Why it was not finished or not considered. */
  readonly note?: string
}

/** Rows that were not used, and why. */
export interface Exclusion {
  readonly reason: string
  readonly rows: number
  readonly asset?: string
  /** ms since epoch. */
  readonly from?: number
  readonly to?: number
}

/** A point of a training curve. */
export interface Scalar {
  /** `mlp/validation-loss` */
  readonly tag: string
  readonly step: number
  readonly value: number
}

/**
 * How a model came to be: written beside it as `report.json`, `report.md`, its figures as SVG and its scalars as a
 * TensorBoard event file.
 */
export interface Report {
  readonly monitor: string
  readonly type: string
  /** Time of training, ms since epoch. */
  readonly created: number
  readonly data: {
    /** Start of the first and end of the last window, ms since epoch. */
    readonly from: number
    readonly to: number
    readonly rows: number
    readonly used: number
    readonly assets: number
    /** What a row is, where it is no window of an asset: `parts`. */
    readonly rowsAre?: string
    /** Rows by class, of a fault model. */
    readonly classes?: Readonly<Record<string, number>>
  }
  readonly exclusions: readonly Exclusion[]
  /** How candidates were compared: `blocked in time, last 20 %`. */
  readonly split: string
  /** The figure that decided, and which way is better. */
  readonly metric: { readonly name: string; readonly better: 'higher' | 'lower' }
  readonly candidates: readonly Candidate[]
  /** Rows: what was true; columns: what was concluded; on data it was not fitted to. */
  readonly confusion?: { readonly classes: readonly string[]; readonly matrix: readonly (readonly number[])[] }
  /** SVG by file name without its ending: `confusion`, `errors`. */
  readonly figures: Readonly<Record<string, string>>
  readonly scalars: readonly Scalar[]
  /** What trained it: `tfjs-node`, `wasm`, `cpu`, or `none` where only linear algebra or trees did. */
  readonly backend: string
  readonly seconds: number
  /** Largest resident memory of the training process, bytes. */
  readonly peakMemory: number
  /** Anything a reader should know, in sentences. */
  readonly notes: readonly string[]
}
