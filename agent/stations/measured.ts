import { join } from 'node:path'
import { Registry } from '../../models/index.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import { MeasuredInspector } from '../../models/inspection/measured.ts'
import { describeError, type Logger, type MeasuredConclusion } from '../core/index.ts'
import type { StationSettings } from './config.ts'
import { ruleValues, type Ruling } from './rule.ts'
import { namesOf, type Measured } from './values.ts'

/** Name of the score of the image among the inputs of a model of measured values. */
export const imageInput = 'image'

/** Names of the inputs of a station's model of measured values. */
export function measuredNames(settings: Pick<StationSettings, 'values' | 'windows' | 'measured'>): string[] {
  return [...namesOf(settings), ...(settings.measured?.image ? [imageInput] : [])]
}

/** The models of a station's measured values, oldest first; the newest is at work. `folder`: that of the station. */
export function measuredRegistry(folder: string): Registry {
  return new Registry(join(folder, 'measured'))
}

/** The newest model of a station's measured values; undefined where there is none that can be used, said in the log. */
export async function openMeasured(
  folder: string,
  station: string,
  settings: StationSettings,
  log: Logger,
): Promise<MeasuredInspector | undefined> {
  if (!settings.measured) return undefined
  const registry = measuredRegistry(folder)
  const version = (await registry.versions(station)).at(-1)
  if (version === undefined) {
    log.warn({ station }, 'no model of the measured values yet: train one with `millwright train`')
    return undefined
  }
  try {
    return checked(await MeasuredInspector.open(await registry.load(station, version)), measuredNames(settings))
  } catch (error) {
    log.error({ station, version }, `the model of the measured values cannot be used: ${describeError(error)}`)
    return undefined
  }
}

function checked(inspector: MeasuredInspector, names: readonly string[]): MeasuredInspector {
  const strange = inspector.names.filter((name) => !names.includes(name))
  if (strange.length === 0) return inspector
  throw new Error(`it was trained with ${strange.join(', ')}, which the station no longer has: train it again`)
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
  const inputs = measured.image && answer ? { ...values, [imageInput]: answer.score } : values
  const complete = measuredNames(settings).every((name) => name in inputs)
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
function ruleMeasured({
  label,
  score,
  threshold,
  contributions,
}: Awaited<ReturnType<MeasuredInspector['judge']>>): Ruling {
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
