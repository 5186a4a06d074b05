import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import type { PartVerdict } from '../core/index.ts'
import type { StationSettings, VerdictRule } from '../settings/index.ts'

/** A verdict with what led to it. */
export interface Ruling {
  readonly verdict: PartVerdict
  readonly reason: string
  /** What decided, where the rule has its own. */
  readonly threshold: number | null
}

/** What the rule makes of an answer of the model. */
export function rule(answer: ImageAnswer, settings: VerdictRule): Ruling {
  return answer.probabilities ? byClass(answer, settings) : byScore(answer, settings)
}

function byClass({ label, score }: ImageAnswer, { fails, passes, min_confidence }: VerdictRule): Ruling {
  const threshold = min_confidence === 0 ? null : min_confidence
  if (score < min_confidence) {
    const reason = `${label} with ${score.toFixed(2)}, less than the ${min_confidence} that is asked for`
    return { verdict: 'operator', reason, threshold }
  }
  const bad = isBad(label, { fails, passes })
  return { verdict: bad ? 'fail' : 'pass', reason: bad ? label : '', threshold }
}

/** Whether parts of a class fail. */
function isBad(label: string, { fails, passes }: Pick<VerdictRule, 'fails' | 'passes'>): boolean {
  return fails ? fails.includes(label) : !passes.includes(label)
}

/** The class that an answer names: of a score, by the threshold that the rule has or the model learned. */
export function labelOf({ label, score, threshold, probabilities }: ImageAnswer, settings: VerdictRule): string {
  if (probabilities) return label
  return score <= (settings.threshold ?? threshold ?? 0) ? goodClass : defectClass
}

/** Classes of a model that learns from good parts only. */
export const goodClass = 'good'
export const defectClass = 'defect'

/** Words for a part that passes, whatever its class is called; and for one that does not. */
const soundWords = ['good', 'ok', 'pass']
const badWords = ['defect', 'bad', 'fail']

/**
 * The class that somebody means by a word. `classes`: those of the model, and those that images were called before; none
 * where there is neither: then every word is a class.
 */
export function classMeant(
  word: string,
  classes: readonly string[],
  settings: VerdictRule,
): { readonly class: string } | { readonly why: string } {
  if (classes.includes(word)) return { class: word }
  const bad = badWords.includes(word.toLowerCase())
  const sound = soundWords.includes(word.toLowerCase())
  if (classes.length === 0) return { class: bad ? defectClass : sound ? goodClass : word }
  if (bad || sound) {
    const fits = classes.filter((name) => (name === defectClass || isBad(name, settings)) === bad)
    if (fits.length === 1) return { class: fits[0] }
  }
  return { why: `which class is meant by "${word}" is not clear; there are: ${classes.join(', ')}` }
}

function byScore(answer: ImageAnswer, settings: VerdictRule): Ruling {
  const threshold = settings.threshold ?? answer.threshold ?? 0
  const { score } = answer
  if (settings.margin > 0 && Math.abs(score - threshold) <= settings.margin * Math.abs(threshold)) {
    return { verdict: 'operator', reason: `score ${score.toPrecision(3)} is close to ${threshold.toPrecision(3)}`, threshold } // prettier-ignore
  }
  const bad = !(score <= threshold)
  return { verdict: bad ? 'fail' : 'pass', reason: bad ? `score ${score.toPrecision(3)} is over ${threshold.toPrecision(3)}` : '', threshold } // prettier-ignore
}

/** What measured values add: the part fails where one is outside, and is incomplete where one never came. */
export function ruleValues(
  ruling: Ruling,
  values: Readonly<Record<string, number>>,
  limits: StationSettings['values'],
  expected: readonly string[],
): Ruling {
  const missing = expected.filter((name) => !(name in values))
  const outside = Object.entries(limits).flatMap(([name, { min = -Infinity, max = Infinity }]) =>
    name in values && !(values[name] >= min && values[name] <= max) ? [`${name} ${values[name]} is outside`] : [],
  )
  const reasons = [ruling.reason, ...outside].filter((reason) => reason !== '')
  if (ruling.verdict === 'fail' || outside.length > 0) return { ...ruling, verdict: 'fail', reason: reasons.join('; ') }
  if (missing.length === 0) return ruling
  return { ...ruling, verdict: 'incomplete', reason: [...reasons, `no ${missing.join(', ')}`].join('; ') }
}
