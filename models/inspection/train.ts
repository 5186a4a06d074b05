import { DetectorError } from '../../agent/core/index.ts'
import { contentHash } from './bundle.ts'
import { quantile } from '../linear-algebra.ts'
import { openSession, sha256 } from '../onnx/runtime.ts'
import { seededRandom } from '../random.ts'
import { methods, pixelsAt, sizeOf, spread, type Fitted, type Lesson } from './candidates.ts'
import { writeCard } from './card.ts'
import { decodeImage, encodePng, type ImageBounds, type Region } from './decode.ts'
import { auroc, classScores, confusionMatrix, runImages } from './evaluation.ts'
import { selectImages, type ImageSet } from './images.ts'
import { openInspector } from './inspector.ts'
import { channelsOf, type ImageBundle, type ImageManifest, type ImageOutput } from './manifest.ts'
import { classMethods, goodMethods, type LearnedImageSettings, type Method } from './settings.ts'
import { damaged } from './synthetic.ts'

/** An image file to learn from. */
export interface LabelledImage {
  /** For messages. */
  readonly name: string
  readonly image: Uint8Array
  /** Its class; the same for all where there are good images only. */
  readonly label: string
}

/** A training of a station's model. */
export interface ImageTraining {
  readonly station: string
  readonly settings: LearnedImageSettings
  /** In order of their names or of time: the last of each class are held out. */
  readonly images: readonly LabelledImage[]
  readonly colour: 'grey' | 'rgb'
  readonly region?: Region
  readonly bounds: ImageBounds
  /** Written as the time of training, ms since epoch. */
  readonly created: number
  readonly parent?: string
  readonly signal?: AbortSignal
  /** `share`: 0 to 1, of the step that is named. */
  progress?(step: string, share: number): void
}

/** What became of a method. */
export interface MethodResult {
  readonly method: Method
  /** macro_f1 and accuracy, or auroc against made-up defects; on held-out images. */
  readonly metrics: Readonly<Record<string, number>>
  readonly seconds: number
  readonly chosen: boolean
}

/** A trained station. */
export interface TrainedStation {
  readonly bundle: ImageBundle
  readonly results: readonly MethodResult[]
  /** Images that cannot be decoded, with the reason. */
  readonly unusable: readonly { readonly name: string; readonly detail: string }[]
}

const fewestGood = 20
const fewestPerClass = 5
const goldenCount = 4
/** Single precision on both sides: the order of additions is all that differs. */
const tolerance = 1e-3

/**
 * Trains what the settings allow, chooses by the held-out images and exports the best. Its golden images are run through
 * the exported graph before it is handed out. The same images and seed give the same bundle, but for `created`.
 * Rejects with a DetectorError (TRAINING_DATA, TRAINING_FAILED, MODEL_MISMATCH), or the reason of the signal.
 */
export async function trainStation(job: ImageTraining): Promise<TrainedStation> {
  const names = [...new Set(job.images.map(({ label }) => label))].sort()
  const kind = names.length > 1 ? classMethods : goodMethods
  const allowed = kind.filter((method) => job.settings.methods.includes(method))
  if (allowed.length === 0) {
    throw new DetectorError('TRAINING_DATA', `none of ${job.settings.methods.join(', ')} can learn from ${names.length > 1 ? 'labelled images' : 'good images only'}`, { remedy: `Allow ${kind.join(' or ')} under methods.` }) // prettier-ignore
  }
  const judged: (Judged & { readonly data: Prepared })[] = []
  for (const method of allowed) {
    const data = await prepare(job, names, sizeOf(method, job.settings))
    judged.push({ ...(await judge(job, data, method, names)), data })
  }
  const best = judged.reduce((a, b) => (b.rank > a.rank ? b : a))
  const bundle = await bundleOf(job, best, names)
  await (await openInspector(bundle, job.bounds)).close()
  const results = judged.map(({ method, metrics, seconds }) => ({ method, metrics, seconds, chosen: method === best.method })) // prettier-ignore
  return { bundle, results, unusable: best.data.unusable }
}

/** Decoded images, those to learn from apart from the held-out ones. */
interface Prepared {
  readonly set: ImageSet
  readonly labels: Uint16Array
  readonly learned: Uint32Array
  readonly heldOut: Uint32Array
  readonly unusable: TrainedStation['unusable']
}

/** A method with what the held-out images say of it. */
interface Judged {
  readonly method: Method
  readonly fitted: Fitted
  readonly metrics: Record<string, number>
  readonly confusion?: number[][]
  readonly threshold: number
  /** Greater is better. */
  readonly rank: number
  readonly seconds: number
}

async function prepare(job: ImageTraining, names: readonly string[], size: number): Promise<Prepared> {
  const channels = names.length > 1 && job.settings.methods.length === 1 && job.settings.methods[0] === 'classifier' ? channelsOf(job) : 1 // prettier-ignore
  const wanted = { width: size, height: size, channels, region: job.region } as const
  const decoded: Uint8Array[] = []
  const labels: number[] = []
  const unusable: { name: string; detail: string }[] = []
  for (const { image, name, label } of job.images) {
    job.signal?.throwIfAborted()
    const result = await decodeImage(image, wanted, job.bounds)
    if ('reason' in result) {
      unusable.push({ name, detail: result.detail })
      continue
    }
    decoded.push(result.pixels)
    labels.push(names.indexOf(label))
  }
  const set: ImageSet = { ...wanted, count: decoded.length, pixels: new Uint8Array(Buffer.concat(decoded)) }
  return { set, labels: Uint16Array.from(labels), unusable, ...split(labels, names, job.settings.held_out) }
}

/** The last of each class are held out, so that images of one series do not stand on both sides. */
function split(labels: readonly number[], names: readonly string[], share: number) {
  const learned: number[] = []
  const heldOut: number[] = []
  names.forEach((name, label) => {
    const rows = [...labels.keys()].filter((row) => labels[row] === label)
    const fewest = names.length > 1 ? fewestPerClass : fewestGood
    if (rows.length < fewest) {
      throw new DetectorError('TRAINING_DATA', `${rows.length} usable images of ${name}, at least ${fewest} are needed`, { remedy: 'Collect more images, or leave the class out.' }) // prettier-ignore
    }
    const cut = rows.length - Math.max(1, Math.round(rows.length * share))
    learned.push(...rows.slice(0, cut))
    heldOut.push(...rows.slice(cut))
  })
  return { learned: Uint32Array.from(learned), heldOut: Uint32Array.from(heldOut) }
}

async function judge(job: ImageTraining, data: Prepared, method: Method, names: readonly string[]): Promise<Judged> {
  const started = performance.now()
  const lesson: Lesson = {
    images: selectImages(data.set, data.learned),
    labels: Uint16Array.from(data.learned, (row) => data.labels[row]),
    classes: names.length,
    settings: job.settings,
    signal: job.signal,
    progress: (share) => job.progress?.(method, share),
  }
  const fitted = await methods[method](lesson)
  const verdict = names.length > 1 ? await judgeClasses(fitted, data, names) : await judgeGood(job, fitted, data)
  return { method, fitted, ...verdict, seconds: (performance.now() - started) / 1000 }
}

async function judgeClasses(fitted: Fitted, data: Prepared, names: readonly string[]) {
  const answers = await run(fitted, selectImages(data.set, data.heldOut), 'probabilities')
  const confusion = confusionMatrix(Uint16Array.from(data.heldOut, (row) => data.labels[row]), answers, names.length) // prettier-ignore
  const metrics = classScores(confusion)
  return { metrics, confusion, threshold: NaN, rank: metrics.macro_f1 }
}

/** By held-out good images against damaged copies of them. */
async function judgeGood({ settings }: ImageTraining, fitted: Fitted, data: Prepared) {
  const good = selectImages(data.set, data.heldOut)
  const random = seededRandom(settings.seed + 1)
  const copies = Array.from({ length: good.count }, (_, i) => damaged(good, i, random).pixels)
  const broken: ImageSet = { ...good, pixels: new Uint8Array(Buffer.concat(copies)) }
  const scores = (await run(fitted, good, 'score')).map(([score]) => score)
  const defects = (await run(fitted, broken, 'score')).map(([score]) => score)
  const threshold = quantile([...scores, ...(fitted.heldOut ?? [])], 1 - settings.false_rejects)
  const share = (values: readonly number[]) => values.filter((score) => score > threshold).length / values.length
  const metrics = { auroc: auroc(scores, defects), found: share(defects), false_rejects: share(scores) }
  return { metrics, threshold, rank: metrics.auroc }
}

async function run({ onnx, input }: Fitted, set: ImageSet, output: string): Promise<Float32Array[]> {
  const session = await openSession(onnx, 'the trained image model')
  try {
    return await runImages(session, input, set, output)
  } finally {
    await session.close()
  }
}

async function bundleOf(
  job: ImageTraining,
  best: Judged & { data: Prepared },
  names: readonly string[],
): Promise<ImageBundle> {
  const { fitted, data, method, metrics, confusion, threshold } = best
  const output: ImageOutput =
    names.length > 1
      ? { type: 'classes', name: 'probabilities', softmax: false, classes: [...names] }
      : { type: 'score', name: 'score', map: 'map', threshold }
  const golden = spread(selectImages(data.set, data.heldOut), goldenCount)
  const answers = await fitted.answers(golden)
  const images = await Promise.all(
    answers.map(async (expected, i) => ({
      image: Buffer.from(await encodePng(pixelsAt(golden, i), golden)).toString('base64'),
      prepared: true,
      answers: expected,
    })),
  )
  const counts = names.map((name, label) => [name, data.labels.filter((own) => own === label).length] as const)
  const manifest: ImageManifest = {
    format: 1,
    type: method,
    kind: 'inspection',
    monitor: job.station,
    version: '',
    created: job.created,
    ...(job.parent !== undefined && { parent: job.parent }),
    sha256: sha256(fitted.onnx),
    input: { ...fitted.input, ...(job.region && { region: job.region }) },
    output,
    training: { images: data.learned.length, held_out: data.heldOut.length, classes: Object.fromEntries(counts) },
    metrics,
    ...(confusion && { confusion }),
    golden: { tolerance, images },
  }
  return { manifest: { ...manifest, version: contentHash(manifest) }, onnx: fitted.onnx, card: writeCard(manifest) }
}
