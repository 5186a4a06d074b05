import { DetectorError } from '../../agent/core/index.ts'
import { quantile } from '../linear-algebra.ts'
import { contentHash } from '../onnx/bundle.ts'
import { openSession, sha256 } from '../onnx/runtime.ts'
import { methods, pixelsAt, sizeOf, spread, type Fitted, type Lesson } from './candidates.ts'
import { writeCard } from './card.ts'
import { encodePng } from './decode.ts'
import { goodMerit, madeUpDefects, meanRecall, meritBefore } from './comparison.ts'
import { auroc, classScores, confusionMatrix, runImages } from './evaluation.ts'
import { selectImages, type ImageSet } from './images.ts'
import { openInspector } from './inspector.ts'
import { prepare, type Prepared } from './lesson.ts'
import { type ImageBundle, type ImageManifest, type ImageOutput } from './manifest.ts'
import { classMethods, goodMethods, type Method } from './settings.ts'
import type { ImageTraining, MethodResult, TrainedStation } from './assignment.ts'

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
  const started = performance.now()
  for (const method of allowed) {
    if (judged.length > 0 && performance.now() - started > (job.budget ?? Infinity)) break
    const data = await prepare(job, names, sizeOf(method, job.settings))
    judged.push({ ...(await judge(job, data, method, names)), data })
  }
  const best = judged.reduce((a, b) => (b.rank > a.rank ? b : a))
  const before = await meritBefore(job, best.data)
  if (before !== undefined) best.metrics.merit_before = before
  const results = judged.map(({ method, metrics, seconds }) => ({ method, metrics, seconds, chosen: method === best.method })) // prettier-ignore
  const bundle = await bundleOf(job, best, names, results)
  await (await openInspector(bundle, job.bounds)).close()
  return { bundle, results, unusable: best.data.unusable }
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
  const metrics: Record<string, number> = { ...classScores(confusion), merit: meanRecall(confusion) }
  return { metrics, confusion, threshold: NaN, rank: metrics.macro_f1 }
}

/** By held-out good images against damaged copies of them, and parts that are known to be defective. */
async function judgeGood({ settings }: ImageTraining, fitted: Fitted, data: Prepared) {
  const good = selectImages(data.set, data.heldOut)
  const scoresOf = async (set: ImageSet) => (await run(fitted, set, 'score')).map(([score]) => score)
  const scores = await scoresOf(good)
  const known = await scoresOf(data.defects.set)
  const defects = [...(await scoresOf(madeUpDefects(good, settings.seed))), ...known]
  const threshold = quantile([...scores, ...(fitted.heldOut ?? [])], 1 - settings.false_rejects)
  const share = (values: readonly number[]) => values.filter((score) => score > threshold).length / values.length
  const [found, falseRejects] = [share(defects), share(scores)]
  const metrics: Record<string, number> = {
    auroc: auroc(scores, defects),
    found,
    false_rejects: falseRejects,
    ...(known.length > 0 && { found_known: share(known) }),
    merit: goodMerit(falseRejects, 1 - found),
  }
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
  results: readonly MethodResult[],
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
  return {
    manifest: { ...manifest, version: contentHash(manifest).slice(0, 12) },
    onnx: fitted.onnx,
    card: writeCard(manifest, results),
  }
}
