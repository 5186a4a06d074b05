import { z } from 'zod'
import { DetectorError, viewOf, type AssetClass, type FeatureBatch, type WindowBatch } from '../../agent/core/index.ts'
import { Moments } from './moments.ts'
import { Panes } from './panes.ts'
import { columnsOf, featureNames, registry, type FeatureDefinition, type FeatureName } from './registry.ts'

export { featureNames, registry, type FeatureDefinition, type FeatureName } from './registry.ts'

/** The keys of a monitor that say what is computed of a window. */
export const featureFields = {
  features: z
    .array(z.enum(featureNames))
    .min(1, { error: 'name at least one feature' })
    .refine((names) => new Set(names).size === names.length, { error: 'names a feature twice' })
    .default(['mean', 'std'])
    .describe(`What is computed of each signal in a window: ${featureNames.join(', ')}.`),
}

/** The settings of features by themselves. */
export const featureConfig = z.strictObject(featureFields)
export type FeatureSettings = z.output<typeof featureConfig>

/** Turns windows into feature vectors. */
export interface Features {
  /** Features and their versions, `mean@1,std@1`: part of a model's manifest, since it fits no others. */
  readonly version: string
  /** The columns at this moment: the class's roles, sorted by name, times the features, in the order of the settings. */
  readonly names: readonly string[]
  /**
   * One row per window. `names` fixes the columns (those a model was trained with); where absent, they are those of
   * `Features.names`. NaN where the role has no good sample, or where the asset has no such role. The values depend on
   * the window alone, whatever came before. Throws a DetectorError (MODEL_MISMATCH) where a column is no feature's.
   */
  extract(windows: WindowBatch, names?: readonly string[]): FeatureBatch
}

export function createFeatures(settings: FeatureSettings, assets: AssetClass): Features {
  return new ClassFeatures(settings.features, assets)
}

/** The version string of the features that columns are made of, as in `Features.version`. */
export function versionOf(names: readonly string[]): string {
  return describeVersion([...new Set(names.map((name) => parseColumn(name).feature))])
}

/** One feature of a role, and which of its numbers go where. */
interface Output {
  readonly definition: FeatureDefinition
  /** Column of the batch, by number of the feature; -1 where it is not wanted. */
  readonly columns: readonly number[]
}

/** What is computed of one role. */
interface RolePlan {
  readonly name: string
  readonly needs: number
  readonly outputs: readonly Output[]
}

interface Plan {
  readonly names: readonly string[]
  readonly roles: readonly RolePlan[]
}

const wide = new Float64Array(64)

class ClassFeatures implements Features {
  readonly version: string
  readonly #features: readonly FeatureName[]
  readonly #assets: AssetClass
  readonly #panes = new Panes()
  readonly #moments = new Moments()
  #own: Plan = { names: [], roles: [] }
  #ownRoles = 0
  #fixed: Plan = this.#own

  constructor(features: readonly FeatureName[], assets: AssetClass) {
    this.#features = features
    this.#assets = assets
    this.version = describeVersion(features)
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
      batch.coverage[row] = window.coverage
      batch.revision[row] = window.revision
    }
    for (const role of plan.roles) this.#fill(role, windows, batch.values, width)
    return batch
  }

  #fill({ name, needs, outputs }: RolePlan, windows: WindowBatch, values: Float64Array, width: number): void {
    const index = this.#assets.roles.indexOf(name)
    if (index < 0) return
    const moments = this.#moments
    for (let row = 0; row < windows.length; row++) {
      const window = windows[row]
      if (index >= window.series.length) continue
      const view = viewOf(window.series[index])
      if (view.length === 0) continue
      if (!this.#panes.measure(window, index, view, needs, moments)) {
        moments.measure(view.times, view.values, view.from, view.to, window.start, needs)
      }
      for (const { definition, columns } of outputs) {
        if (definition.columns === 1) {
          definition.write(moments, view, values, row * width + columns[0])
          continue
        }
        definition.write(moments, view, wide, 0)
        for (let i = 0; i < columns.length; i++) if (columns[i] >= 0) values[row * width + columns[i]] = wide[i]
      }
    }
  }

  #ownPlan(): Plan {
    const { roles } = this.#assets
    if (roles.length !== this.#ownRoles) {
      this.#ownRoles = roles.length
      const columns = this.#features.flatMap(columnsOf)
      this.#own = planOf([...roles].sort().flatMap((role) => columns.map((column) => `${role}.${column}`)))
    }
    return this.#own
  }

  #fixedPlan(names: readonly string[]): Plan {
    if (this.#fixed.names !== names) this.#fixed = planOf(names)
    return this.#fixed
  }
}

function planOf(names: readonly string[]): Plan {
  const roles = new Map<string, Map<FeatureName, number[]>>()
  names.forEach((name, column) => {
    const { role, feature, number } = parseColumn(name)
    const features = roles.get(role) ?? new Map<FeatureName, number[]>()
    roles.set(role, features)
    const columns = features.get(feature) ?? new Array<number>(registry[feature].columns).fill(-1)
    features.set(feature, columns)
    columns[number] = column
  })
  return { names, roles: [...roles].map(([name, features]) => planRole(name, features)) }
}

function planRole(name: string, features: ReadonlyMap<FeatureName, readonly number[]>): RolePlan {
  const outputs = [...features].map(([feature, columns]): Output => ({ definition: registry[feature], columns }))
  return { name, outputs, needs: outputs.reduce((needs, { definition }) => needs | definition.needs, 0) }
}

const columns = new Map(
  featureNames.flatMap((feature) => columnsOf(feature).map((column, number) => [column, { feature, number }] as const)),
)

/** `line.vibration.bands_07`: the part after the last dot names the feature, since roles may have dots. */
function parseColumn(name: string): { role: string; feature: FeatureName; number: number } {
  const dot = name.lastIndexOf('.')
  const known = columns.get(name.slice(dot + 1))
  if (dot < 1 || !known)
    throw new DetectorError('MODEL_MISMATCH', `"${name}" is not a column that features make`, {
      remedy: 'Train the model again with this version of the agent.',
    })
  return { role: name.slice(0, dot), ...known }
}

function describeVersion(features: readonly FeatureName[]): string {
  return [...features]
    .sort()
    .map((feature) => `${feature}@${registry[feature].version}`)
    .join(',')
}
