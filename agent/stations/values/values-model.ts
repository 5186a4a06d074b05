import { MeasuredInspector } from '../../../models/inspection/measured-inspector.ts'
import type { ModelBundle } from '../../../models/onnx/manifest.ts'
import type { Config, StationSettings } from '../../settings/index.ts'
import { DetectorError, stationOfValuesModel, valuesModel } from '../../core/index.ts'
import { measuredNames } from './measured.ts'
import type { OpenModel } from '../life/models.ts'

/** A model of the measured values of a station that is open. */
export interface ValuesModel extends OpenModel {
  readonly inspector: MeasuredInspector
}

/** The station whose measured values a model of that name judges; undefined where there is none. */
export function stationOfValues({ inspections }: Pick<Config, 'inspections'>, name: string): string | undefined {
  const station = stationOfValuesModel(name) ?? ''
  return Object.hasOwn(inspections, station) && inspections[station].measured ? station : undefined
}

/** Names of the models of measured values that a configuration has. */
export function valuesModels({ inspections }: Pick<Config, 'inspections'>): string[] {
  return Object.keys(inspections).filter((station) => inspections[station].measured).map(valuesModel) // prettier-ignore
}

/** Opens a model for a station. Rejects with a DetectorError, also where it sees what the station does not have. */
export async function openValuesModel(bundle: ModelBundle, settings: StationSettings): Promise<ValuesModel> {
  const inspector = await MeasuredInspector.open(bundle)
  const names = measuredNames(settings)
  const strange = inspector.names.filter((name) => !names.includes(name))
  const { version, metrics } = bundle.manifest
  if (strange.length === 0) return { version, metrics, inspector }
  await inspector.close()
  throw new DetectorError('MODEL_MISMATCH', `it was trained with ${strange.join(', ')}, which the station no longer has`, { remedy: 'Train it again.' }) // prettier-ignore
}
