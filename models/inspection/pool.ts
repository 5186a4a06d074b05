import { ProcessPool } from '../processes/pool.ts'
import type { ImageBounds, ImageProblem } from './decode.ts'
import type { ImageAnswer, Inspector } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'
import type { WorkerSetup } from './worker.ts'

/** Decoding waits for sharp's own threads, so that a process can run the network on one image while the next is decoded. */
const imagesAtOnce = 2

/**
 * An inspector in `workers` processes of its own: a damaged image or model cannot end this one, and no image library is
 * loaded here. Answers may come in another order than the images were given. The golden images are checked before it
 * resolves. Rejects with a DetectorError as `openInspector` does, or WORKER_DIED where the model ends the process that opens
 * it; so does `inspect` for an image that ended two. `died` is told of each end.
 */
export async function openInspectorPool(
  bundle: ImageBundle,
  bounds: ImageBounds,
  workers = 1,
  died: (how: string) => void = () => undefined,
): Promise<Inspector & { readonly pending: number }> {
  const setup: WorkerSetup = { bundle, bounds }
  const pool = new ProcessPool<Uint8Array, ImageAnswer | ImageProblem>({
    module: new URL('worker', import.meta.url),
    name: `image model ${bundle.manifest.version}`,
    setup,
    processes: workers,
    atOnce: imagesAtOnce,
    died,
  })
  try {
    await pool.open()
  } catch (error) {
    await pool.close()
    throw error
  }
  return {
    get pending() {
      return pool.waiting
    },
    inspect: (image) => pool.run(image),
    close: () => pool.close(),
  }
}
