import type { FeatureBatch } from '../../../agent/core/index.ts'
import { seededRandom } from '../../../models/random.ts'
import type { TrainingInput } from '../../../models/training.ts'

/** What to make: pumps of which some windows show a fault. */
export interface Plant {
  readonly length: number
  readonly assets?: number
  readonly seed?: number
  /** Share of the windows, by class from the second on. */
  readonly shares?: readonly number[]
  /** Columns beside the three that matter, without meaning. */
  readonly noise?: number
  /** Share of values that are missing. */
  readonly missing?: number
}

export const classes = ['normal', 'cavitation', 'overload'] as const

/**
 * Labelled windows of pumps: cavitation is a high inlet temperature for that of the outlet, overload a high product of
 * torque and speed. No single feature shows either. Windows of 10 s every 10 s per asset.
 */
export function plant({
  length,
  assets = 1,
  seed = 1,
  shares = [0.1, 0.1],
  noise = 0,
  missing = 0,
}: Plant): TrainingInput & {
  readonly targets: { readonly value: Float64Array; readonly classes: readonly string[] }
} {
  const { uniform, normal } = seededRandom(seed)
  const names = ['inlet', 'outlet', 'torque', 'speed', ...Array.from({ length: noise }, (_, i) => `noise${i}`)].map(
    (tag) => `${tag}.mean`,
  )
  const values = new Float64Array(length * names.length)
  const value = new Float64Array(length)
  for (let row = 0, at = 0; row < length; row++) {
    const drawn = uniform()
    const code = drawn < shares[0] ? 1 : drawn < shares[0] + (shares[1] ?? 0) ? 2 : 0
    const weather = 20 + 8 * normal()
    const gap = code === 1 ? 2 + uniform() : 4 + 3 * uniform()
    const speed = 1000 + 1000 * uniform()
    const power = code === 2 ? 90_000 + 30_000 * uniform() : 40_000 + 48_000 * uniform()
    const row_ = [weather, weather + gap, power / speed, speed, ...Array.from({ length: noise }, () => normal())]
    for (const one of row_) values[at++] = uniform() < missing ? NaN : one
    value[row] = code
  }
  const time = (row: number) => Math.floor(row / assets) * 10_000
  const features: FeatureBatch = {
    length,
    names,
    values,
    asset: Array.from({ length }, (_, row) => `pump${row % assets}`),
    start: Float64Array.from({ length }, (_, row) => time(row)),
    end: Float64Array.from({ length }, (_, row) => time(row) + 10_000),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
  return { monitor: 'pump-faults', features, created: 1, targets: { value, classes } }
}
