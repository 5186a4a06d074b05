import { workerData } from 'piscina'
import type { ImageBounds, ImageProblem } from './decode.ts'
import { openInspector, type ImageAnswer } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'

/** What a worker is started with. */
export interface WorkerSetup {
  readonly bundle: ImageBundle
  readonly bounds: ImageBounds
}

const { bundle, bounds } = workerData as WorkerSetup
const inspector = await openInspector(bundle, bounds)

/** Judges one image; with none it only says that the model is loaded and checked. */
export default function inspect(image: Uint8Array | undefined): Promise<ImageAnswer | ImageProblem> | undefined {
  return image && inspector.inspect(image)
}
