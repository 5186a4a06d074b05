import { DetectorError, type FeatureBatch } from '../../agent/core/index.ts'
import { Imputer, thresholdOf, unpackSymmetric } from './imputer.ts'
import type { Manifest } from './manifest.ts'
import { ModeImputer } from './named-modes.ts'
import type { Numbers } from './runtime.ts'

/** Less than this share of the usual variance is too little to judge by. */
const leastKnown = 0.5

/** Turns feature rows into the input of a model as its manifest says: column order, scaling per asset, missing values. */
export class Standardiser {
  /** Thresholds; the last one is for unknown assets. */
  readonly thresholds: Float64Array
  readonly #names: readonly string[]
  readonly #assets: ReadonlyMap<string, number>
  readonly #mean: Float64Array
  readonly #scale: Float64Array
  readonly #scaled: boolean
  readonly #passesMissing: boolean
  /** Undefined where missing features are not told by the others. */
  readonly #imputer: Imputer | ModeImputer | undefined
  /** Share of the variance that is known of an asset where nothing is missing that it had in training, by code. */
  readonly #usual: (number | undefined)[] = []
  readonly #furthest: number
  #batchNames: readonly string[] = []
  #columns = new Int32Array(0)

  /** Throws a DetectorError (MODEL_MISMATCH) where the covariance is not of as many features. */
  constructor({
    features,
    calibration,
    scaled,
    missing,
    covariance,
    modes,
    higher_is_worse,
    furthest = Infinity,
  }: Manifest) {
    const names = Object.keys(calibration.assets)
    const rows = [...names.map((name) => calibration.assets[name]), calibration.pooled]
    this.#names = features.names
    this.#assets = new Map(names.map((name, code) => [name, code]))
    this.#mean = Float64Array.from(rows.flatMap((row) => row.mean))
    this.#scale = Float64Array.from(rows.flatMap((row) => row.scale))
    this.thresholds = Float64Array.from(rows, ({ threshold }) => (higher_is_worse ? threshold : -threshold))
    this.#scaled = scaled
    this.#passesMissing = missing !== 'refused'
    if (missing === 'imputed') this.#imputer = imputerOf({ covariance, modes }, features.names.length)
    this.#furthest = furthest
  }

  /** Index of an asset's scaling and threshold. */
  code(asset: string): number {
    return this.#assets.get(asset) ?? this.#assets.size
  }

  /** Finds the model's features among those of the batch. Throws a DetectorError where it cannot work with them. */
  prepare(names: readonly string[]): void {
    if (names === this.#batchNames) return
    this.#columns = Int32Array.from(this.#names, (name) => names.indexOf(name))
    const missing = this.#names.filter((_, column) => this.#columns[column] < 0)
    const usable = this.#scaled || this.#passesMissing ? missing.length < this.#names.length : missing.length === 0
    if (!usable) {
      throw new DetectorError(
        'MODEL_MISMATCH',
        `the model needs features that the monitor does not make: ${missing.join(', ')}`,
        {
          remedy: 'Train the model again, or give the monitor the features it was trained with.',
        },
      )
    }
    this.#batchNames = names
  }

  /** Writes row `row` of the batch into `to` at `at`. Returns its threshold; undefined: it holds too little for an opinion. */
  write(features: FeatureBatch, row: number, code: number, to: Numbers, at: number): number | undefined {
    const own = this.thresholds[code]
    if (!this.#scaled) return this.#writePlain(features, row, to, at) ? own : undefined
    if (!this.#writeScaled(features, row, code, to, at)) return undefined
    const known = this.#imputer?.fill(to, at)
    if (!known) return own
    if (known.share < leastKnown * this.#usualOf(code, this.#imputer!)) return undefined
    return thresholdOf(own, known.features, this.#names.length)
  }

  /** What is known of an asset with all the features that it had in training. */
  #usualOf(code: number, imputer: Imputer | ModeImputer): number {
    const size = this.#names.length
    return (this.#usual[code] ??=
      imputer.fill(
        Float64Array.from({ length: size }, (_, j) => (this.#scale[code * size + j] > 0 ? 0 : NaN)),
        0,
      )?.share ?? 1)
  }

  /** The value of a feature as the model takes it; a missing one counts as the mean, or passes as NaN. */
  place(value: number, column: number, code: number): number {
    if (!this.#scaled) return Number.isFinite(value) || this.#passesMissing ? value : 0
    const at = code * this.#columns.length + column
    const scale = this.#scale[at]
    if (!(scale > 0 && Number.isFinite(value))) return this.#passesMissing ? NaN : 0
    return Math.max(-this.#furthest, Math.min(this.#furthest, (value - this.#mean[at]) / scale))
  }

  #writeScaled({ values, names }: FeatureBatch, row: number, code: number, to: Numbers, at: number): boolean {
    const size = this.#columns.length
    const from = row * names.length
    let known = false
    for (let j = 0, table = code * size; j < size; j++, table++) {
      const value = this.#columns[j] < 0 ? NaN : values[from + this.#columns[j]]
      const scale = this.#scale[table]
      if (scale > 0 && Number.isFinite(value)) {
        const distance = (value - this.#mean[table]) / scale
        to[at + j] = Math.max(-this.#furthest, Math.min(this.#furthest, distance))
        known = true
      } else to[at + j] = this.#passesMissing ? NaN : 0
    }
    return known
  }

  #writePlain({ values, names }: FeatureBatch, row: number, to: Numbers, at: number): boolean {
    const from = row * names.length
    let known = 0
    for (let j = 0; j < this.#columns.length; j++) {
      const value = this.#columns[j] < 0 ? NaN : values[from + this.#columns[j]]
      const finite = Number.isFinite(value)
      if (finite) known++
      to[at + j] = finite ? value : this.#passesMissing ? NaN : 0
    }
    return this.#passesMissing ? known > 0 : known === this.#columns.length
  }
}

function imputerOf({ covariance = '', modes }: Pick<Manifest, 'covariance' | 'modes'>, size: number) {
  const matrix = unpackSymmetric(covariance, size)
  const imputer = modes ? ModeImputer.from(modes, size) : matrix && new Imputer(matrix, size)
  if (imputer) return imputer
  throw new DetectorError('MODEL_MISMATCH', `the covariance of the model is not that of its ${size} features`, {
    remedy: 'Restore the bundle from a copy, or train again.',
  })
}
