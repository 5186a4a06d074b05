import type { SeriesView, Window } from '../../agent/core/index.ts'
import { Need, type Moments } from './moments.ts'
import type { Run } from './runs.ts'
import { bandCount, bandEnergies, envelopeCount, envelopeSpectrum } from './spectrum.ts'

/** A number, or several, that describe a series. The version changes whenever the numbers do. */
export interface FeatureDefinition {
  readonly version: number
  readonly meaning: string
  /** What of `Moments` it is computed from. */
  readonly needs: number
  /** How many numbers it is: more than one are named `bands_01`, `bands_02` ... */
  readonly columns: number
  /**
   * Writes its numbers to `out` from `at` on. The series has at least one sample. `first`: the mean of the role in the
   * first window of the asset's run; NaN where `ofRun` is not set.
   */
  write(moments: Moments, view: SeriesView, out: Float64Array, at: number, first: number): void
  /** Whether it says how the asset has changed in its run, so that a window must lie wholly in one. */
  readonly ofRun?: boolean
}

/** A number that describes an asset as a whole; its column has no role. */
export interface AssetFeatureDefinition {
  readonly version: number
  readonly meaning: string
  of(window: Window, run: Run): number
}

function single(
  needs: number,
  meaning: string,
  of: (moments: Moments, view: SeriesView) => number,
  version = 1,
): FeatureDefinition {
  return { version, meaning, needs, columns: 1, write: (moments, view, out, at) => void (out[at] = of(moments, view)) }
}

const rms = ({ n, mean, m2 }: Moments) => Math.sqrt(mean * mean + m2 / n)

/** Every feature, by name. A series whose values are all equal has the shape of nothing: skew 0, kurtosis 3. */
export const registry = {
  mean: single(0, 'Mean.', ({ mean }) => mean),
  std: single(Need.spread, 'Standard deviation, of n; 0 for a single sample.', ({ n, m2 }) => Math.sqrt(m2 / n)),
  min: single(Need.range, 'Least value.', ({ min }) => min),
  max: single(Need.range, 'Largest value.', ({ max }) => max),
  rms: single(Need.spread, 'Root of the mean square.', rms),
  slope: single(Need.slope, 'Slope of the line of least squares, per second; 0 for a single sample.', (moments) =>
    moments.time2 > 0 ? (moments.timeValue / moments.time2) * 1000 : 0,
  ),
  skew: single(Need.shape, 'Skewness, m3 / m2^1.5.', ({ n, m2, m3 }) =>
    m2 > 0 ? (Math.sqrt(n) * m3) / (m2 * Math.sqrt(m2)) : 0,
  ),
  kurtosis: single(Need.shape, 'Kurtosis, m4 / m2²; 3 for a normal distribution.', ({ n, m2, m4 }) =>
    m2 > 0 ? (n * m4) / (m2 * m2) : 3,
  ),
  crest: single(Need.spread | Need.range, 'Largest magnitude over rms.', (moments) => {
    const root = rms(moments)
    return root > 0 ? Math.max(-moments.min, moments.max) / root : 1
  }),
  peak_to_peak: single(Need.range, 'Largest less least value.', ({ min, max }) => max - min),
  tail: single(0, 'Mean of the last 5 samples.', tail),
  shift: {
    version: 1,
    meaning: 'Mean less that of the first window since the first sample, failure or maintenance of the asset.',
    needs: 0,
    columns: 1,
    ofRun: true,
    write: ({ mean }, _view, out, at, first) => void (out[at] = mean - first),
  },
  zero_crossings: single(0, 'How often the value crosses its mean.', crossings),
  bands: {
    version: 1,
    meaning: 'Waveforms: log10 of the energy in 32 logarithmic bands over the ten octaves below half the rate.',
    needs: 0,
    columns: bandCount,
    write: (_moments, view, out, at) => bandEnergies(view, out, at),
  },
  envelope: {
    version: 1,
    meaning: 'Waveforms: amplitudes of the envelope at 1 to 64 times 1/2048 of the rate.',
    needs: 0,
    columns: envelopeCount,
    write: (_moments, view, out, at) => envelopeSpectrum(view, out, at),
  },
} as const satisfies Record<string, FeatureDefinition>

/** Features of assets, by name. */
export const assetRegistry = {
  age: {
    version: 1,
    meaning: 'Of the asset: seconds from its first sample, failure or maintenance to the end of the window.',
    of: ({ end }, { start }) => (end - start) / 1000,
  },
} as const satisfies Record<string, AssetFeatureDefinition>

export type RoleFeature = keyof typeof registry
export type AssetFeature = keyof typeof assetRegistry
export type FeatureName = RoleFeature | AssetFeature
export const featureNames = [...Object.keys(registry), ...Object.keys(assetRegistry)] as FeatureName[]

export function isAssetFeature(name: string): name is AssetFeature {
  return Object.hasOwn(assetRegistry, name)
}

/** The columns of a feature, without the role. */
export function columnsOf(name: RoleFeature): string[] {
  const { columns } = registry[name] as FeatureDefinition
  if (columns === 1) return [name]
  return Array.from({ length: columns }, (_, index) => `${name}_${String(index + 1).padStart(2, '0')}`)
}

const tailLength = 5

function tail(_moments: Moments, { values, from, to }: SeriesView): number {
  const start = Math.max(from, to - tailLength)
  let sum = 0
  for (let i = start; i < to; i++) sum += values[i]
  return sum / (to - start)
}

/** A value equal to the mean belongs to the side it came from. */
function crossings({ mean }: Moments, { values, from, to }: SeriesView): number {
  let count = 0
  let above: boolean | undefined
  for (let i = from; i < to; i++) {
    if (values[i] === mean) continue
    const now = values[i] > mean
    if (above !== undefined && now !== above) count++
    above = now
  }
  return count
}
