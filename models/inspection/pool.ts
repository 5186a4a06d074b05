import { Piscina } from 'piscina'
import { DetectorError } from '../../agent/core/index.ts'
import type { ImageBounds, ImageProblem } from './decode.ts'
import { openInspector, type ImageAnswer, type Inspector } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'
import { threadOptions } from './thread.ts'
import type { WorkerSetup } from './worker.ts'

/** Decoding waits for sharp's own threads, so that a worker can run the network on one image while the next is decoded. */
const imagesAtOnce = 2

/**
 * An inspector in `workers` threads of its own: decoding and network leave the main thread alone. Answers may come in
 * another order than the images were given. The golden images are checked before it resolves.
 * Rejects with a DetectorError as `openInspector` does, which is asked first, so that its words are kept.
 */
export async function openInspectorPool(
  bundle: ImageBundle,
  bounds: ImageBounds,
  workers = 1,
): Promise<Inspector & { readonly pending: number }> {
  await (await openInspector(bundle, bounds)).close()
  const setup: WorkerSetup = { bundle, bounds }
  const pool = new Piscina<Uint8Array | undefined, ImageAnswer | ImageProblem>({
    ...threadOptions(new URL('worker', import.meta.url)),
    workerData: setup,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: imagesAtOnce,
  })
  // A worker that dies is replaced, and its images are rejected by `run`; unheard, the event would end the agent.
  pool.on('error', () => undefined)
  await pool.run(undefined)
  return {
    get pending() {
      return pool.queueSize
    },
    inspect: async (image) => {
      try {
        return await pool.run(image)
      } catch (cause) {
        throw new DetectorError('MODEL_BROKEN', `the worker of image model ${bundle.manifest.version} failed`, {
          cause,
        })
      }
    },
    close: () => pool.close(),
  }
}
