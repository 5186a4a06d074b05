import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Logger, describeError } from '../../agent/core/index.ts'
import type { PlantBroker } from './mqtt-broker.ts'
import { drawPart, imageSize } from './part-drawing.ts'
import { makePart, partRates, type Part, type PartRates } from './parts.ts'
import { seededRandom, type Random } from './random.ts'

/** The station over the conveyor; its tags are `line2/inspection1/part`, `torque` and `temperature`. */
export const inspectionStation = 'line2/inspection1'
/** `camera/line2/inspection1/P-000042`: the JPEG file, as a camera sends it. */
export const cameraTopic = `camera/${inspectionStation}`

/** ms from part to part. */
const interval = 1_500
/** ms from the light barrier, where torque and temperature are told, to the image. */
const exposure = 300
/** Good parts have been made before; they have numbers of their own. */
const firstSample = 900_001

/** A JPEG of the part with this number: light, place, brushing and the sensor's noise are those of its seed. */
export async function photograph(seed: number, number: number, defect: Part['defect']): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  const random = seededRandom(`${seed}/photograph/${number}`)
  const svg = drawPart(defect, random)
  const pixels = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer()
  expose(pixels, random)
  const raw = { width: imageSize, height: imageSize, channels: 3 } as const
  return sharp(pixels, { raw }).jpeg({ quality: 88 }).toBuffer()
}

/** Normal numbers times 4, for the noise: drawn once, read from another place for each image. */
const noise = Int8Array.from(
  { length: 1 << 16 },
  (
    (random: Random) => () =>
      4 * random.normal()
  )(seededRandom('noise')),
)

/** Uneven light from a side that wanders, and the noise of the sensor. */
function expose(pixels: Uint8Array, random: Random): void {
  const bright = 1 + 0.04 * (2 * random.uniform() - 1)
  const angle = random.uniform() * 2 * Math.PI
  const [slopeX, slopeY] = [(0.1 * Math.cos(angle)) / imageSize, (0.1 * Math.sin(angle)) / imageSize]
  let grain = Math.floor(random.uniform() * noise.length)
  for (let y = 0, at = 0; y < imageSize; y++) {
    for (let x = 0; x < imageSize; x++) {
      const light = bright + slopeX * (x - imageSize / 2) + slopeY * (y - imageSize / 2)
      const speck = noise[(grain = (grain + 1) & 0xffff)]
      for (let c = 0; c < 3; c++, at++) pixels[at] = Math.max(0, Math.min(255, pixels[at] * light + speck))
    }
  }
}

/** Writes JPEG files of `count` good parts into `folder`, which it makes: what a station can learn from. */
export async function photographGoodParts(folder: string, count: number, seed = 1): Promise<void> {
  await mkdir(folder, { recursive: true })
  let next = firstSample
  const photographer = async () => {
    while (next < firstSample + count) {
      const number = next++
      await writeFile(join(folder, `${number}.jpg`), await photograph(seed, number, undefined))
    }
  }
  await Promise.all([photographer(), photographer()])
}

export interface CameraOptions {
  readonly seed: number
  readonly rates?: PartRates
  readonly log?: Logger
}

/** Sends what the station measures of each part, and then its image. Returns what ends it. */
export function runCamera(broker: PlantBroker, { seed, rates = partRates, log }: CameraOptions): () => void {
  let number = 0
  let stopped = false
  const pass = async () => {
    const part = makePart(seed, ++number, rates)
    const ts = Date.now()
    broker.send(`plant/${inspectionStation}/part`, JSON.stringify({ ts, value: part.id }))
    broker.send(`plant/${inspectionStation}/torque`, JSON.stringify({ ts, value: part.torque }))
    broker.send(`plant/${inspectionStation}/temperature`, JSON.stringify({ ts, value: part.temperature }))
    const image = await photograph(seed, number, part.defect)
    setTimeout(() => !stopped && broker.send(`${cameraTopic}/${part.id}`, image), exposure).unref()
  }
  const timer = setInterval(() => {
    pass().catch((error: unknown) => log?.error({}, `the simulated camera failed: ${describeError(error)}`))
  }, interval)
  return () => {
    stopped = true
    clearInterval(timer)
  }
}
