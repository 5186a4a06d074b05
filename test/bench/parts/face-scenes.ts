import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { photograph } from '../../../connectors/plant/camera.ts'
import type { Box } from '../../../models/inspection/faces/detector.ts'

/** A face cut out of a photograph, with as much around it as the photograph has, up to its own size on each side. */
export interface Cutting {
  readonly image: Buffer
  readonly width: number
  readonly height: number
  /** In the cutting. */
  readonly face: Box
}

/** How a face is put into a picture. */
export interface Pose {
  /** Its height, as a share of the picture's longer side. */
  readonly size: number
  /** Clockwise. */
  readonly degrees?: number
  readonly change?: (picture: Sharp) => Sharp
}

export const [sceneWidth, sceneHeight] = [1280, 960]

/** From a folder of photographs with `faces.csv`: `file,left,top,width,height` of each face, in pixels, after a header. */
export async function readCuttings(folder: string): Promise<Cutting[]> {
  const [, ...lines] = readFileSync(join(folder, 'faces.csv'), 'utf8').trim().split('\n')
  const rows = lines.map((line) => line.split(','))
  return Promise.all(
    rows.map(([file, ...numbers]) => {
      const [left, top, width, height] = numbers.map(Number)
      return cut(readFileSync(join(folder, file)), { left, top, width, height })
    }),
  )
}

/** A face with what is around it. */
export async function cut(photo: Uint8Array, { left, top, width, height }: Box): Promise<Cutting> {
  const whole = await sharp(photo).metadata()
  const [x, y] = [Math.max(0, left - width), Math.max(0, top - height)]
  const [wide, high] = [Math.min(whole.width, left + 2 * width) - x, Math.min(whole.height, top + 2 * height) - y]
  const place = { left: x, top: y, width: wide, height: high }
  const image = await sharp(photo).flatten().extract(place).toColourspace('srgb').png().toBuffer()
  return { image, width: wide, height: high, face: { left: left - x, top: top - y, width, height } }
}

/** A part of the demo's camera with somebody beside it, as JPEG, and where the face is. */
export async function scene(cutting: Cutting, { size, degrees = 0, change }: Pose, number: number) {
  const scale = (size * sceneWidth) / cutting.face.height
  const [width, height] = [cutting.width, cutting.height].map((length) => Math.max(1, Math.round(length * scale)))
  const small = await sharp(cutting.image).resize(width, height, { fit: 'fill' }).ensureAlpha().png().toBuffer()
  const turned = await sharp(small).rotate(degrees, { background: '#0000' }).png().toBuffer({ resolveWithObject: true }) // prettier-ignore
  const [left, top] = [sceneWidth - turned.info.width, sceneHeight - turned.info.height].map((room, axis) =>
    Math.round((room * ((number * [37, 61][axis]) % 100)) / 100),
  )
  const [x, y] = [Math.max(0, -left), Math.max(0, -top)]
  const seen = { left: x, top: y, width: Math.min(turned.info.width - x, sceneWidth), height: Math.min(turned.info.height - y, sceneHeight) } // prettier-ignore
  const input = await sharp(turned.data).extract(seen).toBuffer()
  const part = sharp(await photograph(1, number, undefined)).resize(sceneWidth, sceneHeight, { fit: 'fill' })
  const picture = await part.composite([{ input, left: left + x, top: top + y }]).png().toBuffer() // prettier-ignore
  const image = await (change?.(sharp(picture)) ?? sharp(picture)).jpeg({ quality: 88 }).toBuffer()
  return { image, face: faceIn(cutting, scale, degrees, { left, top, ...sizeOf(turned.info) }) }
}

function sizeOf({ width, height }: { readonly width: number; readonly height: number }) {
  return { width, height }
}

/** The middle of the face moves as the cutting turns about its own; its box is that of an upright face there. */
function faceIn({ width, height, face }: Cutting, scale: number, degrees: number, turned: Box): Box {
  const [across, down] = [face.left + (face.width - width) / 2, face.top + (face.height - height) / 2]
  const angle = (degrees * Math.PI) / 180
  const x = turned.left + turned.width / 2 + scale * (across * Math.cos(angle) - down * Math.sin(angle))
  const y = turned.top + turned.height / 2 + scale * (across * Math.sin(angle) + down * Math.cos(angle))
  const length = scale * Math.min(face.width, face.height)
  return { left: x - length / 2, top: y - length / 2, width: length, height: length }
}
