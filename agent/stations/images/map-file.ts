import { access, mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import { decode, encode } from 'cbor-x'
import type { Region } from '../../../models/inspection/decode.ts'
import type { AnomalyMap } from '../../../models/inspection/inspector.ts'
import { readWhole } from '../../core/index.ts'

/** The score by place, of the region of an image that the model saw. */
export interface HeldMap {
  readonly map: AnomalyMap
  readonly region: Region | undefined
}

/** What is in a file: a byte a place, in steps of a 64th of the threshold, up to four times the threshold. */
interface Stored {
  readonly width: number
  readonly height: number
  readonly steps: Uint8Array
  readonly region?: Region
}

const stepsToThreshold = 64
const ending = '.map'

/** The file beside an image that was kept. */
export function mapFile(image: string): string {
  return `${image}${ending}`
}

export function isMapFile(path: string): boolean {
  return path.endsWith(ending)
}

/** Stores a map beside its image, which may not be there yet. `threshold`: above 0. Rejects where the disk refuses. */
export async function writeMap(image: string, { map, region }: HeldMap, threshold: number): Promise<void> {
  const { width, height, values } = map
  // Clamped and rounded: what is not a number is 0.
  const steps = new Uint8Array(Uint8ClampedArray.from(values, (value) => (value / threshold) * stepsToThreshold))
  const stored: Stored = { width, height, steps, ...(region && { region }) }
  const bytes = await promisify<Uint8Array, Buffer>(deflate)(encode(stored))
  await mkdir(dirname(image), { recursive: true })
  await writeFile(mapFile(image), bytes)
}

/** The map beside an image, for the threshold it was stored with. Rejects where there is none. */
export async function readMap(image: string, threshold: number): Promise<HeldMap> {
  const bytes = await promisify<Uint8Array, Buffer>(inflate)(await readWhole(mapFile(image)))
  const { width, height, steps, region } = decode(bytes) as Stored
  const values = Float32Array.from(steps, (step) => (step / stepsToThreshold) * threshold)
  return { map: { width, height, values }, region }
}

export async function mapExists(image: string): Promise<boolean> {
  return access(mapFile(image)).then(
    () => true,
    () => false,
  )
}
