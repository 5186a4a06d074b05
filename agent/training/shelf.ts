import { loadDetector, type ModelBundle } from '../../models/index.ts'
import { openInspector } from '../../models/inspection/inspector.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { type Config, monitorModels, stationModels } from '../settings/index.ts'
import type { Shelf } from '../learning/index.ts'
import { openValuesModel, stationOfValues } from '../stations/index.ts'

/** Where the models of that name are: of a monitor, of a station, or of its measured values. */
export function shelfOf(config: Config, name: string): Shelf {
  const measured = stationOfValues(config, name)
  if (measured !== undefined) {
    const check = async (bundle: ModelBundle) =>
      (await openValuesModel(bundle, config.inspections[measured])).inspector.close()
    return { registry: monitorModels(config), check } satisfies Shelf<ModelBundle>
  }
  if (!(name in config.inspections)) {
    const check = async (bundle: ModelBundle) => (await loadDetector(bundle)).close()
    return { registry: monitorModels(config), check } satisfies Shelf<ModelBundle>
  }
  const { bounds } = config.inspections[name]
  const check = async (bundle: ImageBundle) => (await openInspector(bundle, bounds)).close()
  return { registry: stationModels(config), check } satisfies Shelf<ImageBundle>
}
