import { Piscina } from 'piscina'
import type { Strip, StrippedImage } from '../stripped.ts'
import { threadOptions } from '../thread.ts'
import type { StripJob } from './worker.ts'

/** ms after which an image is given up, and with it the thread, where it was looking at that image. */
const patience = 60_000

/** Below the threads that judge, where the processor is busy; elsewhere than on Linux it would be the whole agent. */
const below = process.platform === 'linux' ? 10 : 0

/** Takes metadata and faces out of images, in a thread of its own that begins with the first image. */
export interface FaceStripper {
  readonly strip: Strip
  /** Resolves when the images in hand are done. */
  close(): Promise<void>
}

/** One for all stations. */
export function createFaceStripper(): FaceStripper {
  let pool: Piscina<StripJob, StrippedImage> | undefined
  return {
    strip: (image, shown) => (pool ??= open()).run({ image, shown }, { signal: AbortSignal.timeout(patience) }),
    close: async () => pool?.close(),
  }
}

/** Two images at once: one is decoded or written by sharp's own threads while the network looks at the other. */
function open(): Piscina<StripJob, StrippedImage> {
  const pool = new Piscina<StripJob, StrippedImage>({
    ...threadOptions(new URL('worker', import.meta.url)),
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: 2,
    niceIncrement: below,
  })
  // A worker that dies is replaced, and its images are rejected by `run`; unheard, the event would end the agent.
  pool.on('error', () => undefined)
  return pool
}
