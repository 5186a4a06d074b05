import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { seededRandom } from '../../../../models/random.ts'
import type { Box } from '../../../../models/inspection/faces/detector.ts'
import { disc, png } from '../pictures.ts'

/** A photograph of 320 pixels with one face. */
export const portrait = () => readFile(join(import.meta.dirname, 'astronaut.jpg'))

/** Where its face is. */
export const portraitFace: Box = { left: 98, top: 63, width: 89, height: 112 }

/** A part on the belt. */
export async function part(size = 640): Promise<Buffer> {
  return sharp(await png(disc(size, seededRandom(3), true), size))
    .toColourspace('srgb')
    .png()
    .toBuffer()
}

/** Somebody beside the part: the portrait, `size` pixels wide, at a place of the picture; lossless. */
export async function somebody(size: number, { left = 300, top = 40, degrees = 0 } = {}): Promise<Buffer> {
  const face = await sharp(await portrait())
    .resize(size, size)
    .rotate(degrees)
    .toBuffer()
  return sharp(await part())
    .composite([{ input: face, left, top }])
    .png()
    .toBuffer()
}

/** Pixels [height, width, 3]. */
export async function pixelsOf(image: Uint8Array) {
  const { data, info } = await sharp(image)
    .flatten()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { data, ...info }
}

/** Mean difference of two pictures of a size, of the pixels that `where` picks; 0 to 255. */
export async function difference(one: Uint8Array, other: Uint8Array, where: (x: number, y: number) => boolean) {
  const [a, b] = [await pixelsOf(one), await pixelsOf(other)]
  let [sum, count] = [0, 0]
  for (let i = 0; i < a.data.length; i++) {
    const pixel = Math.floor(i / a.channels)
    if (!where(pixel % a.width, Math.floor(pixel / a.width))) continue
    sum += Math.abs(a.data[i] - b.data[i])
    count++
  }
  return sum / count
}

/** Whether a pixel is in a box, or within `beyond` pixels of it. */
export function within({ left, top, width, height }: Box, beyond = 0) {
  return (x: number, y: number) =>
    x >= left - beyond && x < left + width + beyond && y >= top - beyond && y < top + height + beyond
}
