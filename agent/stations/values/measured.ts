import type { ImageAnswer } from '../../../models/inspection/inspector.ts'
import type { MeasuredAnswer, MeasuredInspector } from '../../../models/inspection/measured-inspector.ts'
import type { MeasuredConclusion } from '../../core/index.ts'
import { type StationSettings, namesOf } from '../../settings/index.ts'
import { ruleValues, type Ruling } from '../rule.ts'
import type { Measured } from './values.ts'

/** Name of the score of the image among the inputs of a model of measured values. */
export const imageInput = 'image'

/** Names of the inputs of a station's model of measured values. */
export function measuredNames(settings: Pick<StationSettings, 'values' | 'windows' | 'measured'>): string[] {
  return [...namesOf(settings), ...(settings.measured?.image ? [imageInput] : [])]
}

/** What a model of measured values sees of a part: its values, and the score of its image where it is told to. */
export function inputsOf(
  values: Measured,
  imageScore: number | null | undefined,
  { measured }: Pick<StationSettings, 'measured'>,
): Measured {
  return measured?.image && typeof imageScore === 'number' ? { ...values, [imageInput]: imageScore } : values
}

/** Whether a model of measured values has all that it sees. */
export function isComplete(
  inputs: Measured,
  settings: Pick<StationSettings, 'values' | 'windows' | 'measured'>,
): boolean {
  return measuredNames(settings).every((name) => name in inputs)
}

/** What is known of a part when it is judged. */
export interface PartFindings {
  readonly time: number
  /** What the rule makes of the image alone; of a station without images, a pass. */
  readonly image: Ruling
  readonly answer?: ImageAnswer
  readonly values: Measured
}

/** The verdict on a part from its image, values and windows, with what the model of the values says. */
export async function judgePart(
  { time, image, answer, values }: PartFindings,
  settings: StationSettings,
  inspector: MeasuredInspector | undefined,
): Promise<{ readonly ruling: Ruling; readonly measured?: MeasuredConclusion }> {
  const { measured, values: limits } = settings
  const limited = (ruling: Ruling) => ruleValues(ruling, values, limits, namesOf(settings))
  if (!measured) return { ruling: limited(image) }
  const inputs = inputsOf(values, answer?.score, settings)
  const complete = isComplete(inputs, settings)
  if (!complete || !inspector) {
    const reason = complete ? 'the station has no model of its values yet' : ''
    return { ruling: limited(complete ? undecided(image, reason) : image) }
  }
  const found = await inspector.judge({ time, values: inputs })
  const own = ruleMeasured(found)
  const joined = measured.image ? own : joinRulings(image, own)
  const conclusion = { ...found, score: Number.isNaN(found.score) ? null : found.score }
  return { ruling: limited({ ...joined, threshold: answer ? image.threshold : found.threshold }), measured: conclusion }
}

/** The part fails where the model of the values says so; without an opinion the operator decides. */
function ruleMeasured({ label, score, threshold, contributions }: MeasuredAnswer): Ruling {
  if (Number.isNaN(score)) return { verdict: 'operator', reason: 'the model of the values has no opinion', threshold }
  if (score <= threshold) return { verdict: 'pass', reason: '', threshold }
  const [most] = Object.keys(contributions)
  const what = label === 'defect' ? 'values' : `values of ${label}`
  return { verdict: 'fail', reason: `${what}: score ${score.toPrecision(3)} is over ${threshold.toPrecision(3)}, most by ${most}`, threshold } // prettier-ignore
}

/** Fails if either fails; else the operator decides if either leaves it to them. */
function joinRulings(one: Ruling, other: Ruling): Ruling {
  const verdict =
    (['fail', 'operator'] as const).find((each) => one.verdict === each || other.verdict === each) ?? 'pass'
  const reason = [one.reason, other.reason].filter((text) => text !== '').join('; ')
  return { verdict, reason, threshold: one.threshold }
}

function undecided(image: Ruling, reason: string): Ruling {
  return joinRulings(image, { verdict: 'operator', reason, threshold: null })
}
