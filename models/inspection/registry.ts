import { BundleRegistry } from '../registry.ts'
import type { BundleGuard } from '../signing.ts'
import { readImageBundle } from './bundle.ts'
import type { ImageBundle } from './manifest.ts'

/** The models of stations, in the same folder as those of monitors. */
export class ImageRegistry extends BundleRegistry<ImageBundle> {
  constructor(folder: string, keep?: number, guard?: BundleGuard) {
    super(folder, readImageBundle, keep, guard)
  }
}
