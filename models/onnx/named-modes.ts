import { z } from 'zod'
import { Imputer, unpackSymmetric, type Known } from './imputer.ts'

const numbers = z.array(z.number())

/** Ways of running that tags name, as a manifest has them: by these a row is completed before the graph sees it. */
export const namedModes = z.strictObject({
  columns: z.array(z.int()).describe('Features that name the mode.'),
  left: z.array(z.int()).describe('Features that the score leaves out: all of the tags that name the mode.'),
  near: z.number().positive().describe('Distance from a code, scaled, up to which a row has it.'),
  modes: z
    .array(
      z.strictObject({
        codes: numbers.describe('Of the naming features, scaled.'),
        share: z.number().describe('Of the training rows.'),
        mean: numbers.describe('Of each scaled feature.'),
        factor: numbers.describe('One over the scale of each scaled feature within the mode; 0: it is left out.'),
        covariance: z.string().describe('Of the features within the mode: see `covariance`.'),
      }),
    )
    .min(1),
})

export type NamedModes = z.output<typeof namedModes>

/** Completes rows of which something is missing: the mode by the likeliest of those that fit, the rest by what it tells. */
export class ModeImputer {
  readonly #modes: NamedModes
  readonly #size: number
  readonly #imputers: readonly Imputer[]
  readonly #isLeft: Uint8Array

  private constructor(modes: NamedModes, size: number, imputers: readonly Imputer[]) {
    this.#modes = modes
    this.#size = size
    this.#imputers = imputers
    this.#isLeft = new Uint8Array(size)
    for (const column of modes.left) this.#isLeft[column] = 1
  }

  /** Undefined where the covariances are not of as many features. */
  static from(modes: NamedModes, size: number): ModeImputer | undefined {
    const matrices = modes.modes.flatMap(({ covariance }) => unpackSymmetric(covariance, size) ?? [])
    if (matrices.length < modes.modes.length) return undefined
    return new ModeImputer(modes, size, matrices.map((matrix) => new Imputer(matrix, size))) // prettier-ignore
  }

  /**
   * Replaces NaN among the scaled features of `rows` from `at` on; undefined where none is missing. A row whose naming tags fit
   * no mode stays as it is: the graph has no opinion of it. Where a naming tag is missing and the row fits none of the modes,
   * nothing is known: it may be on the way between two.
   */
  fill(rows: Float64Array | Float32Array, at: number): Known | undefined {
    const size = this.#size
    if (!rows.subarray(at, at + size).some(Number.isNaN)) return undefined
    const { columns, modes, near } = this.#modes
    let best: { mode: number; surprise: number; row: Float64Array } | undefined
    modes.forEach(({ codes, share, factor }, mode) => {
      const far = columns.reduce((sum, column, j) => sum + (Number.isNaN(rows[at + column]) ? 0 : (rows[at + column] - codes[j]) ** 2), 0) // prettier-ignore
      if (far > near ** 2) return
      const row = this.#within(rows, at, mode)
      let surprise = this.#imputers[mode].surprise(row, 0) - 2 * Math.log(share)
      for (let j = 0; j < size; j++) if (!Number.isNaN(row[j]) && factor[j] > 0) surprise -= 2 * Math.log(factor[j])
      if (!best || surprise < best.surprise) best = { mode, surprise, row }
    })
    if (!best) return { features: size, share: 1 }
    const { codes, mean, factor } = modes[best.mode]
    const imputer = this.#imputers[best.mode]
    if (columns.some((column) => Number.isNaN(rows[at + column])) && imputer.isFar(best.row, 0))
      return { features: 0, share: 0 }
    const known = imputer.fill(best.row, 0)
    for (let j = 0; j < size; j++) {
      if (!Number.isNaN(rows[at + j])) continue
      rows[at + j] = this.#isLeft[j] === 1 ? (codes[columns.indexOf(j)] ?? 0) : mean[j] + (factor[j] > 0 ? best.row[j] / factor[j] : 0)
    } // prettier-ignore
    return known ?? { features: size, share: 1 }
  }

  /** A row from the middle of a mode, in its scales; NaN where missing, 0 where left out. */
  #within(rows: Float64Array | Float32Array, at: number, mode: number): Float64Array {
    const { mean, factor } = this.#modes.modes[mode]
    return Float64Array.from({ length: this.#size }, (_, j) =>
      this.#isLeft[j] === 1 || !(factor[j] > 0) ? 0 : (rows[at + j] - mean[j]) * factor[j],
    )
  }
}
