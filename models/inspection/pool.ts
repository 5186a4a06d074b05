import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Piscina } from 'piscina'
import { DetectorError } from '../../agent/core/index.ts'
import type { ImageBounds, ImageProblem } from './decode.ts'
import { openInspector, type ImageAnswer, type Inspector } from './inspector.ts'
import type { ImageBundle } from './manifest.ts'
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
  const source = import.meta.url.endsWith('.ts')
  const pool = new Piscina<Uint8Array | undefined, ImageAnswer | ImageProblem>({
    filename: fileURLToPath(new URL(source ? 'worker.ts' : 'worker.js', import.meta.url)),
    workerData: setup,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: imagesAtOnce,
    execArgv: source ? ['--import', typeScriptLoader()] : [],
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

/**
 * Workers do not inherit the loader that runs TypeScript from its source, in development and tests. Resolved as CommonJS,
 * because the tests' loader has no `import.meta.resolve`; what is needed is the module beside it.
 */
function typeScriptLoader(): string {
  const path = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs')
  const code = `import { register } from ${JSON.stringify(pathToFileURL(path).href)}; register()`
  return `data:text/javascript,${encodeURIComponent(code)}`
}
