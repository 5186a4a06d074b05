import type { FeatureBatch } from '../core/index.ts'
import { roleOf } from '../../models/feature-tags.ts'
import type { Side } from './side.ts'

/** Every so many windows of an asset one is tried with an offset. */
const every = 4
/** Windows of an asset after which its spread is known well enough. */
const least = 20
/** The offset, in standard deviations of the feature over the windows of the trial. */
const offset = 4

/** Running mean and spread of the features of one asset (Welford 1962). */
interface Spread {
  count: number
  mean: Float64Array
  m2: Float64Array
}

/**
 * Tries whether a model would notice a fault: shifts the features of one signal of a window, a different signal each
 * time, by four times the spread that it had in the windows so far, and asks both models.
 */
export class Probes {
  #spreads = new Map<string, Spread>()
  #next = 0

  /** For each window that was tried, whether the model at work and its rival found the offset. */
  async take(active: Side, rival: Side, rows: readonly number[]): Promise<(readonly [boolean, boolean])[]> {
    const tried: { row: number; role: string; by: ReadonlyMap<string, number> }[] = []
    for (const row of rows) {
      const spread = this.#observe(active.features, row)
      if (spread.count < least || spread.count % every !== 0) continue
      const role = this.#nextRole(active.features)
      tried.push({ row, role, by: shiftsOf(active.features, role, spread) })
    }
    if (tried.length === 0) return []
    const ask = async ({ detector, features }: Side) => {
      const { score, threshold } = await detector.score(shifted(features, tried))
      return tried.map((_, row) => score[row] > threshold[row])
    }
    const [first, second] = [await ask(active), await ask(rival)]
    return tried.map((_, row) => [first[row], second[row]] as const)
  }

  #nextRole({ names }: FeatureBatch): string {
    const roles = [...new Set(names.map(roleOf))]
    return roles[this.#next++ % roles.length]
  }

  #observe({ names, values, asset }: FeatureBatch, row: number): Spread {
    const width = names.length
    let spread = this.#spreads.get(asset[row])
    if (spread?.mean.length !== width) {
      spread = { count: 0, mean: new Float64Array(width), m2: new Float64Array(width) }
      this.#spreads.set(asset[row], spread)
    }
    spread.count++
    for (let j = 0; j < width; j++) {
      const value = values[row * width + j]
      if (!Number.isFinite(value)) continue
      const before = value - spread.mean[j]
      spread.mean[j] += before / spread.count
      spread.m2[j] += before * (value - spread.mean[j])
    }
    return spread
  }

  save(): unknown {
    return { next: this.#next, spreads: [...this.#spreads].map(([asset, spread]) => [asset, structuredClone(spread)]) }
  }

  static load(saved: unknown): Probes {
    const { next, spreads } = saved as { next: number; spreads: [string, Spread][] }
    const probes = new Probes()
    probes.#next = next
    probes.#spreads = new Map(
      spreads.map(([asset, { count, mean, m2 }]) => [
        asset,
        { count, mean: Float64Array.from(mean), m2: Float64Array.from(m2) },
      ]),
    )
    return probes
  }
}

/** By how much each level of a signal moves: its `mean`, `min`, `max` ... all but those that an offset leaves alone. */
function shiftsOf({ names }: FeatureBatch, role: string, { count, m2 }: Spread): Map<string, number> {
  const own = names.flatMap((name, column) => (roleOf(name) === role ? [{ name, column }] : []))
  const levels = own.filter(({ name }) => /\.(mean|min|max|tail)$/.test(name))
  return new Map(
    (levels.length > 0 ? levels : own).map(({ name, column }) => [name, offset * Math.sqrt(m2[column] / count)]),
  )
}

/** Copies of the rows, with the shifts added. */
function shifted(
  features: FeatureBatch,
  tried: readonly { readonly row: number; readonly by: ReadonlyMap<string, number> }[],
): FeatureBatch {
  const { names, values } = features
  const width = names.length
  const column = <T>(from: { readonly [row: number]: T }) => tried.map(({ row }) => from[row])
  const copy = new Float64Array(tried.length * width)
  tried.forEach(({ row, by }, to) => {
    for (let j = 0; j < width; j++) copy[to * width + j] = values[row * width + j] + (by.get(names[j]) ?? 0)
  })
  return {
    length: tried.length,
    names,
    values: copy,
    asset: column(features.asset),
    start: Float64Array.from(column(features.start)),
    end: Float64Array.from(column(features.end)),
    coverage: Float64Array.from(column(features.coverage)),
    revision: Uint16Array.from(column(features.revision)),
  }
}
