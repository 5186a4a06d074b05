import { serve } from '../processes/serve.ts'
import type { ImageBounds } from './decode.ts'
import { openInspector } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'

/** What a process that judges is started with. */
export interface WorkerSetup {
  readonly bundle: ImageBundle
  readonly bounds: ImageBounds
}

serve(async ({ bundle, bounds }: WorkerSetup) => {
  const inspector = await openInspector(bundle, bounds)
  return (image: Uint8Array) => inspector.inspect(image)
})
