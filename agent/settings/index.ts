export { type ActionSettings, type Effect, type EffectName, safeOccasions } from './action.ts'
export { monitorModels, stationModels } from './registries.ts'
export type { RejectSettings } from './reject.ts'
export { type Config, schema } from './schema.ts'
export { secretsOf } from './secrets.ts'
export {
  type KeepSettings,
  type StationLearnSettings,
  type StationSettings,
  type VerdictRule,
  namesOf,
} from './station.ts'
