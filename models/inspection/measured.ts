import { DetectorError, soundClass } from '../../agent/core/index.ts'
import { trainAnomaly } from '../anomaly/index.ts'
import { fault } from '../fault/index.ts'
import { openDetector } from '../onnx/detector.ts'
import type { ModelBundle } from '../onnx/manifest.ts'
import type { Report } from '../report.ts'
import type { Targets, TrainingContext } from '../training.ts'
import { batchOf, MeasuredInspector, type MeasuredPart } from './measured-inspector.ts'
import { examOf, holdOut, meritBefore, meritOf } from './measured-comparison.ts'
import type { MeasuredModelSettings } from './measured-settings.ts'

/** What a training of measured values is for. */
export interface MeasuredTraining {
  /** For messages. */
  readonly station: string
  /** The name that the bundle is registered under. */
  readonly model: string
  /** Of the values. */
  readonly names: readonly string[]
  /** Written as the time of training, ms since epoch. */
  readonly created: number
  /** The model at work: both are judged by parts that are held out. */
  readonly before?: ModelBundle
}

/**
 * Learns from parts. `anomaly` (Hotelling's T² by default): from all but those of a defective class. `fault` (boosted
 * trees): from those with a class. Where there is a model before, and parts enough to hold some out, the metrics have two
 * figures on those: `merit`, of a model that learned from the others, and `merit_before`, of the model before. Rejects with a
 * DetectorError: TRAINING_DATA where there are too few parts, in words of parts; TRAINING_FAILED; or the reason of the signal.
 */
export async function trainMeasured(
  settings: MeasuredModelSettings,
  parts: readonly MeasuredPart[],
  job: MeasuredTraining,
  context: TrainingContext = {},
): Promise<ModelBundle> {
  check(settings, parts, job.station)
  const ordered = [...parts].sort((a, b) => a.time - b.time)
  const compared = job.before && (await compare(settings, ordered, job.before, job, context))
  const { manifest, card, report, ...bundle } = await fit(settings, ordered, job, context)
  return {
    ...bundle,
    manifest: { ...manifest, metrics: { ...manifest.metrics, ...compared?.merits } },
    card: inParts(card),
    ...(report && { report: reportOnParts(report, compared?.note) }),
  }
}

function reportOnParts({ data, split, notes, ...report }: Report, note: string | undefined): Report {
  return {
    ...report,
    data: { ...data, rowsAre: 'parts' },
    split: inParts(split),
    notes: [...notes.map(inParts), ...(note === undefined ? [] : [note])],
  }
}

/** The trainers speak of windows; a window is a part here. */
function inParts(text: string): string {
  return text.replaceAll('window', 'part')
}

/** The merit on held-out parts of a model that learned from the others, and of the one before; undefined where there are too few. */
async function compare(
  settings: MeasuredModelSettings,
  parts: readonly MeasuredPart[],
  before: ModelBundle,
  job: MeasuredTraining,
  context: TrainingContext,
) {
  const split = holdOut(settings, parts, leastOfClass)
  if (!split) return undefined
  const exam = examOf(settings, split, job.names)
  const inspector = await MeasuredInspector.open(await fit(settings, split.learned, job, context))
  const merit = await meritOf(inspector, exam)
  await inspector.close()
  const earlier = await meritBefore(before, exam)
  const count = split.heldOut.length
  const then = earlier === undefined ? 'the model at work cannot be asked about them' : `the model at work of ${earlier.toPrecision(3)}` // prettier-ignore
  const note = `A model that learned without ${count} of the parts has a merit of ${merit.toPrecision(3)} on these, ${then}.`
  return { merits: { merit, ...(earlier !== undefined && { merit_before: earlier }) }, note }
}

async function fit(
  settings: MeasuredModelSettings,
  parts: readonly MeasuredPart[],
  { model, names, created, before }: MeasuredTraining,
  context: TrainingContext,
): Promise<ModelBundle> {
  const input = {
    monitor: model,
    features: batchOf(parts, names, model),
    targets: targetsOf(settings, parts),
    created,
    ...(before && { parent: before.manifest.version }),
  }
  const bundle = await (settings.type === 'anomaly' ? trainAnomaly(settings, input, context) : fault.train(settings, input, context)) // prettier-ignore
  await (await openDetector(bundle)).close()
  return bundle
}

/** anomaly: 1 a defect, 0 said to be good; fault: code of the class. NaN: nobody said. */
function targetsOf({ type }: MeasuredModelSettings, parts: readonly MeasuredPart[]): Targets {
  const known = new Set(parts.flatMap((part) => part.class ?? []))
  known.delete(soundClass)
  const classes = [soundClass, ...[...known].sort()]
  const codes = Float64Array.from(parts, (part) => (part.class === undefined ? NaN : classes.indexOf(part.class)))
  return type === 'fault' ? { value: codes, classes } : { value: codes.map((code) => Math.min(code, 1)) }
}

/** The trainers speak of windows; what is wrong with parts is said here. */
function check(settings: MeasuredModelSettings, parts: readonly MeasuredPart[], station: string): void {
  const good = parts.filter((part) => part.class === undefined || part.class === soundClass).length
  const labelled = parts.filter((part) => part.class !== undefined)
  const least = settings.min_windows
  if (settings.type === 'anomaly') {
    if (good < least) throw tooFew(`station ${station} has ${good} good parts to learn from, and needs ${least}`)
    return
  }
  const counts = new Map<string, number>()
  for (const part of labelled) counts.set(part.class!, (counts.get(part.class!) ?? 0) + 1)
  const seen = [...counts].map(([name, count]) => `${name}: ${count}`).join(', ') || 'none'
  const enough = [...counts].filter(([, count]) => count >= leastOfClass).map(([name]) => name)
  if (enough.length < 2) {
    throw tooFew(`station ${station} needs ${leastOfClass} parts with labels of each of two classes, parts that pass or a defect (${seen})`) // prettier-ignore
  }
  if (labelled.length < least) throw tooFew(`station ${station} has ${labelled.length} parts with labels, and needs ${least} (${seen})`) // prettier-ignore
}

const leastOfClass = 5

function tooFew(message: string): DetectorError {
  return new DetectorError('TRAINING_DATA', message, { remedy: 'Give it more parts: a longer file, or a longer time of the journal.' }) // prettier-ignore
}
