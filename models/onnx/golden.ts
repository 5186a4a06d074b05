import { DetectorError, type Detector, type FeatureBatch } from '../../agent/core/index.ts'
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
export async function checkGolden({ golden, features, version, tags }: Manifest, detector: Detector): Promise<void> {
  if (golden.inputs.length === 0) return
  const { score, contributions } = await detector.score(goldenFeatures(golden, features.names))
  golden.scores.forEach((expected, row) => {
    const scale = Math.max(1, Math.abs(expected ?? 0))
    let worst = deviation(score[row], expected ?? NaN)
    golden.contributions[row]?.forEach((share, tag) => {
      worst = Math.max(worst, deviation(contributions[row * tags.length + tag], share))
    })
    if (worst <= golden.tolerance * scale) return
    throw new DetectorError(
      'MODEL_MISMATCH',
      `model ${version} gives ${score[row]} for golden vector ${row + 1} where its trainer gave ${expected ?? NaN}`,
      { remedy: 'The file or the runtime changed since the training: restore the bundle from a copy, or train again.' },
    )
  })
}

/** Distance of two numbers; none between two NaN, infinite between NaN and a number. */
function deviation(actual: number, expected: number): number {
  if (Number.isNaN(actual) || Number.isNaN(expected))
    return Number.isNaN(actual) && Number.isNaN(expected) ? 0 : Infinity
  return Math.abs(actual - expected)
}
