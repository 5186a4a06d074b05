import { type Detector, type FeatureBatch, type Scores, sharesOf, soundClass } from '../../agent/core/index.ts'
import { openDetector } from '../onnx/detector.ts'
import type { ModelBundle } from '../onnx/manifest.ts'

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
  /** Share of the score by value, 0 to 1, together 1, largest first. */
  readonly contributions: Readonly<Record<string, number>>
  readonly model: string
}

/** A value is a series of one sample: its mean is itself, so that models take it as any other feature. */
const columnOf = (name: string) => `${name}.mean`

/** Judges the measured values of parts by a trained model. */
export class MeasuredInspector {
  /** Defects that it tells apart; none where it tells them from good parts only. */
  readonly defects: readonly string[]
  readonly #detector: Detector
  readonly #asset: string
  readonly #names: readonly string[]
  #underWay: Promise<void> = Promise.resolve()

  private constructor(detector: Detector, { monitor: asset, classes }: ModelBundle['manifest']) {
    this.#detector = detector
    this.#asset = asset
    this.defects = classes.filter((name) => name !== soundClass)
    this.#names = detector.inputs.map((column) => column.replace(/\.mean$/, ''))
  }

  /** Checks the bundle before it is handed out. Rejects with a DetectorError. */
  static async open(bundle: ModelBundle): Promise<MeasuredInspector> {
    return new MeasuredInspector(await openDetector(bundle), bundle.manifest)
  }

  /** Names of the values it was trained with. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Rejects with a DetectorError. */
  async judge(part: MeasuredPart): Promise<MeasuredAnswer> {
    return (await this.judgeAll([part]))[0]
  }

  /** Answers by part. Rejects with a DetectorError. */
  async judgeAll(parts: readonly MeasuredPart[]): Promise<MeasuredAnswer[]> {
    const scoring = this.#detector.score(batchOf(parts, this.#names, this.#asset))
    // Nothing of what was scored is held on to.
    this.#underWay = Promise.allSettled([this.#underWay, scoring]).then(() => undefined)
    const scores = await scoring
    return parts.map((_, row) => answerOf(scores, row, this.#detector.version))
  }

  /** Once all that is in hand has its answer. */
  async close(): Promise<void> {
    await this.#underWay
    await this.#detector.close()
  }
}

function answerOf(
  { score: scores, threshold: thresholds, label, classes, tags, contributions }: Scores,
  row: number,
  model: string,
): MeasuredAnswer {
  const [score, threshold] = [scores[row], thresholds[row]]
  const named = label && label[row] >= 0 ? classes?.[label[row]] : undefined
  return {
    label: named === undefined || named === soundClass ? (score > threshold ? 'defect' : 'good') : named,
    score,
    threshold,
    contributions: sharesOf(tags, contributions.subarray(row * tags.length, (row + 1) * tags.length)),
    model,
  }
}

/** Rows of a model: a part each. */
export function batchOf(parts: readonly MeasuredPart[], names: readonly string[], asset: string): FeatureBatch {
  const values = new Float64Array(parts.length * names.length)
  parts.forEach((part, row) =>
    names.forEach((name, at) => (values[row * names.length + at] = part.values[name] ?? NaN)),
  )
  const time = Float64Array.from(parts, ({ time }) => time)
  return {
    length: parts.length,
    names: names.map(columnOf),
    values,
    asset: parts.map(() => asset),
    start: time,
    end: time,
    coverage: new Float64Array(parts.length).fill(1),
    revision: new Uint16Array(parts.length).fill(1),
  }
}
