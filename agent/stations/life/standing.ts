import {
  type Comparison,
  type Outcome,
  type Posts,
  type Standing,
  type TrainingTimes,
  better,
  percent,
  probation,
} from '../../learning/index.ts'
import type { StationLearnSettings } from '../../settings/index.ts'
import type { StationTrial } from './life.ts'

/** What a station knows of the life of one of its models. Times in ms since epoch. */
export interface StationStanding {
  /** Version of the model at work. */
  readonly model: string | undefined
  /** Why the model at work cannot be used; absent where it can. */
  readonly problem?: string
  /** An earlier version that can be used, where that at work cannot. */
  readonly fallback?: string
  readonly now: number
  /** When the last training began; NaN if there was none. */
  readonly trained: number
  /** What operators said of parts since then. */
  readonly corrections: number
  /** What a first model can learn from whatever operators say, in words; undefined where there is nothing. */
  readonly material: string | undefined
  /** Whether there is more to learn from than the last training had. */
  readonly news: boolean
  readonly rival:
    | (NonNullable<Posts['rival']> & {
        readonly problem?: string
        readonly trial: StationTrial
        /** Merit on what its training held out: of the model at work then, and its own. */
        readonly heldOut?: readonly [before: number, own: number]
      })
    | undefined
}

/** Fewest parts of which somebody said what they are, and fewest classes of them, for a comparison by them. */
const least = { labelled: 10, classes: 2 }

/** A model of a station as the life cycle sees it: it learns from parts, and models are compared on the same parts. */
export function standingOf(station: StationStanding, settings: StationLearnSettings): Standing {
  const { material, corrections, trained, rival, ...same } = station
  const enough = corrections >= settings.corrections
  return {
    ...same,
    trained,
    counted: trained,
    material: material ?? (enough ? `${corrections} parts were labelled` : undefined),
    reason: enough ? `${corrections} verdicts by operators since the last training` : undefined,
    rival: rival && { ...rival, comparison: comparisonOf(rival, settings) },
  }
}

export function trainingTimes({ at_most, retrain }: StationLearnSettings): TrainingTimes {
  return { pause: at_most / 4, at_most, retrain }
}

type Rival = NonNullable<StationStanding['rival']>

function comparisonOf(rival: Rival, settings: StationLearnSettings): Comparison {
  const { parts, fails } = rival.trial
  const [first, second] = fails.map(percent)
  return {
    count: parts,
    faulty: fails,
    words: {
      predecessor: `the new model failed ${first} of ${parts} parts, this one would have failed ${second}`,
      challenger: `it would fail ${second} of ${parts} parts, the model at work ${first}`,
    },
    impatient: true,
    size: `${parts} parts`,
    watched: parts >= probation,
    outcome: () => outcomeOf(rival, settings),
  }
}

function outcomeOf({ trial, heldOut }: Rival, { shadow, margin }: StationLearnSettings): Outcome | undefined {
  if ('parts' in shadow ? trial.parts < shadow.parts : trial.span < shadow.ms) return undefined
  const byLabels = trial.labelled >= least.labelled && trial.classes >= least.classes
  if (!byLabels && !heldOut) {
    const why = `operators judged ${trial.labelled} parts of ${trial.classes} classes: a comparison needs ${least.labelled} of ${least.classes}`
    return { better: false, why }
  }
  const [before, own] = byLabels ? trial.merit : heldOut!
  const over = byLabels ? `${trial.labelled} parts that operators judged` : 'what the training held out'
  const figures = `merit ${own.toPrecision(3)} against ${before.toPrecision(3)} over ${over}`
  return better(own, before + margin, String(margin), figures)
}
