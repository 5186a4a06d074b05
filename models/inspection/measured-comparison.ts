import { DetectorError, soundClass } from '../../agent/core/index.ts'
import type { ModelBundle } from '../onnx/manifest.ts'
import type { MeasuredModelSettings } from './measured-settings.ts'
import { MeasuredInspector, type MeasuredAnswer, type MeasuredPart } from './measured-inspector.ts'

/** Parts that a training learns from, and others that judge it. */
export interface Split {
  readonly learned: readonly MeasuredPart[]
  readonly heldOut: readonly MeasuredPart[]
}

/** The parts of each class are cut into so many blocks of time, and every so many of them is held out. */
const blocks = 20
const everyOther = 4
/** Fewest good parts that say anything about how many are failed wrongly. */
const leastGood = 10

/**
 * Holds out a quarter of each class, blocked in time, and for a model of good parts all that are known to be defective;
 * undefined where too few would be left to learn from. `parts`: in order of time; `leastOfClass`: fewest of a class to learn
 * from.
 */
export function holdOut(
  settings: MeasuredModelSettings,
  parts: readonly MeasuredPart[],
  leastOfClass: number,
): Split | undefined {
  const learned: MeasuredPart[] = []
  const heldOut: MeasuredPart[] = []
  const good = settings.type === 'anomaly'
  const usable = good ? parts : parts.filter((part) => part.class !== undefined)
  for (const [name, own] of byClass(usable)) {
    const defects = good && name !== soundClass
    const size = Math.ceil(own.length / blocks)
    const isOut = (at: number) => defects || Math.floor(at / size) % everyOther === everyOther - 1
    const kept = own.filter((_, at) => !isOut(at))
    if (!defects && kept.length < leastOfClass) return undefined
    learned.push(...kept)
    heldOut.push(...own.filter((_, at) => isOut(at)))
  }
  // Where all parts are of one defect or another, any of them judge.
  const judges = good || parts.some((part) => part.class === soundClass) ? soundOf(heldOut) : heldOut
  const enough = learned.length >= settings.min_windows && judges.length >= leastGood
  return enough ? { learned, heldOut } : undefined
}

/** Parts by class, those of which nobody said anything among the sound ones. */
function byClass(parts: readonly MeasuredPart[]): Map<string, MeasuredPart[]> {
  const classes = new Map<string, MeasuredPart[]>()
  for (const part of parts) {
    const name = part.class ?? soundClass
    classes.set(name, [...(classes.get(name) ?? []), part])
  }
  return classes
}

const soundOf = (parts: readonly MeasuredPart[]) => byClass(parts).get(soundClass) ?? []

/** What was held out, of a model of good parts with made-up defects as one more class. */
export function examOf(
  settings: MeasuredModelSettings,
  { learned, heldOut }: Split,
  names: readonly string[],
): MeasuredPart[] {
  const madeUp = settings.type === 'anomaly' ? madeUpDefects(soundOf(learned), soundOf(heldOut), names) : []
  return [...heldOut, ...madeUp]
}

/** By how much one value of a made-up defect is off, in standard deviations of that value over good parts. */
const offset = 4
const madeUpClass = 'made-up defect'

function madeUpDefects(
  learned: readonly MeasuredPart[],
  good: readonly MeasuredPart[],
  names: readonly string[],
): MeasuredPart[] {
  const scales = names.map((name) => spreadOf(learned.flatMap((part) => part.values[name] ?? [])))
  const varying = names.filter((_, at) => scales[at] > 0)
  if (varying.length === 0) return []
  return good.map((part, at) => {
    const name = varying[at % varying.length]
    const way = Math.floor(at / varying.length) % 2 === 0 ? 1 : -1
    const value = part.values[name] + way * offset * scales[names.indexOf(name)]
    return { ...part, class: madeUpClass, values: { ...part.values, [name]: value } }
  })
}

/** The standard deviation; 0 of nothing. */
function spreadOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length))
}

/** Mean share of each class that a model gets right: sound parts pass, others are called by their name, or fail where the model has no names. */
export async function meritOf(inspector: MeasuredInspector, exam: readonly MeasuredPart[]): Promise<number> {
  const answers = await inspector.judgeAll(exam)
  const shares = [...byClass(exam.map((part, at) => ({ ...part, answer: answers[at] })))].map(([name, parts]) => {
    const right = (parts as (MeasuredPart & { answer: MeasuredAnswer })[]).filter(({ answer }) => isRight(name, answer))
    return right.length / parts.length
  })
  return shares.reduce((sum, each) => sum + each, 0) / shares.length
}

function isRight(truth: string, { label, score, threshold }: MeasuredAnswer): boolean {
  if (Number.isNaN(score)) return false
  if (truth === soundClass) return score <= threshold
  return score > threshold && (label === truth || label === 'defect')
}

/** The merit of the model before; undefined where it cannot be opened, or sees what these parts do not have. */
export async function meritBefore(before: ModelBundle, exam: readonly MeasuredPart[]): Promise<number | undefined> {
  try {
    const inspector = await MeasuredInspector.open(before)
    const known = inspector.names.every((name) => exam.every(({ values }) => name in values))
    const merit = known ? await meritOf(inspector, exam) : undefined
    await inspector.close()
    return merit
  } catch (error) {
    if (error instanceof DetectorError) return undefined
    throw error
  }
}
