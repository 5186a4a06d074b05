import { DetectorError, type FeatureBatch } from '../../agent/core/index.ts'
import type { Manifest } from './manifest.ts'
import type { Numbers } from './runtime.ts'

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
  readonly #furthest: number
  #batchNames: readonly string[] = []
  #columns = new Int32Array(0)

  constructor({ features, calibration, scaled, missing, higher_is_worse, furthest = Infinity }: Manifest) {
    const names = Object.keys(calibration.assets)
    const rows = [...names.map((name) => calibration.assets[name]), calibration.pooled]
    this.#names = features.names
    this.#assets = new Map(names.map((name, code) => [name, code]))
    this.#mean = Float64Array.from(rows.flatMap((row) => row.mean))
    this.#scale = Float64Array.from(rows.flatMap((row) => row.scale))
    this.thresholds = Float64Array.from(rows, ({ threshold }) => (higher_is_worse ? threshold : -threshold))
    this.#scaled = scaled
    this.#passesMissing = missing === 'passed'
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

  /** Writes row `row` of the batch into `to` at `at`. False: it holds too little for an opinion. */
  write(features: FeatureBatch, row: number, code: number, to: Numbers, at: number): boolean {
    return this.#scaled ? this.#writeScaled(features, row, code, to, at) : this.#writePlain(features, row, to, at)
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
