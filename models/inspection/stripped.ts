import type { Sharp } from 'sharp'
import { imageFormat, inPixels, isPart, loadSharp, openImage, type Region } from './decode.ts'
import { coverFaces } from './faces/cover.ts'
import type { FaceDetector } from './faces/detector.ts'
import { findFaces } from './faces/find.ts'

/** An image as it may be stored. */
export interface StrippedImage {
  readonly bytes: Uint8Array
  readonly format: StoredFormat
}

/** Ending of a file name. */
export type StoredFormat = 'jpg' | 'png' | 'webp'

/** What an image is stored as: what it is, where it is one of these. */
export function storedFormat(image: Uint8Array): StoredFormat {
  const format = imageFormat(image) ?? 'png'
  return format === 'jpeg' ? 'jpg' : format
}

/** What an image loses before it is stored; rejects where that cannot be done. `shown`: the rest becomes black. */
export type Strip = (image: Uint8Array, shown?: Region) => Promise<StrippedImage>

/**
 * The same picture, turned upright, without EXIF and other metadata: place, serial number and owner of a camera are
 * nobody's business. Black outside `shown`, and of one colour where `detector` finds faces: nor is who passes by. JPEG and
 * WebP are written anew. Rejects where it cannot be decoded, or faces cannot be looked for.
 */
export async function strippedImage(
  bytes: Uint8Array,
  shown?: Region,
  detector?: FaceDetector,
): Promise<StrippedImage> {
  const format = storedFormat(bytes)
  const upright = (await openImage(bytes)).autoOrient()
  const faces = detector ? await findFaces(bytes, detector, shown) : []
  const picture = isPart(shown) || faces.length > 0 ? await redrawn(upright, shown, faces) : upright
  const written =
    format === 'png' ? picture.png() : picture.toFormat(format === 'jpg' ? 'jpeg' : format, { quality: 92 })
  return { bytes: await written.toBuffer(), format }
}

/** The picture in its size, with the region alone to be seen, and no faces. */
export async function redrawn(picture: Sharp, shown: Region | undefined, faces: Parameters<typeof coverFaces>[2]) {
  const sharp = await loadSharp()
  const { data, info } = await picture.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }) // prettier-ignore
  const { width, height, channels } = info
  coverFaces(data, info, faces)
  if (!isPart(shown)) return sharp(data, { raw: { width, height, channels } })
  const place = inPixels(shown, width, height)
  const pixels = new Uint8Array(data.length)
  for (let row = place.top; row < place.top + place.height; row++) {
    const from = (row * width + place.left) * channels
    pixels.set(data.subarray(from, from + place.width * channels), from)
  }
  return sharp(pixels, { raw: { width, height, channels } })
}
