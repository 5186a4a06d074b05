import { Cron } from 'croner'
import type { PredictionKind } from './core/index.ts'
import type { MonitorSettings } from './monitor.ts'
import type { TrialState } from './trial.ts'

/** Everything that the next step in the life of a monitor's model depends on. Times are event times, ms since epoch. */
export interface Standing {
  readonly kind: PredictionKind
  /** Version of the model at work. */
  readonly model: string | undefined
  /** Whether it can be used. */
  readonly working: boolean
  /** Span of well-covered windows so far, ms. */
  readonly span: number
  /** End of the newest window. */
  readonly newest: number
  /** When the last training began; NaN if there was none. */
  readonly trained: number
  /** Why the data no longer are what the model learned; undefined where they are. */
  readonly drift: string | undefined
  readonly rival:
    | {
        readonly version: string
        readonly role: 'challenger' | 'predecessor'
        readonly problem?: string
        readonly trial: TrialState
      }
    | undefined
}

/** What to do now, and why. `version` is the model that the step is about. */
export type Decision =
  | { readonly step: 'train'; readonly why: string }
  | { readonly step: 'active' | 'refused' | 'rollback' | 'retired'; readonly version: string; readonly why: string }

type LearnSettings = MonitorSettings['learn']

/** Fewest windows of a comparison, and fewest of a known truth for the kinds that need it. */
const leastWindows = 50
const leastLabelled: Readonly<Record<PredictionKind, number>> = { anomaly: 0, fault: 20, rul: 20, estimate: 10 }
/** Windows for which a model that was just put to work is watched beside the one before. */
const probation = 200
const leastProbation = 30
/** A fresh model is taken back when it alarms on more than this share of the windows, and so many times as often as the one before. */
const explosion = { share: 0.3, times: 5 }

/** The next step in the life of a monitor's model; undefined where there is nothing to do. A function of its arguments. */
export function decide(standing: Standing, settings: LearnSettings): Decision | undefined {
  const { rival } = standing
  if (rival?.role === 'predecessor') return watch(rival)
  if (rival) return judge(rival, standing, settings)
  const why = trainingDue(standing, settings)
  return why === undefined ? undefined : { step: 'train', why }
}

/** Why a training should begin now. */
function trainingDue(standing: Standing, { after, at_most, retrain, drift }: LearnSettings): string | undefined {
  const { model, working, span, newest, trained } = standing
  const since = Number.isNaN(trained) ? Infinity : newest - trained
  if (!working) {
    if (span < after || since < after / 4) return undefined
    return model === undefined ? 'enough was collected' : 'the model at work cannot be used'
  }
  if (since < at_most) return undefined
  if (drift && standing.drift !== undefined) return `drift: ${standing.drift}`
  return scheduleDue(retrain, lastTraining(standing), newest) ? `schedule ${retrain}` : undefined
}

/** When the last training began, or else the data; event time, ms since epoch. */
function lastTraining({ trained, newest, span }: Standing): number {
  return Number.isNaN(trained) ? newest - span : trained
}

/** Event time of the next training by schedule, ms since epoch; undefined where there is none. */
export function nextTraining(standing: Standing, retrain: string | undefined): number | undefined {
  return nextDate(retrain, lastTraining(standing))
}

/** Whether a date of the cron pattern lies between `last` and `now`, ms since epoch; not where one of these is NaN. */
export function scheduleDue(pattern: string | undefined, last: number, now: number): boolean {
  const due = nextDate(pattern, last)
  return due !== undefined && due <= now
}

function nextDate(pattern: string | undefined, last: number): number | undefined {
  if (pattern === undefined || Number.isNaN(last)) return undefined
  return new Cron(pattern, { paused: true, timezone: 'UTC' }).nextRun(new Date(last))?.getTime()
}

/** Whether a challenger takes the place of the model at work. */
function judge(
  { version, problem, trial }: NonNullable<Standing['rival']>,
  { kind }: Standing,
  { shadow, margin, wait_for_labels }: LearnSettings,
): Decision | undefined {
  if (problem !== undefined) return { step: 'refused', version, why: problem }
  if (trial.span < shadow || trial.windows < leastWindows) return undefined
  const needed = leastLabelled[kind]
  const [active, rival] = trial.merit.map(({ merit }) => merit)
  if (trial.labelled < needed || Number.isNaN(active) || Number.isNaN(rival)) {
    if (trial.span < wait_for_labels) return undefined
    const why = `only ${trial.labelled} of the ${needed} windows that a comparison needs have a label`
    return { step: 'refused', version, why }
  }
  const byValue = kind === 'rul' || kind === 'estimate'
  const needs = active + (byValue ? margin * -active : margin)
  const figures = `${describeMerit(trial, 1)} against ${describeMerit(trial, 0)}, over ${trial.windows} windows and ${trial.labelled} labels`
  const by = byValue ? `${margin * 100} %` : String(margin)
  return rival > needs
    ? { step: 'active', version, why: `better by more than ${by}: ${figures}` }
    : { step: 'refused', version, why: `not better by more than ${by}: ${figures}` }
}

/** Whether a model that was just put to work has to go again. */
function watch({ version, trial, problem }: NonNullable<Standing['rival']>): Decision | undefined {
  if (problem !== undefined) return { step: 'retired', version, why: problem }
  const [fresh, before] = trial.beyond
  if (explodes(trial.windows, fresh, before)) {
    const why = `the new model was beyond its threshold in ${percent(fresh)} of ${trial.windows} windows, this one in ${percent(before)}`
    return { step: 'rollback', version, why }
  }
  if (trial.windows < probation) return undefined
  return { step: 'retired', version, why: `its successor has proven itself over ${trial.windows} windows` }
}

/** Whether one of two models finds so many more faults than the other, over `count` windows or parts, that it is to blame. */
export function explodes(count: number, share: number, before: number): boolean {
  return count >= leastProbation && share > explosion.share && share > explosion.times * before
}

/** `merit 0.962 (false alarms 1.2 %, missed 6.4 %)` */
function describeMerit({ merit }: TrialState, side: 0 | 1): string {
  const { merit: own, figures } = merit[side]
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(3)}`)
  return `merit ${own.toPrecision(3)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`
}

export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
