import { join } from 'node:path'
import { loadDetector, ModelTrials, Registry, type ModelBundle } from '../../models/index.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { ImageRegistry } from '../../models/inspection/registry.ts'
import type { Config } from '../settings/index.ts'
import type { Shelf } from '../learning/index.ts'
import { version } from '../process/index.ts'
import { openValuesModel, stationOfValues } from '../stations/index.ts'

/** Where the models of that name are: of a monitor, of a station, or of its measured values. */
export function shelfOf(config: Config, name: string): Shelf {
  const folder = join(config.data, 'models')
  const trials = new ModelTrials(folder, version)
  const measured = stationOfValues(config, name)
  if (measured !== undefined) {
    const check = async (bundle: ModelBundle) => {
      await trials.try(bundle)
      await (await openValuesModel(bundle, config.inspections[measured])).inspector.close()
    }
    return { registry: new Registry(folder), check } satisfies Shelf<ModelBundle>
  }
  if (!(name in config.inspections)) {
    const check = async (bundle: ModelBundle) => {
      await trials.try(bundle)
      await (await loadDetector(bundle)).close()
    }
    return { registry: new Registry(folder), check } satisfies Shelf<ModelBundle>
  }
  const { bounds } = config.inspections[name]
  const check = async (bundle: ImageBundle) => (await openInspectorPool(bundle, bounds)).close()
  return { registry: new ImageRegistry(folder), check } satisfies Shelf<ImageBundle>
}
