import { DetectorError } from '../../agent/core/index.ts'
import { z } from 'zod'
import { roleOf } from '../feature-tags.ts'
import { versionOf } from '../features/index.ts'
import { contentHash } from '../onnx/bundle.ts'
import type { Calibration, Manifest, ModelBundle } from '../onnx/manifest.ts'
import { sha256 } from '../onnx/runtime.ts'
import type { TrainingContext, TrainingInput } from '../training.ts'
import { calibrate, purge, type DroppedBlock, type Thresholds } from './calibration.ts'
import { writeCard } from './card.ts'
import { goldenVectors } from './golden-vectors.ts'
import { furthest, trainingRows, type TrainingRows } from './scaling.ts'
import { fitT2, precision, type T2Fit } from './t2-fit.ts'
import { t2Graph } from './t2-graph.ts'

/** Settings of the default model of a monitor. */
export const anomalyConfig = z.strictObject({
  type: z.literal('anomaly').describe('Learns what is normal and scores how far a window is from it. Needs no labels.'),
  sensitivity: z
    .number()
    .positive()
    .default(1)
    .describe('How soon it alarms: the learned threshold is divided by it, so 2 halves and 0.5 doubles the threshold.'),
  quiet: z
    .boolean()
    .default(false)
    .describe('Fewer false alarms for more missed faults: a threshold above all that was seen.'),
  min_windows: z
    .int()
    .min(20)
    .default(50)
    .describe('Fewest windows with values that a training needs; a few hundred are better.'),
})

export type AnomalySettings = z.output<typeof anomalyConfig>

/**
 * Learns Hotelling's T² over the feature vectors of all assets of a monitor: scaling per asset, one covariance, a
 * threshold per asset. The same input gives the same bundle, but for `created`.
 * Throws a DetectorError: TRAINING_DATA where there is too little, TRAINING_FAILED where the numbers allow no fit;
 * and the reason of `signal` when it aborts.
 */
export function trainHotellingT2(
  settings: AnomalySettings,
  input: TrainingInput,
  { signal }: TrainingContext = {},
): ModelBundle {
  const data = usableRows(input, settings.min_windows)
  const { rows, dropped } = purge(data, signal)
  const fit = fitT2(data, rows)
  const thresholds = calibrate(data, rows, fit, settings, signal)
  return bundle(input, { data, rows, dropped, fit, thresholds })
}

/** All that a training found. */
interface Trained {
  readonly data: TrainingRows
  readonly rows: Uint32Array
  readonly dropped: readonly DroppedBlock[]
  readonly fit: T2Fit
  readonly thresholds: Thresholds
}

function usableRows({ features, monitor }: TrainingInput, least: number): TrainingRows {
  const data = trainingRows(features)
  if (data.length >= least) return data
  const given = features.length === data.length ? '' : ` (${features.length - data.length} more had no value)`
  throw new DetectorError(
    'TRAINING_DATA',
    `monitor ${monitor} has ${data.length} windows to learn from${given}, and needs ${least}: ${least - data.length} more`,
    { remedy: 'Wait for more data, look whether the tags deliver good values, or shorten the windows.' },
  )
}

function bundle(input: TrainingInput, trained: Trained): ModelBundle {
  const { names } = input.features
  const tags = [...new Set(names.map(roleOf))]
  const onnx = t2Graph(precision(trained.fit, names.length), names, tags, input.monitor)
  const unnamed: Manifest = {
    format: 1,
    type: 'anomaly',
    kind: 'anomaly',
    monitor: input.monitor,
    version: '',
    created: input.created,
    ...(input.parent !== undefined && { parent: input.parent }),
    sha256: sha256(onnx),
    features: { version: versionOf(names), names: [...names] },
    tags,
    input: 'features',
    outputs: { score: 'score', contributions: 'contributions' },
    classes: [],
    higher_is_worse: true,
    furthest,
    calibration: calibrationOf(trained),
    scaled: true,
    missing: 'refused',
    training: trainingOf(input, trained),
    metrics: {
      shrinkage: trained.fit.shrinkage,
      threshold: trained.thresholds.pooled,
      false_alarms: trained.thresholds.falseAlarms,
    },
    golden: goldenVectors(trained.data, trained.fit, names, tags),
  }
  const manifest = { ...unnamed, version: contentHash(unnamed).slice(0, 16) }
  return { manifest, onnx, card: writeCard(manifest) }
}

function calibrationOf({ data, fit, thresholds }: Trained): Manifest['calibration'] {
  const at = (asset: number, threshold: number): Calibration => {
    const part = (values: Float64Array) => Array.from(values.subarray(asset * data.size, (asset + 1) * data.size))
    return { mean: part(fit.scaling.mean), scale: part(fit.scaling.scale), threshold }
  }
  return {
    pooled: at(data.assets.length, thresholds.pooled),
    assets: Object.fromEntries(data.assets.map((name, asset) => [name, at(asset, thresholds.byAsset[asset])])),
  }
}

function trainingOf({ features }: TrainingInput, { data, rows, dropped }: Trained): Manifest['training'] {
  let from = Infinity
  let to = -Infinity
  for (let row = 0; row < data.length; row++) {
    from = Math.min(from, data.start[row])
    to = Math.max(to, data.end[row])
  }
  return { from, to, rows: features.length, used: rows.length, dropped: [...dropped] }
}
