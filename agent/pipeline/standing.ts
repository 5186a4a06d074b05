import type { PredictionKind } from '../core/index.ts'
import {
  type Comparison,
  type Outcome,
  type Posts,
  type Standing,
  type TrainingTimes,
  type TrialState,
  better,
  percent,
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
    rival: rival && { ...rival, comparison: comparisonOf(rival.trial, kind, settings) },
  }
}

/** When the schedule of a monitor begins to count: at its last training, or else at its first window. */
export function countedFrom({ trained, newest, span }: MonitorStanding): number {
  return Number.isNaN(trained) ? newest - span : trained
}

export function trainingTimes({ after, at_most, retrain }: LearnSettings): TrainingTimes {
  return { pause: after / 4, at_most, retrain }
}

function comparisonOf(trial: TrialState, kind: PredictionKind, settings: LearnSettings): Comparison {
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
    size: `${windows} windows`,
    outcome: () => outcomeOf(trial, kind, settings),
  }
}

function outcomeOf(trial: TrialState, kind: PredictionKind, settings: LearnSettings): Outcome | undefined {
  const { shadow, margin, wait_for_labels } = settings
  if (trial.span < shadow || trial.windows < leastWindows) return undefined
  const needed = leastLabelled[kind]
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
