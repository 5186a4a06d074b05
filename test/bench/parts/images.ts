import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeImage } from '../../../models/inspection/decode.ts'
import type { ImageSet } from '../../../models/inspection/images.ts'

export const bounds = { bytes: 20e6, pixels: 40e6 }

export interface LabelledImages {
  readonly set: ImageSet
  readonly labels: Uint16Array
  readonly names: readonly string[]
  /** Place of each image within its class, and how many there are. */
  readonly place: readonly (readonly [number, number])[]
}

/** Whether an image is of the last 30 % of its class, in order of file names. */
export function late({ place }: LabelledImages, row: number): boolean {
  return place[row][0] >= Math.floor(place[row][1] * 0.7)
}

/** Grey images of a folder with one folder for each class, `size` pixels wide and high. */
export async function readFolder(folder: string, size: number): Promise<LabelledImages> {
  const names = classesOf(folder)
  const wanted = { width: size, height: size, channels: 1 } as const
  const pixels: Uint8Array[] = []
  const labels: number[] = []
  const place: [number, number][] = []
  for (const [label, name] of names.entries()) {
    const files = readdirSync(join(folder, name)).sort()
    for (const [i, file] of files.entries()) {
      const decoded = await decodeImage(readFileSync(join(folder, name, file)), wanted, bounds)
      if ('reason' in decoded) throw new Error(`${file}: ${decoded.detail}`)
      pixels.push(decoded.pixels)
      labels.push(label)
      place.push([i, files.length])
    }
  }
  const set = { ...wanted, count: pixels.length, pixels: new Uint8Array(Buffer.concat(pixels)) }
  return { set, labels: Uint16Array.from(labels), names, place }
}

/** Names of the folders in a folder. */
export function classesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}
