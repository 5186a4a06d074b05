import type { Region } from '../decode.ts'
import { strippedImage, type StrippedImage } from '../stripped.ts'
import { openFaceDetector, type FaceDetector } from './detector.ts'

/** What the worker is given for one image. */
export interface StripJob {
  readonly image: Uint8Array
  readonly shown: Region | undefined
}

let opening: Promise<FaceDetector> | undefined

/** Opened with the first image, so that what is wrong with it is that image's answer. */
export default async function strip({ image, shown }: StripJob): Promise<StrippedImage> {
  return strippedImage(image, shown, await (opening ??= openFaceDetector()))
}
