import { DetectorError } from '../../agent/core/index.ts'
import { quantile } from '../linear-algebra.ts'
import { decodeImage, imageSize, type Preparation } from './decode.ts'
import { spreadRows, type ImageSet } from './images.ts'
import type { View } from './views.ts'
import type { ImageTraining, LabelledImage, TrainedStation } from './assignment.ts'

/** Decoded images, those to learn from apart from the held-out ones. */
export interface Prepared {
  readonly set: ImageSet
  /** Index of the class of each. */
  readonly labels: Uint16Array
  /** The file that each was decoded from. */
  readonly files: readonly LabelledImage[]
  readonly learned: Uint32Array
  readonly heldOut: Uint32Array
  /** Parts known to be defective, where there are good images only. */
  readonly defects: { readonly set: ImageSet; readonly files: readonly LabelledImage[] }
  readonly unusable: TrainedStation['unusable']
}

const fewestGood = 20
/** Images of a class that are enough to learn it. */
export const fewestPerClass = 5

/** Decodes the images of a training at `size` and holds some out. Throws a DetectorError (TRAINING_DATA). */
export async function prepare(
  job: ImageTraining,
  names: readonly string[],
  { size, channels }: View,
): Promise<Prepared> {
  const wanted: Preparation = { width: size, height: size, channels, region: job.region }
  const unusable: { name: string; detail: string }[] = []
  const { set, files } = await decodeAll(job, job.images, wanted, unusable)
  const labels = files.map(({ label }) => names.indexOf(label))
  const defects = await decodeAll(job, job.defects ?? [], wanted, unusable)
  return { set, files, labels: Uint16Array.from(labels), defects, unusable, ...split(files, names, job.settings.held_out) } // prettier-ignore
}

/** Pixels on the shorter side of what a station sees of its images, in the middle of a few of them. */
export async function pixelsOf({ images, region, bounds }: ImageTraining): Promise<number> {
  const shorter: number[] = []
  for (const row of spreadRows(images.length, 9)) {
    const size = await imageSize(images[row].image, bounds, region)
    if (size) shorter.push(Math.min(size.width, size.height))
  }
  return shorter.length === 0 ? Infinity : quantile(shorter, 0.5)
}

async function decodeAll(
  { bounds, signal }: ImageTraining,
  images: readonly LabelledImage[],
  wanted: Preparation,
  unusable: { name: string; detail: string }[],
) {
  const decoded: Uint8Array[] = []
  const files: LabelledImage[] = []
  for (const file of images) {
    signal?.throwIfAborted()
    const result = await decodeImage(file.image, wanted, bounds)
    if ('reason' in result) {
      unusable.push({ name: file.name, detail: result.detail })
      continue
    }
    decoded.push(result.pixels)
    files.push(file)
  }
  const set: ImageSet = { ...wanted, count: decoded.length, pixels: new Uint8Array(Buffer.concat(decoded)) }
  return { set, files }
}

/**
 * The last of each class and series are held out, so that images of one series do not stand on both sides, and that what a
 * training held out is held out by later ones as well.
 */
function split(files: readonly LabelledImage[], names: readonly string[], share: number) {
  const learned: number[] = []
  const heldOut: number[] = []
  for (const name of names) {
    const rows = [...files.keys()].filter((row) => files[row].label === name)
    const fewest = names.length > 1 ? fewestPerClass : fewestGood
    if (rows.length < fewest) {
      throw new DetectorError('TRAINING_DATA', `${rows.length} usable images of ${name}, at least ${fewest} are needed`, { remedy: 'Collect more images, or leave the class out.' }) // prettier-ignore
    }
    const series = [...new Set(rows.map((row) => files[row].series))]
    for (const own of series) {
      const members = rows.filter((row) => files[row].series === own)
      const least = series.length === 1 ? 1 : 0
      const cut = members.length - Math.max(least, Math.round(members.length * share))
      learned.push(...members.slice(0, cut))
      heldOut.push(...members.slice(cut))
    }
  }
  return { learned: Uint32Array.from(learned), heldOut: Uint32Array.from(heldOut) }
}
