import { z } from 'zod'
import { DetectorError, soundClass, type Detector, type FeatureBatch } from '../../agent/core/index.ts'
import { anomalyConfig, trainAnomaly } from '../anomaly/index.ts'
import { faultConfig } from '../fault/fault.ts'
import { fault } from '../fault/index.ts'
import { openDetector } from '../onnx/detector.ts'
import type { ModelBundle } from '../onnx/manifest.ts'
import type { Targets, TrainingContext } from '../training.ts'

/** A model of the measured values of a part: settings, or the name of a type with its defaults. */
export const measuredModelConfig = z.union([
  z.literal('anomaly').transform(() => anomalyConfig.parse({ type: 'anomaly', method: 'hotelling-t2' })),
  z.literal('fault').transform(() => faultConfig.parse({ type: 'fault' })),
  z.discriminatedUnion('type', [anomalyConfig, faultConfig]),
])

export type MeasuredModelSettings = z.output<typeof measuredModelConfig>

/** What was measured of one part. */
export interface MeasuredPart {
  /** ms since epoch. */
  readonly time: number
  /** By name; what is missing was not measured. */
  readonly values: Readonly<Record<string, number>>
  /** Class of the part, `soundClass` for one that passes; absent where nobody said. */
  readonly class?: string
}

/** What a model makes of the measured values of a part. */
export interface MeasuredAnswer {
  /** The class of a model that tells classes; else `good` or `defect`. */
  readonly label: string
  /** Distance from good parts, or the probability of any defect. NaN: no opinion. */
  readonly score: number
  readonly threshold: number
  /** Share of the score by value, in its unit, largest first. */
  readonly contributions: Readonly<Record<string, number>>
  readonly model: string
}

/** A value is a series of one sample: its mean is itself, so that models take it as any other feature. */
const columnOf = (name: string) => `${name}.mean`

/**
 * Learns from parts. `anomaly` (Hotelling's T² by default): from all but those of a defective class. `fault` (boosted
 * trees): from those with a class. Rejects with a DetectorError: TRAINING_DATA where there are too few parts, in words
 * of parts; TRAINING_FAILED; or the reason of the signal.
 */
export async function trainMeasured(
  settings: MeasuredModelSettings,
  parts: readonly MeasuredPart[],
  {
    station,
    names,
    created,
  }: { readonly station: string; readonly names: readonly string[]; readonly created: number },
  context: TrainingContext = {},
): Promise<ModelBundle> {
  check(settings, parts, station)
  const ordered = [...parts].sort((a, b) => a.time - b.time)
  const features = batchOf(ordered, names, station)
  const input = { monitor: station, features, targets: targetsOf(settings, ordered), created }
  const bundle = await (settings.type === 'anomaly' ? trainAnomaly(settings, input, context) : fault.train(settings, input, context)) // prettier-ignore
  const detector = await openDetector(bundle)
  await detector.close()
  return bundle
}

/** Judges the measured values of parts by a trained model. */
export class MeasuredInspector {
  readonly #detector: Detector
  readonly #station: string
  readonly #names: readonly string[]

  private constructor(detector: Detector, station: string) {
    this.#detector = detector
    this.#station = station
    this.#names = detector.inputs.map((column) => column.replace(/\.mean$/, ''))
  }

  /** Checks the bundle before it is handed out. Rejects with a DetectorError. */
  static async open(bundle: ModelBundle): Promise<MeasuredInspector> {
    return new MeasuredInspector(await openDetector(bundle), bundle.manifest.monitor)
  }

  /** Names of the values it was trained with. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Rejects with a DetectorError. */
  async judge(part: MeasuredPart): Promise<MeasuredAnswer> {
    const scores = await this.#detector.score(batchOf([part], this.#names, this.#station))
    const [score, threshold] = [scores.score[0], scores.threshold[0]]
    const code = scores.label?.[0] ?? -1
    const named = code >= 0 ? scores.classes?.[code] : undefined
    const shares = scores.tags.map((name, at): [string, number] => [name, scores.contributions[at]])
    return {
      label: named === undefined || named === soundClass ? (score > threshold ? 'defect' : 'good') : named,
      score,
      threshold,
      contributions: Object.fromEntries(shares.sort((a, b) => b[1] - a[1])),
      model: this.#detector.version,
    }
  }

  close(): Promise<void> {
    return this.#detector.close()
  }
}

function batchOf(parts: readonly MeasuredPart[], names: readonly string[], station: string): FeatureBatch {
  const values = new Float64Array(parts.length * names.length)
  parts.forEach((part, row) =>
    names.forEach((name, at) => (values[row * names.length + at] = part.values[name] ?? NaN)),
  )
  const time = Float64Array.from(parts, ({ time }) => time)
  return {
    length: parts.length,
    names: names.map(columnOf),
    values,
    asset: parts.map(() => station),
    start: time,
    end: time,
    coverage: new Float64Array(parts.length).fill(1),
    revision: new Uint16Array(parts.length).fill(1),
  }
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
  if (!enough.includes(soundClass) || enough.length < 2) {
    throw tooFew(`station ${station} needs ${leastOfClass} parts that pass and ${leastOfClass} of a defect, with labels (${seen})`) // prettier-ignore
  }
  if (labelled.length < least) throw tooFew(`station ${station} has ${labelled.length} parts with labels, and needs ${least} (${seen})`) // prettier-ignore
}

const leastOfClass = 5

function tooFew(message: string): DetectorError {
  return new DetectorError('TRAINING_DATA', message, { remedy: 'Give it more parts: a longer file, or a longer time of the journal.' }) // prettier-ignore
}
