import { DetectorError } from '../../agent/core/index.ts'
import {
  assetRegistry,
  columnsOf,
  isAssetFeature,
  registry,
  type AssetFeature,
  type AssetFeatureDefinition,
  type FeatureDefinition,
  type FeatureName,
  type RoleFeature,
} from './registry.ts'

/** One feature of a role, and which of its numbers go where. */
interface Output {
  readonly definition: FeatureDefinition
  /** Column of the batch, by number of the feature; -1 where it is not wanted. */
  readonly columns: readonly number[]
}

/** What is computed of one role. */
export interface RolePlan {
  readonly name: string
  readonly needs: number
  readonly outputs: readonly Output[]
}

/** What is computed of a window for a list of columns. */
export interface Plan {
  readonly names: readonly string[]
  readonly roles: readonly RolePlan[]
  readonly ofAsset: readonly { readonly definition: AssetFeatureDefinition; readonly column: number }[]
  /** Whether a column says how the asset changed in its run. */
  readonly ofRun: boolean
}

/** Throws a DetectorError (MODEL_MISMATCH) where a column is no feature's. */
export function planOf(names: readonly string[]): Plan {
  const roles = new Map<string, Map<RoleFeature, number[]>>()
  const ofAsset: { definition: AssetFeatureDefinition; column: number }[] = []
  names.forEach((name, column) => {
    const { role, feature, number } = parseColumn(name)
    if (isAssetFeature(feature)) {
      ofAsset.push({ definition: assetRegistry[feature], column })
      return
    }
    const features = roles.get(role) ?? new Map<RoleFeature, number[]>()
    roles.set(role, features)
    const columns = features.get(feature) ?? new Array<number>(registry[feature].columns).fill(-1)
    features.set(feature, columns)
    columns[number] = column
  })
  const plans = [...roles].map(([name, features]) => planRole(name, features))
  const ofRun = ofAsset.length > 0 || plans.some(({ outputs }) => outputs.some(({ definition }) => definition.ofRun))
  return { names, roles: plans, ofAsset, ofRun }
}

function planRole(name: string, features: ReadonlyMap<RoleFeature, readonly number[]>): RolePlan {
  const outputs = [...features].map(([feature, columns]): Output => ({ definition: registry[feature], columns }))
  return { name, outputs, needs: outputs.reduce((needs, { definition }) => needs | definition.needs, 0) }
}

const columns = new Map(
  (Object.keys(registry) as RoleFeature[]).flatMap((feature) =>
    columnsOf(feature).map((column, number) => [column, { feature, number }] as const),
  ),
)

/** The parts of a column's name. */
interface Column {
  /** Empty for a feature of the asset. */
  readonly role: string
  readonly feature: FeatureName
  readonly number: number
}

/** `line.vibration.bands_07`: the part after the last dot names the feature, since roles may have dots; or `age`. */
export function parseColumn(name: string): Column {
  if (isAssetFeature(name)) return { role: '', feature: name satisfies AssetFeature, number: 0 }
  const dot = name.lastIndexOf('.')
  const known = columns.get(name.slice(dot + 1))
  if (dot < 1 || !known)
    throw new DetectorError('MODEL_MISMATCH', `"${name}" is not a column that features make`, {
      remedy: 'Train the model again with this version of the agent.',
    })
  return { role: name.slice(0, dot), ...known }
}
