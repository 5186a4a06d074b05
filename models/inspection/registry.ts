import { BundleRegistry } from '../registry.ts'
import { readImageBundle } from './bundle.ts'
import type { ImageBundle } from './manifest.ts'

/** The models of stations, in the same folder as those of monitors. */
export class ImageRegistry extends BundleRegistry<ImageBundle> {
  constructor(folder: string, keep?: number) {
    super(folder, readImageBundle, keep)
  }
}
