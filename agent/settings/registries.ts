import { join } from 'node:path'
import { BundleGuard, Registry } from '../../models/index.ts'
import { ImageRegistry } from '../../models/inspection/registry.ts'
import type { Config } from './schema.ts'

type Kept = Pick<Config, 'data' | 'models'>

/** Where the models of monitors, and of values that stations measure, are kept. */
export function monitorModels(config: Kept): Registry {
  return new Registry(join(config.data, 'models'), undefined, guardOf(config))
}

/** Where the models of stations for images are kept: the same folder. */
export function stationModels(config: Kept): ImageRegistry {
  return new ImageRegistry(join(config.data, 'models'), undefined, guardOf(config))
}

/** Undefined where every bundle is taken. */
function guardOf({ data, models }: Kept): BundleGuard | undefined {
  return models.trust.length === 0 ? undefined : new BundleGuard(models.trust, join(data, 'model-signing.pem'))
}
