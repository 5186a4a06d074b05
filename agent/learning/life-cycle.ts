import { Cron } from 'croner'
import { type ModelEvent, lasting } from '../core/index.ts'

/** The version at work, and the one beside it: one that wants its place, or the one whose place it took. */
export interface Posts {
  readonly model: string | undefined
  readonly rival: { readonly version: string; readonly role: 'challenger' | 'predecessor' } | undefined
}

/** Who is at which post after a step that is on record; the same object where it changes nothing. */
export function postsAfter(posts: Posts, { step, version }: Pick<ModelEvent, 'step' | 'version'>): Posts {
  const { model, rival } = posts
  if (step === 'shadow') return { model, rival: { version, role: 'challenger' } }
  if (step === 'rollback') return { model: version, rival: undefined }
  if (step === 'active') {
    const before = model === undefined || model === version ? undefined : model
    return { model: version, rival: before === undefined ? undefined : { version: before, role: 'predecessor' } }
  }
  const ends = (step === 'refused' || step === 'retired') && rival?.version === version
  return ends ? { model, rival: undefined } : posts
}

/** How two models compare on the same windows or parts: the one at work first, its rival second. What is compared is each kind's own. */
export interface Comparison {
  /** Windows or parts on which both had an opinion. */
  readonly count: number
  /** Share of these that each found faulty. */
  readonly faulty: readonly [number, number]
  /** What `faulty` says, in words, for a rival that is the predecessor, and for one that is a challenger. */
  readonly words: { readonly predecessor: string; readonly challenger: string }
  /** Whether a challenger that finds far more faults than the model at work is refused before its time. */
  readonly impatient: boolean
  /** `200 windows`, `200 parts`. */
  readonly size: string
  /** Whether a model that was just put to work has been watched long enough beside the one before. */
  readonly watched: boolean
  /** Whether a challenger is better; undefined while that is not known yet. */
  readonly outcome: () => Outcome | undefined
}

/** What a comparison came to, and its figures in words. */
export interface Outcome {
  readonly better: boolean
  readonly why: string
}

/** Everything that the next step in the life of a model depends on, whatever it is a model of. Times in ms since epoch. */
export interface Standing {
  readonly model: string | undefined
  /** Why the model at work cannot be used; absent where it can. */
  readonly problem?: string
  /** An earlier version that can be used in its place. */
  readonly fallback?: string
  readonly now: number
  /** When the last training began; NaN if there was none. */
  readonly trained: number
  /** Since when the schedule counts: since the last training, or since the first data. NaN: it does not count yet. */
  readonly counted: number
  /** Why a first model can be trained; undefined where there is too little to learn from. */
  readonly material: string | undefined
  /** Whether there is more to learn from than the last training had. */
  readonly news: boolean
  /** Why the model at work should be trained again before its schedule; undefined where it need not. */
  readonly reason: string | undefined
  readonly rival:
    (NonNullable<Posts['rival']> & { readonly problem?: string; readonly comparison: Comparison }) | undefined
}

/** When trainings may begin. */
export interface TrainingTimes {
  /** Least time between two trainings of a first model, ms. */
  readonly pause: number
  /** Least time between two trainings, ms. */
  readonly at_most: number
  /** A cron pattern in UTC; absent: on no schedule. */
  readonly retrain?: string | undefined
}

/** What to do now, and why. `version` is the model that the step is about. */
export type Decision =
  | { readonly step: 'train'; readonly why: string }
  | { readonly step: 'active' | 'refused' | 'rollback' | 'retired'; readonly version: string; readonly why: string }

/** Windows or parts for which a model that was just put to work is watched beside the one before, where nothing else is said. */
export const probation = 200
/** Fewest of them that say anything. */
export const leastProbation = 30
/** A fresh model is taken back when it finds more than this share faulty, and so many times as much as the one before. */
const explosion = { share: 0.3, times: 5 }

/** The next step in the life of a model; undefined where there is nothing to do. A function of its arguments. */
export function decide(standing: Standing, times: TrainingTimes): Decision | undefined {
  const { rival, problem, fallback } = standing
  if (problem !== undefined && fallback !== undefined) return { step: 'rollback', version: fallback, why: problem }
  if (rival?.role === 'challenger') return judge(rival)
  // The next training does not wait for the end of the watch; a rival of its own ends it.
  const watched = rival && watch(rival)
  if (watched) return watched
  const why = trainingDue(standing, times)
  return why === undefined ? undefined : { step: 'train', why }
}

/** Why a training should begin now. */
function trainingDue(standing: Standing, { pause, at_most, retrain }: TrainingTimes): string | undefined {
  const { model, problem, now, trained, counted, material, news, reason } = standing
  const since = Number.isNaN(trained) ? Infinity : now - trained
  if (model === undefined || problem !== undefined) {
    return material === undefined || since < pause ? undefined : (problem ?? material)
  }
  if (since < at_most || !news) return undefined
  if (reason !== undefined) return reason
  const due = nextTraining(retrain, counted)
  if (due === undefined || due > now) return undefined
  const late = now - due > periodOf(retrain, due) / 2 ? `; ${lasting(now - due)} late, the schedule cannot be kept` : ''
  return `schedule ${retrain}${late}`
}

/** Why a training whose date has come does not begin; undefined where none waits. */
export function overdue(
  { model, now, trained, counted, news, rival }: Standing,
  { at_most, retrain }: TrainingTimes,
): string | undefined {
  const trial = rival?.role === 'challenger'
  if (model === undefined || !news || (!trial && !(now - trained < at_most))) return undefined
  const due = nextTraining(retrain, counted)
  if (due === undefined || due > now) return undefined
  const why = trial
    ? `${rival.version} is still tried, over ${rival.comparison.size} so far; a shorter \`learn.shadow\` or more labels end that sooner`
    : `\`learn.at_most\` allows a training each ${lasting(at_most)}`
  return `the schedule ${retrain} cannot be kept: ${why}`
}

/** From one date of a cron pattern to the next, ms; infinite where there is none. */
export function periodOf(pattern: string | undefined, at: number): number {
  const next = nextTraining(pattern, at)
  const after = next === undefined ? undefined : nextTraining(pattern, next)
  return after === undefined ? Infinity : after - next!
}

/** The first date of a cron pattern in UTC after `last`, ms since epoch; undefined where there is none, or `last` is NaN. */
export function nextTraining(pattern: string | undefined, last: number): number | undefined {
  if (pattern === undefined || Number.isNaN(last)) return undefined
  return new Cron(pattern, { paused: true, timezone: 'UTC' }).nextRun(new Date(last))?.getTime()
}

/** Whether a challenger takes the place of the model at work. */
function judge({ version, problem, comparison }: NonNullable<Standing['rival']>): Decision | undefined {
  if (problem !== undefined) return { step: 'refused', version, why: problem }
  const [active, own] = comparison.faulty
  if (comparison.impatient && explodes(comparison.count, own, active)) {
    return { step: 'refused', version, why: comparison.words.challenger }
  }
  const outcome = comparison.outcome()
  return outcome && { step: outcome.better ? 'active' : 'refused', version, why: outcome.why }
}

/** Whether a model that was just put to work has to go again. */
function watch({ version, problem, comparison }: NonNullable<Standing['rival']>): Decision | undefined {
  if (problem !== undefined) return { step: 'retired', version, why: problem }
  const [fresh, before] = comparison.faulty
  if (explodes(comparison.count, fresh, before)) {
    return { step: 'rollback', version, why: comparison.words.predecessor }
  }
  if (!comparison.watched) return undefined
  return { step: 'retired', version, why: `its successor has proven itself over ${comparison.size}` }
}

/** Whether one of two models finds so many more faults than the other, over `count` windows or parts, that it is to blame. */
function explodes(count: number, share: number, before: number): boolean {
  return count >= leastProbation && share > explosion.share && share > explosion.times * before
}

/** Two merits held against each other: better where the rival's is above `needed`. `by`: the margin in words. */
export function better(own: number, needed: number, by: string, figures: string): Outcome {
  const won = own > needed
  return { better: won, why: `${won ? 'better' : 'not better'} by more than ${by}: ${figures}` }
}

/** `1.2 %` */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
