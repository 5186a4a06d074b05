import type { Detector, FeatureBatch } from '../../agent/core/index.ts'
import { serve } from '../processes/serve.ts'
import { openDetector } from './detector.ts'
import type { Tried } from './trial.ts'
import { readUserFile } from './user-file.ts'

/** Rows of a sample, and what stands in all of its columns: a model may go one way or another by its input. */
const samples = [0, 1, -1, 1e6]

serve(() => Promise.resolve(tryModel))

/** Opens a model, which runs its golden vectors, and runs it on a sample. */
async function tryModel(model: Tried): Promise<void> {
  const bundle = 'manifest' in model ? model : await readUserFile(model)
  const detector = await openDetector(bundle)
  await detector.score(sampleOf(detector, Object.keys(bundle.manifest.calibration.assets).at(0) ?? ''))
  await detector.close()
}

function sampleOf({ inputs }: Detector, asset: string): FeatureBatch {
  const length = samples.length
  return {
    length,
    names: inputs,
    values: Float64Array.from(samples.flatMap((value) => inputs.map(() => value))),
    asset: samples.map(() => asset),
    start: new Float64Array(length),
    end: new Float64Array(length),
    coverage: new Float64Array(length).fill(1),
    revision: new Uint16Array(length).fill(1),
  }
}
