import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import sharp from 'sharp'
import { photograph } from '../../connectors/plant/camera.ts'
import { coverFaces } from '../../models/inspection/faces/cover.ts'
import { openFaceDetector, type Box, type FaceDetector } from '../../models/inspection/faces/detector.ts'
import { findFaces } from '../../models/inspection/faces/find.ts'
import { strippedImage } from '../../models/inspection/stripped.ts'
import { pixelsOf, portrait, portraitFace } from '../models/inspection/faces/parts.ts'
import { cut, readCuttings, scene, type Cutting, type Pose } from './parts/face-scenes.ts'
import { classesOf } from './parts/images.ts'

const thresholds = [0.3, 0.4, 0.5, 0.6, 0.7, 0.8]

const sizes = [0.0125, 0.02, 0.025, 0.033, 0.05, 0.1, 0.3]
const turns = [15, 30, 45, 60, 90, 135, 180]
const poses: [string, Pose][] = [
  ...sizes.map((size): [string, Pose] => [`${Number((size * 100).toPrecision(3))} % of the longer side`, { size }]),
  ...turns.map((degrees): [string, Pose] => [`10 %, turned by ${degrees} degrees`, { size: 0.1, degrees }]),
  ['5 %, upside down', { size: 0.05, degrees: 180 }],
  ['5 %, grey', { size: 0.05, change: (picture) => picture.greyscale() }],
  ['5 %, 30 % of the contrast', { size: 0.05, change: (picture) => picture.linear(0.3, 90) }],
  ['5 %, 25 % of the light', { size: 0.05, change: (picture) => picture.linear(0.25, 0) }],
  ['5 %, out of focus by 3 pixels', { size: 0.05, change: (picture) => picture.blur(3) }],
]

/**
 * Faces in images that are stored: the share that is covered by at least three quarters, by threshold of the score; the share
 * of images without anybody in which something is covered; and what it costs. `data`: a folder with `xsdd` and `mnist_t10k`.
 * `photos`: a folder of photographs with `faces.csv`, see `readCuttings`; without it, the one portrait of the tests.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const detector = await openFaceDetector()
  const lowest: FaceDetector = { ...detector, find: (pixels, width, height) => detector.find(pixels, width, height, thresholds[0]) } // prettier-ignore
  const cuttings = args.photos ? await readCuttings(args.photos) : [await cut(await portrait(), portraitFace)]
  console.log(`thresholds ${thresholds.join(' ')}`)
  for (const [what, pose] of poses) await recall(what, pose, cuttings, lowest)
  for (const [what, images] of quietImages(args.data)) await falseAlarms(what, images, lowest)
  for (const [width, height] of [[128, 128], [640, 480], [1280, 960], [1920, 1080]]) await cost(width, height, detector) // prettier-ignore
  await detector.close()
}

async function recall(what: string, pose: Pose, cuttings: readonly Cutting[], detector: FaceDetector): Promise<void> {
  const covered = thresholds.map(() => 0)
  for (const [number, cutting] of cuttings.entries()) {
    const { image, face } = await scene(cutting, pose, number)
    const found = await findFaces(image, detector)
    const picture = await pixelsOf(image)
    thresholds.forEach((threshold, i) => {
      const sure = found.filter(({ score }) => score >= threshold)
      if (coveredShare(picture, sure, face) >= 0.75) covered[i]++
    })
  }
  console.log(`covered, ${what}: ${covered.map((count) => `${Math.round((100 * count) / cuttings.length)} %`).join(' ')} of ${cuttings.length}`) // prettier-ignore
}

/** Share of a face's pixels that are not what they were. */
function coveredShare(
  { data, ...size }: Awaited<ReturnType<typeof pixelsOf>>,
  found: readonly Box[],
  face: Box,
): number {
  const after = Uint8Array.from(data)
  coverFaces(after, size, found)
  let [changed, all] = [0, 0]
  for (let y = Math.max(0, Math.round(face.top)); y < Math.min(size.height, face.top + face.height); y++) {
    for (let x = Math.max(0, Math.round(face.left)); x < Math.min(size.width, face.left + face.width); x++, all++) {
      const at = (y * size.width + x) * size.channels
      if (after[at] !== data[at] || after[at + 1] !== data[at + 1] || after[at + 2] !== data[at + 2]) changed++
    }
  }
  return changed / all
}

type Images = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

function quietImages(data: string | undefined): [string, Images][] {
  const found: [string, Images][] = [['200 parts of the demo', parts()]]
  const steel = join(data ?? '', 'xsdd')
  if (data && existsSync(steel)) found.push(...classesOf(steel).map((name): [string, Images] => [`X-SDD, ${name}`, files(join(steel, name))])) // prettier-ignore
  const digits = join(data ?? '', 'mnist_t10k', 't10k-images-idx3-ubyte.gz')
  if (data && existsSync(digits)) for (const size of [28, 128, 320]) found.push([`1000 digits of MNIST at ${size} pixels`, drawn(digits, size)]) // prettier-ignore
  return found
}

async function* parts(): AsyncGenerator<Uint8Array> {
  const defects = [undefined, 'scratch', 'dent'] as const
  for (let i = 0; i < 200; i++) yield photograph(1, i, defects[i % defects.length])
}

function files(folder: string): Uint8Array[] {
  return readdirSync(folder).map((file) => readFileSync(join(folder, file)))
}

async function* drawn(file: string, size: number): AsyncGenerator<Uint8Array> {
  const pixels = gunzipSync(readFileSync(file)).subarray(16)
  for (let i = 0; i < 1000; i++) {
    const raw = { width: 28, height: 28, channels: 1 } as const
    yield sharp(pixels.subarray(i * 784, (i + 1) * 784), { raw })
      .resize(size, size)
      .png()
      .toBuffer()
  }
}

async function falseAlarms(what: string, images: Images, detector: FaceDetector): Promise<void> {
  const [changed, scores] = [thresholds.map(() => 0), [] as number[]]
  for await (const image of images) {
    const [surest] = await findFaces(image, detector)
    scores.push((surest as { score: number } | undefined)?.score ?? 0)
    thresholds.forEach((threshold, i) => (changed[i] += scores[scores.length - 1] >= threshold ? 1 : 0))
  }
  console.log(`nobody there, ${what}: ${changed.join(' ')} of ${scores.length} changed, highest score ${Math.max(...scores).toFixed(2)}`) // prettier-ignore
}

/** CPU time of storing a JPEG, that of sharp's threads too, with and without faces looked for. */
async function cost(width: number, height: number, detector: FaceDetector): Promise<void> {
  const image = await sharp(await photograph(1, 1, undefined))
    .resize(width, height, { fit: 'fill' })
    .jpeg()
    .toBuffer()
  const cpu = async (strip: () => Promise<unknown>) => {
    await strip()
    const begin = process.cpuUsage()
    for (let i = 0; i < 30; i++) await strip()
    const { user, system } = process.cpuUsage(begin)
    return Math.round((user + system) / 30_000)
  }
  const [plain, looked] = [await cpu(() => strippedImage(image)), await cpu(() => strippedImage(image, undefined, detector))] // prettier-ignore
  console.log(`JPEG of ${width} x ${height}: ${looked} ms of CPU to store, ${plain} without looking for faces`)
}
