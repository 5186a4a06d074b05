import { ProcessPool } from '../../processes/pool.ts'
import type { Region } from '../decode.ts'
import type { AnomalyMap } from '../inspector.ts'
import type { StrippedImage } from '../stripped.ts'
import type { StudioJob } from './work.ts'

/** Below the processes that judge, where the processor is busy. */
const nice = 10

/** Does to images what they need before people see them or they are stored; in a process of its own, that begins with the first. */
export interface Studio {
  /** Takes metadata out, blackens what is outside `shown`, covers faces. Rejects where that cannot be done. */
  strip(image: Uint8Array, shown: Region | undefined, faces: boolean): Promise<StrippedImage>
  /** A JPEG for the screen, black outside `shown`. Rejects where the image cannot be decoded. */
  preview(image: Uint8Array, shown?: Region): Promise<Uint8Array>
  /** A PNG of an anomaly map, to lay over the preview of its image. Rejects where that cannot be decoded. */
  map(map: AnomalyMap, threshold: number, image: Uint8Array, region: Region | undefined): Promise<Uint8Array>
  /** Resolves when the images in hand are done. */
  close(): Promise<void>
}

/** One for all stations. Two images at once: one is decoded or written while the network looks at the other. */
export function createStudio(): Studio {
  const options = { module: new URL('worker', import.meta.url), name: 'stored images', atOnce: 2, nice }
  const pool = new ProcessPool<StudioJob, Uint8Array | StrippedImage>(options)
  return {
    strip: (image, shown, faces) => pool.run({ do: 'strip', image, shown, faces }) as Promise<StrippedImage>,
    preview: (image, shown) => pool.run({ do: 'preview', image, shown }) as Promise<Uint8Array>,
    map: (map, threshold, image, region) =>
      pool.run({ do: 'map', map, threshold, image, region }) as Promise<Uint8Array>,
    close: () => pool.close(),
  }
}
