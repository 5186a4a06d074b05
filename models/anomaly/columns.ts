import type { FeatureBatch } from '../../agent/core/index.ts'
import { pickColumns } from '../feature-tags.ts'

/** Share of an asset's windows in which a feature has to have a value. */
const leastKnown = 0.5

/** Features that can be learned, and those that cannot because they are mostly missing in every asset. */
export interface UsableColumns {
  readonly features: FeatureBatch
  /** Share of the windows without a value, by name of the feature. */
  readonly left: ReadonlyMap<string, number>
}

/** The features that at least one asset has in half of its windows, and the one named `kept`. */
export function usableColumns(features: FeatureBatch, kept: string | undefined): UsableColumns {
  const { length, names, values, asset } = features
  const rows = new Map<string, number>()
  const known = new Map<string, Uint32Array>()
  for (let row = 0; row < length; row++) {
    const own = known.get(asset[row]) ?? new Uint32Array(names.length)
    known.set(asset[row], own)
    rows.set(asset[row], (rows.get(asset[row]) ?? 0) + 1)
    for (let j = 0; j < names.length; j++) if (Number.isFinite(values[row * names.length + j])) own[j]++
  }
  const left = new Map<string, number>()
  names.forEach((name, j) => {
    if (name === kept || [...known].some(([key, own]) => own[j] >= leastKnown * rows.get(key)!)) return
    left.set(name, 1 - [...known.values()].reduce((sum, own) => sum + own[j], 0) / Math.max(1, length))
  })
  // Where nothing is left, the message of too few windows says it better.
  if (left.size === 0 || left.size === names.length) return { features, left: new Map() }
  return { features: pickColumns(features, (name) => !left.has(name)), left }
}
