import { join } from 'node:path'
import { loadDetector, ModelTrials, type ModelBundle } from '../../models/index.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { type Config, monitorModels, stationModels } from '../settings/index.ts'
import type { Shelf } from '../learning/index.ts'
import { openValuesModel, stationOfValues } from '../stations/index.ts'

/** Where the models of that name are: of a monitor, of a station, or of its measured values. */
export function shelfOf(config: Config, name: string): Shelf {
  const trials = new ModelTrials(join(config.data, 'models'))
  const measured = stationOfValues(config, name)
  if (measured !== undefined) {
    const check = async (bundle: ModelBundle) => {
      await trials.try(bundle)
      await (await openValuesModel(bundle, config.inspections[measured])).inspector.close()
    }
    return { registry: monitorModels(config), check } satisfies Shelf<ModelBundle>
  }
  if (!(name in config.inspections)) {
    const check = async (bundle: ModelBundle) => {
      await trials.try(bundle)
      await (await loadDetector(bundle)).close()
    }
    return { registry: monitorModels(config), check } satisfies Shelf<ModelBundle>
  }
  const { bounds } = config.inspections[name]
  const check = async (bundle: ImageBundle) => (await openInspectorPool(bundle, bounds)).close()
  return { registry: stationModels(config), check } satisfies Shelf<ImageBundle>
}
