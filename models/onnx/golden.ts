import { type Detector, DetectorError, type FeatureBatch, type Scores } from '../../agent/core/index.ts'
import type { Manifest } from './manifest.ts'

type Golden = Manifest['golden']

/** Feature rows of golden vectors; the windows' times are of no matter. */
export function goldenFeatures({ asset, inputs }: Golden, names: readonly string[]): FeatureBatch {
  const length = inputs.length
  return {
    length,
    names,
    values: Float64Array.from(inputs.flat(), (value) => value ?? NaN),
    asset,
    start: new Float64Array(length),
    end: new Float64Array(length),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
}

/** Runs the golden vectors. Rejects with a DetectorError (MODEL_MISMATCH) where an answer is not the trainer's. */
export async function checkGolden({ golden, features, version }: Manifest, detector: Detector): Promise<void> {
  if (golden.inputs.length === 0) return
  const scores = await detector.score(goldenFeatures(golden, features.names))
  for (let row = 0; row < golden.inputs.length; row++) {
    const wrong = answersOf(golden, scores, row).find(
      ([, actual, expected]) => deviation(actual, expected) > golden.tolerance * Math.max(1, Math.abs(expected)),
    )
    if (!wrong) continue
    const [what, actual, expected] = wrong
    throw new DetectorError(
      'MODEL_MISMATCH',
      `model ${version} gives the ${what} ${actual} for golden vector ${row + 1} where its trainer gave ${expected}`,
      { remedy: 'The file or the runtime changed since the training: restore the bundle from a copy, or train again.' },
    )
  }
}

const optional = ['value', 'lower', 'upper', 'probability'] as const

/** What the detector gave for a row beside what the trainer gave, by name. */
function answersOf(golden: Golden, scores: Scores, row: number): [string, number, number][] {
  const { score, contributions, tags } = scores
  const shares = (golden.contributions[row] ?? []).map((share, tag): [string, number, number] => [
    `contribution of ${tags[tag]}`,
    contributions[row * tags.length + tag],
    share,
  ])
  const others = optional.flatMap((name): [string, number, number][] => {
    const expected = golden[name]
    return expected ? [[name, scores[name]?.[row] ?? NaN, expected[row] ?? NaN]] : []
  })
  return [['score', score[row], golden.scores[row] ?? NaN], ...shares, ...others]
}

/** Distance of two numbers; none between two NaN, infinite between NaN and a number. */
function deviation(actual: number, expected: number): number {
  if (actual === expected) return 0
  if (Number.isNaN(actual) || Number.isNaN(expected))
    return Number.isNaN(actual) && Number.isNaN(expected) ? 0 : Infinity
  return Math.abs(actual - expected)
}
