import sharp from 'sharp'
import { imageInput } from '../../../models/inspection/manifest.ts'
import { seededRandom, type Random } from '../../../models/random.ts'

/** What a model for tests says of itself. */
export const manifest = {
  type: 'onnx',
  created: 0,
  input: imageInput.parse({ width: 8, height: 8 }),
  training: { images: 0, held_out: 0, classes: {} },
}

export const bounds = { bytes: 20e6, pixels: 40e6 }

/** A grey picture as PNG. */
export function png(pixels: Uint8Array, size: number): Promise<Buffer> {
  return sharp(pixels, { raw: { width: size, height: size, channels: 1 } })
    .png()
    .toBuffer()
}

/** Stripes of a direction with noise and a random phase: one class of texture. */
export function stripes(size: number, horizontal: boolean, random: Random): Uint8Array {
  const phase = random.uniform() * 2 * Math.PI
  return Uint8Array.from({ length: size * size }, (_, at) => {
    const along = horizontal ? Math.floor(at / size) : at % size
    return 128 + 50 * Math.sin((along / size) * 8 * Math.PI + phase) + 8 * random.normal()
  })
}

/** A part: a bright disc on a dark ground, with noise of the camera; with a dark spot on it where it is defective. */
export function disc(size: number, random: Random, spot: boolean): Uint8Array {
  const [x, y] = [0.35 + 0.3 * random.uniform(), 0.35 + 0.3 * random.uniform()]
  return Uint8Array.from({ length: size * size }, (_, at) => {
    const [column, row] = [(at % size) / size, Math.floor(at / size) / size]
    const bright = Math.hypot(column - 0.5, row - 0.5) < 0.4 ? 180 : 40
    const inSpot = spot && Math.hypot(column - x, row - y) < 0.06
    return Math.min(255, Math.max(0, (inSpot ? 60 : bright) + 5 * random.normal()))
  })
}

/** Good parts as files. */
export function goodParts(count: number, size = 128) {
  const random = seededRandom(5)
  return Promise.all(
    Array.from({ length: count }, async (_, i) => ({ name: `${i}.png`, label: 'good', image: await png(disc(size, random, false), size) })), // prettier-ignore
  )
}

/** Header of a PNG that claims a size, with a body of nothing. */
export async function bomb(width: number, height: number): Promise<Buffer> {
  const file = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
    .png()
    .toBuffer()
  file.writeUInt32BE(width, 16)
  file.writeUInt32BE(height, 20)
  file.writeUInt32BE(crc(file.subarray(12, 29)), 29)
  return file
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return (value ^ 0xffffffff) >>> 0
}
