import { z } from 'zod'
import {
  type AssetClass,
  type FeatureBatch,
  type Keeper,
  type PredictionKind,
  type Window,
  type WindowBatch,
  viewOf,
} from '../../agent/core/index.ts'
import { Moments } from './moments.ts'
import { Panes } from './panes.ts'
import { parseColumn, planOf, type Plan, type RolePlan } from './plan.ts'
import { assetRegistry, columnsOf, featureNames, isAssetFeature, registry, type FeatureName } from './registry.ts'
import { Runs, type Run } from './runs.ts'

export {
  assetRegistry,
  featureNames,
  isAssetFeature,
  registry,
  type FeatureDefinition,
  type FeatureName,
} from './registry.ts'

/** What is computed where the settings do not say, by what a monitor concludes. */
export const defaultFeatures = {
  anomaly: ['mean', 'std'],
  fault: ['mean', 'std'],
  rul: ['mean', 'tail', 'std', 'slope', 'shift', 'age'],
  estimate: ['mean', 'std'],
} as const satisfies Record<PredictionKind, readonly FeatureName[]>

const list = z
  .array(z.enum(featureNames))
  .min(1, { error: 'name at least one feature' })
  .refine((names) => new Set(names).size === names.length, { error: 'names a feature twice' })

/** The keys of a monitor that say what is computed of a window. */
export const featureFields = {
  features: list
    .optional()
    .describe(
      `What is computed of each signal in a window: ${featureNames.join(', ')}. Where absent: ${defaultFeatures.anomaly.join(', ')}; of a model of remaining life: ${defaultFeatures.rul.join(', ')}.`,
    ),
}

/** The settings of features by themselves. */
export const featureConfig = z.strictObject({ features: list.default([...defaultFeatures.anomaly]) })
/** `leastCovered`: a signal that is covered less than this in a window, 0 to 1, has no features there; 0 where absent. */
export type FeatureSettings = z.output<typeof featureConfig> & { readonly leastCovered?: number }

/** Turns windows into feature vectors. */
export interface Features {
  /** Features and their versions, `mean@1,std@1`: part of a model's manifest, since it fits no others. */
  readonly version: string
  /** The columns at this moment: the class's roles, sorted by name, times the features, in the order of the settings; then those of the asset. */
  readonly names: readonly string[]
  /**
   * One row per window. `names` fixes the columns (those a model was trained with); where absent, they are those of
   * `Features.names`. NaN where the role has no good sample or is covered too little, or where the asset has no such role. The values depend on
   * the window alone, but for those of an asset's run (`age`, `shift`): they depend on when the run began as well, and
   * with them a window that reaches back into the run before has no value at all.
   * Throws a DetectorError (MODEL_MISMATCH) where a column is no feature's.
   */
  extract(windows: WindowBatch, names?: readonly string[]): FeatureBatch
  /** The asset failed or was serviced at `time`, ms since epoch: its next run begins, for the windows extracted from now on. */
  reset(asset: string, time: number): void
}

/** `keeper`: keeps when runs began, where that has to survive a restart. */
export function createFeatures(settings: FeatureSettings, assets: AssetClass, keeper?: Keeper): Features {
  return new ClassFeatures(settings, assets, keeper)
}

/** The version string of the features that columns are made of, as in `Features.version`. */
export function versionOf(names: readonly string[]): string {
  return describeVersion([...new Set(names.map((name) => parseColumn(name).feature))])
}

const wide = new Float64Array(64)

class ClassFeatures implements Features {
  readonly version: string
  readonly #features: readonly FeatureName[]
  readonly #leastCovered: number
  readonly #assets: AssetClass
  readonly #panes = new Panes()
  readonly #moments = new Moments()
  readonly #runs: Runs
  readonly #ofRun: boolean
  readonly #known = new WeakMap<WindowBatch, readonly (Run | undefined)[]>()
  #own: Plan = { names: [], roles: [], ofAsset: [], ofRun: false }
  #ownRoles = 0
  #fixed: Plan = this.#own

  constructor({ features, leastCovered = 0 }: FeatureSettings, assets: AssetClass, keeper?: Keeper) {
    this.#features = features
    this.#leastCovered = leastCovered
    this.#assets = assets
    this.#runs = new Runs(assets)
    this.#ofRun = features.some((name) => isAssetFeature(name) || 'ofRun' in registry[name])
    this.version = describeVersion(features)
    if (this.#ofRun) keeper?.keep('runs', this.#runs)
  }

  get names(): readonly string[] {
    return this.#ownPlan().names
  }

  extract(windows: WindowBatch, names?: readonly string[]): FeatureBatch {
    const plan = names ? this.#fixedPlan(names) : this.#ownPlan()
    const length = windows.length
    const width = plan.names.length
    const batch = {
      length,
      names: plan.names,
      values: new Float64Array(length * width).fill(NaN),
      asset: windows.map(({ asset }) => asset.name),
      start: new Float64Array(length),
      end: new Float64Array(length),
      coverage: new Float64Array(length),
      revision: new Uint16Array(length),
    }
    for (let row = 0; row < length; row++) {
      const window = windows[row]
      batch.start[row] = window.start
      batch.end[row] = window.end
      batch.coverage[row] = coverageOf(window, this.#leastCovered)
      batch.revision[row] = window.revision
    }
    const runs = this.#ofRun || plan.ofRun ? this.#runsOf(windows) : undefined
    for (const role of plan.roles) this.#fill(role, windows, runs, batch.values, width)
    if (runs && plan.ofRun) fillOfAsset(plan, windows, runs, batch.values)
    return batch
  }

  reset(asset: string, time: number): void {
    this.#runs.reset(asset, time)
  }

  /** The run of each window. The same windows again, for other columns, are in the same runs, whatever is known since. */
  #runsOf(windows: WindowBatch): readonly (Run | undefined)[] {
    let runs = this.#known.get(windows)
    if (!runs) this.#known.set(windows, (runs = windows.map((window) => this.#runs.at(window))))
    return runs
  }

  #fill(
    { name, needs, outputs }: RolePlan,
    windows: WindowBatch,
    runs: readonly (Run | undefined)[] | undefined,
    values: Float64Array,
    width: number,
  ): void {
    const index = this.#assets.roles.indexOf(name)
    if (index < 0) return
    const moments = this.#moments
    for (let row = 0; row < windows.length; row++) {
      const window = windows[row]
      if (index >= window.series.length || window.covered[index] < this.#leastCovered) continue
      const view = viewOf(window.series[index])
      if (view.length === 0) continue
      if (!this.#panes.measure(window, index, view, needs, moments)) {
        moments.measure(view.times, view.values, view.from, view.to, window.start, needs)
      }
      const first = runs?.[row]?.first[index] ?? NaN
      for (const { definition, columns } of outputs) {
        if (definition.columns === 1) {
          definition.write(moments, view, values, row * width + columns[0], first)
          continue
        }
        definition.write(moments, view, wide, 0, first)
        for (let i = 0; i < columns.length; i++) if (columns[i] >= 0) values[row * width + columns[i]] = wide[i]
      }
    }
  }

  #ownPlan(): Plan {
    const { roles } = this.#assets
    if (roles.length !== this.#ownRoles) {
      this.#ownRoles = roles.length
      const columns = this.#features.flatMap((name) => (isAssetFeature(name) ? [] : columnsOf(name)))
      const ofAsset = this.#features.filter(isAssetFeature)
      const ofRoles = [...roles].sort().flatMap((role) => columns.map((column) => `${role}.${column}`))
      this.#own = planOf([...ofRoles, ...ofAsset])
    }
    return this.#own
  }

  #fixedPlan(names: readonly string[]): Plan {
    if (this.#fixed.names !== names) this.#fixed = planOf(names)
    return this.#fixed
  }
}

/** Of the signals that are covered well enough, the least coverage; where none is, the most of all. */
function coverageOf({ asset, covered }: Window, least: number): number {
  let lowest = Infinity
  let highest = 0
  for (let role = 0; role < covered.length; role++) {
    if (!(asset.tags[role] >= 0)) continue
    const own = covered[role]
    if (own >= least && own < lowest) lowest = own
    if (own > highest) highest = own
  }
  return lowest < Infinity ? lowest : highest
}

/** Writes the features of assets, and takes back all values of windows that are not wholly in one run. */
function fillOfAsset(
  { names, ofAsset }: Plan,
  windows: WindowBatch,
  runs: readonly (Run | undefined)[],
  values: Float64Array,
): void {
  const width = names.length
  runs.forEach((run, row) => {
    if (!run) values.fill(NaN, row * width, (row + 1) * width)
    else for (const { definition, column } of ofAsset) values[row * width + column] = definition.of(windows[row], run)
  })
}

function describeVersion(features: readonly FeatureName[]): string {
  return [...features]
    .sort()
    .map((feature) => `${feature}@${versionOfFeature(feature)}`)
    .join(',')
}

function versionOfFeature(name: FeatureName): number {
  return isAssetFeature(name) ? assetRegistry[name].version : registry[name].version
}
