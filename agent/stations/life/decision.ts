import type { StationLearnSettings } from '../config.ts'
import { explodes, percent, scheduleDue, type Decision } from '../../life-cycle.ts'
import type { StationTrial } from './life.ts'

/** Everything that the next step in the life of a model of a station depends on. Times in ms since epoch. */
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
    | {
        readonly version: string
        readonly role: 'challenger' | 'predecessor'
        readonly problem?: string
        readonly trial: StationTrial
        /** Merit on what its training held out: of the model at work then, and its own. */
        readonly heldOut?: readonly [before: number, own: number]
      }
    | undefined
}

/** Fewest parts of which somebody said what they are, and fewest classes of them, for a comparison by them. */
const least = { labelled: 10, classes: 2 }

/** The next step in the life of a station's model; undefined where there is nothing to do. A function of its arguments. */
export function decideStation(standing: StationStanding, settings: StationLearnSettings): Decision | undefined {
  const { rival, problem, fallback } = standing
  if (problem !== undefined && fallback !== undefined) return { step: 'rollback', version: fallback, why: problem }
  if (rival?.role === 'predecessor') return watch(rival)
  if (rival) return judge(rival, settings)
  const why = trainingDue(standing, settings)
  return why === undefined ? undefined : { step: 'train', why }
}

function trainingDue(standing: StationStanding, settings: StationLearnSettings): string | undefined {
  const { model, problem, now, trained, corrections, material, news } = standing
  const since = Number.isNaN(trained) ? Infinity : now - trained
  const enough = corrections >= settings.corrections
  if (model === undefined || problem !== undefined) {
    if (since < settings.at_most / 4 || !(material !== undefined || enough)) return undefined
    return problem ?? material ?? `${corrections} parts were labelled`
  }
  if (since < settings.at_most || !news) return undefined
  if (enough) return `${corrections} verdicts by operators since the last training`
  return scheduleDue(settings.retrain, trained, now) ? `schedule ${settings.retrain}` : undefined
}

type Rival = NonNullable<StationStanding['rival']>

/** Whether a challenger takes the place of the model at work. */
function judge({ version, problem, trial, heldOut }: Rival, { shadow, margin }: StationLearnSettings) {
  const refused = (why: string): Decision => ({ step: 'refused', version, why })
  if (problem !== undefined) return refused(problem)
  const [now, then] = trial.fails
  if (explodes(trial.parts, then, now)) return refused(`it would fail ${percent(then)} of ${trial.parts} parts, the model at work ${percent(now)}`) // prettier-ignore
  if ('parts' in shadow ? trial.parts < shadow.parts : trial.span < shadow.ms) return undefined
  const byLabels = trial.labelled >= least.labelled && trial.classes >= least.classes
  if (!byLabels && !heldOut) return refused(`operators judged ${trial.labelled} parts of ${trial.classes} classes: a comparison needs ${least.labelled} of ${least.classes}`) // prettier-ignore
  const [before, own] = byLabels ? trial.merit : heldOut!
  const over = byLabels ? `${trial.labelled} parts that operators judged` : 'what the training held out'
  const figures = `merit ${own.toPrecision(3)} against ${before.toPrecision(3)} over ${over}`
  if (own > before + margin)
    return { step: 'active', version, why: `better by more than ${margin}: ${figures}` } as const
  return refused(`not better by more than ${margin}: ${figures}`)
}

/** Parts for which a model that was just put to work is watched beside the one before. */
const probation = 200

/** Whether a model that was just put to work has to go again. */
function watch({ version, trial, problem }: Rival): Decision | undefined {
  if (problem !== undefined) return { step: 'retired', version, why: problem }
  const [fresh, before] = trial.fails
  if (explodes(trial.parts, fresh, before)) {
    const why = `the new model failed ${percent(fresh)} of ${trial.parts} parts, this one would have failed ${percent(before)}`
    return { step: 'rollback', version, why }
  }
  if (trial.parts < probation) return undefined
  return { step: 'retired', version, why: `its successor has proven itself over ${trial.parts} parts` }
}
