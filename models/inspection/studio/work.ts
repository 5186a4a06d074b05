import type { Region } from '../decode.ts'
import { openFaceDetector, type FaceDetector } from '../faces/detector.ts'
import type { AnomalyMap } from '../inspector.ts'
import { mapPicture, previewOf } from '../picture.ts'
import { strippedImage, type StrippedImage } from '../stripped.ts'

/** What is to be done to an image. */
export type StudioJob =
  | {
      readonly do: 'strip'
      readonly image: Uint8Array
      readonly shown?: Region | undefined
      /** Whether faces are looked for and covered. */
      readonly faces: boolean
    }
  | { readonly do: 'preview'; readonly image: Uint8Array; readonly shown?: Region | undefined }
  | {
      readonly do: 'map'
      readonly image: Uint8Array
      readonly map: AnomalyMap
      readonly threshold: number
      readonly region?: Region | undefined
    }

let opening: Promise<FaceDetector> | undefined

/** Does it, in this process. The network that finds faces is opened with the first image that needs it. */
export async function work(job: StudioJob): Promise<Uint8Array | StrippedImage> {
  if (job.do === 'preview') return previewOf(job.image, job.shown)
  if (job.do === 'map') return mapPicture(job.map, job.threshold, job.image, job.region)
  const detector = job.faces ? await (opening ??= openFaceDetector()) : undefined
  return strippedImage(job.image, job.shown, detector)
}
