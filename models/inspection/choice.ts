import { quantile } from '../linear-algebra.ts'
import type { Fitted } from './candidates.ts'
import { goodMerit, madeUpDefects } from './comparison.ts'
import { auroc, runFitted } from './evaluation.ts'
import { selectImages, type ImageSet } from './images.ts'
import type { Prepared } from './lesson.ts'
import type { LearnedImageSettings } from './settings.ts'

/** What a choice is made by: held-out good images, copies of them with made-up defects, and parts known to be defective. */
export interface Trial {
  readonly good: ImageSet
  readonly madeUp: ReturnType<typeof madeUpDefects>
  readonly known: ImageSet
}

/** What a trial says of a method of good images. */
export interface Judgement {
  readonly metrics: Record<string, number>
  /** Of held-out good images, also of those that the fit itself held out. */
  readonly goodScores: readonly number[]
  readonly threshold: number
  /** Probability that a defect scores higher than a good part; greater is better. */
  readonly rank: number
  /** Standard error of the rank. */
  readonly error: number
}

/** Known defects from which on they decide alone; fewer weigh as one kind beside those that are made up. */
const enoughKnown = 5

/** The trial of a training. */
export function trialOf(data: Prepared, { seed }: LearnedImageSettings): Trial {
  const good = selectImages(data.set, data.heldOut)
  return { good, madeUp: madeUpDefects(good, seed), known: data.defects.set }
}

/** Judges a method by a trial. Rejects with a DetectorError where its graph cannot be run. */
export async function judgeGood(fitted: Fitted, trial: Trial, settings: LearnedImageSettings): Promise<Judgement> {
  const scoresOf = async (set: ImageSet) => (await runFitted(fitted, set, 'score')).map(([score]) => score)
  const scores = await scoresOf(trial.good)
  const madeUp = await scoresOf(trial.madeUp.set)
  const known = await scoresOf(trial.known)
  const goodScores = [...scores, ...(fitted.heldOut ?? [])]
  const threshold = quantile(goodScores, 1 - settings.false_rejects)
  const share = (values: readonly number[]) => values.filter((score) => score > threshold).length / values.length
  const kinds = [...new Set(trial.madeUp.kinds)]
  const areas = kinds.map((kind) => [`auroc_${kind}`, auroc(scores, madeUp.filter((_, i) => trial.madeUp.kinds[i] === kind))] as const) // prettier-ignore
  const ofKnown = known.length > 0 ? auroc(scores, known) : undefined
  const all = [...areas.map(([, area]) => area), ...(ofKnown === undefined ? [] : [ofKnown])]
  const mean = all.reduce((sum, area) => sum + area, 0) / all.length
  const decided = ofKnown !== undefined && known.length >= enoughKnown
  const [found, falseRejects] = [share([...madeUp, ...known]), share(scores)]
  const metrics: Record<string, number> = {
    auroc: mean,
    found,
    false_rejects: falseRejects,
    ...(ofKnown !== undefined && { auroc_known: ofKnown, found_known: share(known) }),
    merit: goodMerit(falseRejects, 1 - found),
    ...Object.fromEntries(areas),
  }
  const rank = decided ? ofKnown : mean
  const defects = decided ? known.length : madeUp.length + known.length
  return { metrics, goodScores, threshold, rank, error: aurocError(rank, scores.length, defects) }
}

/** Standard error of an area under the curve. Source: Hanley and McNeil (1982). */
export function aurocError(area: number, good: number, defects: number): number {
  const [q1, q2] = [area / (2 - area), (2 * area ** 2) / (1 + area)]
  const variance = area * (1 - area) + (defects - 1) * (q1 - area ** 2) + (good - 1) * (q2 - area ** 2)
  return Math.sqrt(Math.max(0, variance / (good * defects)))
}
