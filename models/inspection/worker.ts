import { serve } from '../processes/serve.ts'
import type { ImageBounds, ImageProblem } from './decode.ts'
import { openInspector, type ImageAnswer } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'

/** What a process that judges is started with. */
export interface WorkerSetup {
  readonly bundle: ImageBundle
  readonly bounds: ImageBounds
}

serve<WorkerSetup, Uint8Array, ImageAnswer | ImageProblem>(async ({ bundle, bounds }) => {
  const inspector = await openInspector(bundle, bounds)
  return (image) => inspector.inspect(image)
})
