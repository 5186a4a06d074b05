import type { PredictionKind } from '../core/index.ts'
import {
  type Comparison,
  type Outcome,
  type Posts,
  type Standing,
  type TrainingTimes,
  type TrialState,
  better,
  leastProbation,
  percent,
  periodOf,
  probation,
} from '../learning/index.ts'
import type { Config } from '../settings/index.ts'

export type LearnSettings = Config['monitors'][string]['learn']

/** What a monitor knows of the life of its model. Times are event times, ms since epoch. */
export interface MonitorStanding {
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
  readonly rival: (NonNullable<Posts['rival']> & { readonly problem?: string; readonly trial: TrialState }) | undefined
}

/** Fewest windows of a comparison, and fewest of a known truth for the kinds that need it. */
const leastWindows = 50
/** Least event time of one that needs no labels, ms. */
const leastTrial = 3_600_000
const leastLabelled: Readonly<Record<PredictionKind, number>> = { anomaly: 0, fault: 20, rul: 20, estimate: 10 }

/** A monitor as the life cycle sees it: it learns from windows, and models are compared on the same windows. */
export function standingOf(monitor: MonitorStanding, settings: LearnSettings): Standing {
  const { kind, model, working, span, newest, trained, drift, rival } = monitor
  return {
    model,
    ...(model !== undefined && !working && { problem: 'the model at work cannot be used' }),
    now: newest,
    trained,
    counted: countedFrom(monitor),
    material: span < settings.after ? undefined : 'enough was collected',
    news: true,
    reason: settings.drift && drift !== undefined ? `drift: ${drift}` : undefined,
    rival: rival && { ...rival, comparison: comparisonOf(rival.trial, kind, settings, newest) },
  }
}

/** When the schedule of a monitor begins to count: at its last training, or else at its first window. */
export function countedFrom({ trained, newest, span }: MonitorStanding): number {
  return Number.isNaN(trained) ? newest - span : trained
}

export function trainingTimes({ after, at_most, retrain }: LearnSettings): TrainingTimes {
  return { pause: after / 4, at_most, retrain }
}

function comparisonOf(trial: TrialState, kind: PredictionKind, settings: LearnSettings, now: number): Comparison {
  const { windows, beyond } = trial
  const [first, second] = beyond.map(percent)
  return {
    count: windows,
    faulty: beyond,
    words: {
      predecessor: `the new model was beyond its threshold in ${first} of ${windows} windows, this one in ${second}`,
      challenger: `it was beyond its threshold in ${second} of ${windows} windows, the model at work in ${first}`,
    },
    impatient: false,
    size: `${windows} windows${leastLabelled[kind] > 0 ? ` and ${trial.labelled} labels` : ''}`,
    watched: settings.watch ? lasts(trial, settings.watch) : windows >= probation || (windows >= leastProbation && trial.span >= quarter(settings, now)), // prettier-ignore
    outcome: () => outcomeOf(trial, kind, settings, now),
  }
}

/** A quarter of the time between two trainings, ms. */
const quarter = ({ retrain }: LearnSettings, now: number): number => periodOf(retrain, now) / 4

function lasts({ windows, span }: TrialState, least: { windows: number } | { ms: number }): boolean {
  return 'windows' in least ? windows >= least.windows : span >= least.ms
}

/** Whether a trial has gone on for long enough to be judged, as far as its windows and labels go. */
function isLong(trial: TrialState, kind: PredictionKind, settings: LearnSettings, now: number): boolean {
  const needed = leastLabelled[kind]
  const { shadow } = settings
  if (shadow && 'windows' in shadow) return lasts(trial, shadow)
  if (shadow) return lasts(trial, shadow) && (needed > 0 || trial.windows >= leastWindows)
  if (needed === 0) return trial.span >= leastTrial && trial.windows >= leastWindows
  return trial.labelled >= 3 * needed || (trial.labelled >= needed && trial.span >= quarter(settings, now))
}

function outcomeOf(trial: TrialState, kind: PredictionKind, settings: LearnSettings, now: number): Outcome | undefined {
  const { margin, wait_for_labels } = settings
  const needed = leastLabelled[kind]
  if (trial.labelled >= needed && !isLong(trial, kind, settings, now)) return undefined
  const [active, rival] = trial.merit.map(({ merit }) => merit)
  if (trial.labelled < needed || Number.isNaN(active) || Number.isNaN(rival)) {
    if (trial.span < wait_for_labels) return undefined
    const why = `only ${trial.labelled} of the ${needed} windows that a comparison needs have a label`
    return { better: false, why }
  }
  const byValue = kind === 'rul' || kind === 'estimate'
  const figures = `${describeMerit(trial, 1)} against ${describeMerit(trial, 0)}, over ${trial.windows} windows and ${trial.labelled} labels`
  const needs = active + (byValue ? margin * -active : margin)
  return better(rival, needs, byValue ? `${margin * 100} %` : String(margin), figures)
}

/** `merit 0.962 (false alarms 1.2 %, missed 6.4 %)` */
function describeMerit({ merit }: TrialState, side: 0 | 1): string {
  const { merit: own, figures } = merit[side]
  const parts = Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(3)}`)
  return `merit ${own.toPrecision(3)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`
}
