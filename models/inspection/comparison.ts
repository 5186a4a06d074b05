import { DetectorError } from '../../agent/core/index.ts'
import { seededRandom } from '../random.ts'
import { imageLength, selectImages, spreadRows, type ImageSet } from './images.ts'
import { encodePng } from './decode.ts'
import { openInspector, type Inspector } from './inspector.ts'
import type { Prepared } from './lesson.ts'
import type { ImageBundle } from './manifest.ts'
import { damaged, kindsFor, type DefectKind } from './synthetic.ts'
import type { ImageTraining } from './assignment.ts'

/** Mean share of each class that is called by its name: what decides between two models. From images by class and verdict. */
export function meanRecall(matrix: readonly (readonly number[])[]): number {
  const recalls = matrix.flatMap((row, c) => {
    const count = row.reduce((total, value) => total + value, 0)
    return count === 0 ? [] : [row[c] / count]
  })
  return recalls.reduce((total, recall) => total + recall, 0) / recalls.length
}

/** The same for a model of good parts, by the shares that it gets wrong. */
export function goodMerit(falseRejects: number, missed: number): number {
  return 1 - (falseRejects + missed) / 2
}

/** Copies of each kind at most: what they say of a kind is sure enough, and a training has to end. */
const mostCopies = 40

/** Copies of held-out good images, each with a made-up defect of one kind; the same for the same seed. */
export function madeUpDefects(
  good: ImageSet,
  seed: number,
): { readonly set: ImageSet; readonly kinds: readonly DefectKind[] } {
  const random = seededRandom(seed + 1)
  const rows = spreadRows(good.count, mostCopies)
  const kinds = kindsFor(good.channels).flatMap((kind) => rows.map(() => kind))
  const copies = kinds.map((kind, i) => damaged(good, rows[i % rows.length], random, kind).pixels)
  return { set: { ...good, count: copies.length, pixels: new Uint8Array(Buffer.concat(copies)) }, kinds }
}

/**
 * How good the model at work is on the images that the training held out, as `merit` of the new one; undefined where there
 * is none, or none that can be opened.
 */
export async function meritBefore(job: ImageTraining, data: Prepared): Promise<number | undefined> {
  if (!job.before) return undefined
  try {
    return await withInspector(job.before, job, (inspector) =>
      data.labels.some((label) => label > 0) ? byClass(inspector, data) : byDefects(job.before!, inspector, job, data),
    )
  } catch (error) {
    if (error instanceof DetectorError) return undefined
    throw error
  }
}

async function byClass(inspector: Inspector, { files, heldOut }: Prepared): Promise<number> {
  const known = new Map<string, { count: number; right: number }>()
  for (const row of heldOut) {
    const { label, image } = files[row]
    const tally = known.get(label) ?? { count: 0, right: 0 }
    known.set(label, { count: tally.count + 1, right: tally.right + ((await labelOf(inspector, image)) === label ? 1 : 0) }) // prettier-ignore
  }
  const recalls = [...known.values()].map(({ count, right }) => right / count)
  return recalls.reduce((total, recall) => total + recall, 0) / recalls.length
}

/** Made-up defects are cut to the region already. */
async function byDefects(before: ImageBundle, inspector: Inspector, job: ImageTraining, data: Prepared) {
  const good = await rejected(
    Array.from(data.heldOut, (row) => data.files[row].image),
    inspector,
  )
  const { set: copies } = madeUpDefects(selectImages(data.set, data.heldOut), job.settings.seed)
  const uncut = { ...before, manifest: { ...before.manifest, input: { ...before.manifest.input, region: undefined }, golden: { tolerance: 1, images: [] } } } // prettier-ignore
  const size = imageLength(copies)
  const images = await Promise.all(
    Array.from({ length: copies.count }, (_, i) => encodePng(copies.pixels.subarray(i * size, (i + 1) * size), copies)),
  )
  const madeUp = await withInspector(uncut, job, (own) => rejected(images, own))
  const real = await rejected(
    data.defects.files.map(({ image }) => image),
    inspector,
  )
  const found = [...madeUp, ...real]
  const mean = (values: readonly boolean[]) => values.filter(Boolean).length / values.length
  return goodMerit(mean(good), 1 - mean(found))
}

/** Which images are not called good. */
async function rejected(images: readonly Uint8Array[], inspector: Inspector): Promise<boolean[]> {
  const found: boolean[] = []
  for (const image of images) found.push((await labelOf(inspector, image)) !== 'good')
  return found
}

async function labelOf(inspector: Inspector, image: Uint8Array): Promise<string | undefined> {
  const answer = await inspector.inspect(image)
  return 'reason' in answer ? undefined : answer.label
}

async function withInspector<Result>(
  bundle: ImageBundle,
  { bounds }: ImageTraining,
  work: (inspector: Inspector) => Promise<Result>,
): Promise<Result> {
  const inspector = await openInspector(bundle, bounds)
  try {
    return await work(inspector)
  } finally {
    await inspector.close()
  }
}
