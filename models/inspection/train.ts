import { DetectorError } from '../../agent/core/index.ts'
import { contentHash } from '../onnx/bundle.ts'
import { sha256 } from '../onnx/runtime.ts'
import { methods, pixelsAt, spread, viewFor, type Fitted, type Lesson } from './candidates.ts'
import { writeCard } from './card.ts'
import { judgeGood, trialOf, type Judgement } from './choice.ts'
import { combine } from './combination.ts'
import { encodePng } from './decode.ts'
import { meanRecall, meritBefore } from './comparison.ts'
import { classScores, confusionMatrix, runFitted } from './evaluation.ts'
import { calibrate } from './evidence.ts'
import { selectImages } from './images.ts'
import { openInspector } from './inspector.ts'
import { pixelsOf, prepare, type Prepared } from './lesson.ts'
import { type ImageBundle, type ImageManifest, type ImageOutput } from './manifest.ts'
import { classMethods, goodMethods, type Method } from './settings.ts'
import { behindView, viewOf, type View } from './views.ts'
import type { ImageTraining, MethodResult, TrainedStation } from './assignment.ts'

const goldenCount = 4
/** Single precision on both sides: the order of additions is all that differs. */
const tolerance = 1e-3

/**
 * Trains what the settings allow, chooses by the held-out images and exports the best. Several methods of good images are
 * combined, and one of them is taken alone only where it is better than that by more than chance. Its golden images are run
 * through the exported graph before it is handed out. The same images and seed give the same bundle, but for `created`.
 * Rejects with a DetectorError (TRAINING_DATA, TRAINING_FAILED, MODEL_MISMATCH), or the reason of the signal.
 */
export async function trainStation(job: ImageTraining): Promise<TrainedStation> {
  const names = [...new Set(job.images.map(({ label }) => label))].sort()
  const kind = names.length > 1 ? classMethods : goodMethods
  const allowed = kind.filter((method) => job.settings.methods.includes(method))
  if (allowed.length === 0) {
    throw new DetectorError('TRAINING_DATA', `none of ${job.settings.methods.join(', ')} can learn from ${names.length > 1 ? 'labelled images' : 'good images only'}`, { remedy: `Allow ${kind.join(' or ')} under methods.` }) // prettier-ignore
  }
  const pixels = await pixelsOf(job)
  const views = allowed.map((method) => [method, viewFor(method, job.settings, job.colour, pixels)] as const)
  const judged = names.length > 1 ? await judgeAllClasses(job, views, names) : await judgeAllGood(job, views, names)
  const best = chosen(judged)
  const before = await meritBefore(job, best.data)
  if (before !== undefined) best.metrics.merit_before = before
  const results = judged.map(({ method, metrics, seconds }) => ({ method, metrics, seconds, chosen: method === best.method })) // prettier-ignore
  const bundle = await bundleOf(job, best, names, results)
  await (await openInspector(bundle, job.bounds)).close()
  return { bundle, results, unusable: best.data.unusable }
}

/**
 * The best; but another has to be better by more than chance than what is preferred: the combination of methods, and of
 * classifiers the one that learned to see before, as few held-out images say little.
 */
function chosen(judged: readonly Judged[]): Judged {
  const best = judged.reduce((a, b) => (b.rank > a.rank ? b : a))
  const preferred = judged.find(({ method }) => method === 'combination' || method === 'transfer')
  return preferred && best.rank <= preferred.rank + preferred.error ? preferred : best
}

/** A method with what the held-out images say of it. */
interface Judged {
  readonly method: Method | 'combination'
  readonly fitted: Fitted
  readonly data: Prepared
  readonly metrics: Record<string, number>
  readonly confusion?: number[][]
  readonly threshold: number
  /** Greater is better. */
  readonly rank: number
  /** Standard error of the rank. */
  readonly error: number
  readonly seconds: number
}

async function judgeAllClasses(job: ImageTraining, views: Views, names: readonly string[]) {
  const judged: Judged[] = []
  for (const [method, view, started] of within(job, views)) {
    const data = await prepare(job, names, view)
    const fitted = await fit(job, method, data, names)
    judged.push({ method, fitted, data, ...(await judgeClasses(fitted, data, names)), seconds: since(started) }) // prettier-ignore
  }
  return judged
}

/** All see the same images, each through its own view, so that they can be combined. */
async function judgeAllGood(job: ImageTraining, views: Views, names: readonly string[]) {
  const widest = { size: Math.max(...views.map(([, { size }]) => size)), channels: views.some(([, { channels }]) => channels === 3) ? 3 : 1 } as const // prettier-ignore
  const data = await prepare(job, names, widest)
  const trial = trialOf(data, job.settings)
  const judged: (Judged & Judgement)[] = []
  const judge = async (method: Judged['method'], fitted: Fitted, started: number) =>
    judged.push({ method, fitted, data, ...(await judgeGood(fitted, trial, job.settings)), seconds: since(started) })
  for (const [method, view, started] of within(job, views)) {
    const own = { ...data, set: viewOf(data.set, view) }
    await judge(method, behindView(await fit(job, method, own, names), widest), started)
  }
  if (judged.length > 1) {
    const started = performance.now()
    const members = judged.map(({ fitted, goodScores }) => ({
      fitted,
      calibration: calibrate(goodScores.map(Math.log)),
    }))
    await judge('combination', combine(members), started)
  }
  return judged
}

/** Methods with what they see images at. */
type Views = readonly (readonly [Method, View])[]

/** The methods that the budget has time for, and when each begins. */
function* within({ budget = Infinity }: ImageTraining, views: Views) {
  const started = performance.now()
  for (const [i, [method, view]] of views.entries()) {
    if (i > 0 && performance.now() - started > budget) return
    yield [method, view, performance.now()] as const
  }
}

const since = (started: number) => (performance.now() - started) / 1000

function fit(job: ImageTraining, method: Method, data: Prepared, names: readonly string[]): Promise<Fitted> {
  const lesson: Lesson = {
    images: selectImages(data.set, data.learned),
    labels: Uint16Array.from(data.learned, (row) => data.labels[row]),
    classes: names.length,
    settings: job.settings,
    signal: job.signal,
    progress: (share) => job.progress?.(method, share),
  }
  return methods[method](lesson)
}

async function judgeClasses(fitted: Fitted, data: Prepared, names: readonly string[]) {
  const answers = await runFitted(fitted, selectImages(data.set, data.heldOut), 'probabilities')
  const confusion = confusionMatrix(Uint16Array.from(data.heldOut, (row) => data.labels[row]), answers, names.length) // prettier-ignore
  const metrics: Record<string, number> = { ...classScores(confusion), merit: meanRecall(confusion) }
  const count = data.heldOut.length
  // None wrong of a few is no proof (Laplace's rule of succession).
  const share = (metrics.accuracy * count + 1) / (count + 2)
  const error = Math.sqrt((share * (1 - share)) / count)
  return { metrics, confusion, threshold: NaN, rank: metrics.macro_f1, error }
}

async function bundleOf(
  job: ImageTraining,
  best: Judged,
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
