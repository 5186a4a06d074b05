import { DetectorError } from '../../agent/core/index.ts'
import { pickColumns, roleOf } from '../feature-tags.ts'
import { versionOf } from '../features/index.ts'
import { contentHash } from '../onnx/bundle.ts'
import { packSymmetric } from '../onnx/imputer.ts'
import type { Calibration, Manifest, ModelBundle } from '../onnx/manifest.ts'
import { sha256 } from '../onnx/runtime.ts'
import { defaultSeed, type TrainingContext, type TrainingInput } from '../training.ts'
import { calibrate } from './calibration.ts'
import { usableColumns } from './columns.ts'
import { tryMethods } from './candidates.ts'
import { writeCard } from './card.ts'
import type { AnomalySettings } from './config.ts'
import { goldenVectors } from './golden-vectors.ts'
import { anomalyGraph } from './graph.ts'
import { findModes, modeColumn } from './modes.ts'
import { learnNormal, type Normal, type Subject } from './normal.ts'
import { purge } from './purge.ts'
import { reportOf } from './report.ts'
import { furthest, trainingRows, type LabelledRows } from './scaling.ts'
import type { Findings } from './findings.ts'

/**
 * Learns what is normal from the feature vectors of all assets of a monitor: scaling per asset, modes where they are asked
 * for, the best method, a threshold per asset. The same input and seed give the same bundle, but for `created` and the
 * report, unless the budget leaves a method out.
 * Rejects with a DetectorError: TRAINING_DATA where there is too little, TRAINING_FAILED where the numbers allow no fit;
 * and the reason of `context.signal` when it aborts.
 */
export async function trainAnomaly(
  settings: AnomalySettings,
  given: TrainingInput,
  context: TrainingContext = {},
): Promise<ModelBundle> {
  const started = performance.now()
  context.signal?.throwIfAborted()
  const { features, left } = usableColumns(given.features, modeColumn(settings))
  const seed = context.seed ?? defaultSeed
  const whole = { ...given, features }
  const states = statesOf(given)
  const telling = findModes(usableRows(whole, settings.min_windows).data, features.names, settings.modes, seed, states)
  // What names no mode says nothing of health either.
  const useless = new Set(
    states.filter((role) => !telling?.left.some((column) => roleOf(features.names[column]) === role)),
  )
  const input = { ...whole, features: pickColumns(features, (name) => !useless.has(roleOf(name))) }
  const { names } = input.features
  const labelled = usableRows(input, settings.min_windows)
  const { data } = labelled
  const modes = useless.size > 0 ? findModes(data, names, settings.modes, seed, states) : telling
  const subject: Subject = { data, seed, ...(modes && { modes }) }
  const inMode = modes && Uint32Array.from(data.asset.keys()).filter((row) => modes.of[row] >= 0)
  const options = { signal: context.signal, sound: labelled.sound }
  const { rows, dropped } = await purge(subject, { ...options, ...(inMode && { rows: inMode }) })
  const trials = await tryMethods(subject, names, rows, settings, context)
  const chosen = trials.find((trial) => trial.chosen)!
  const normal = await learnNormal(subject, rows, chosen.method, { signal: context.signal, ways: true })
  const thresholds = calibrate(subject, rows, normal, chosen.method, chosen.held, settings, input.dwell)
  context.progress?.(1, 'exported')
  const found: Findings = { subject, labelled, left, rows, dropped, trials, chosen, normal, thresholds }
  return bundleOf(input, found, performance.now() - started)
}

/** Roles that hold their values, and may name the modes. */
function statesOf({ signals, features }: TrainingInput): string[] {
  const roles = new Set(features.names.map(roleOf))
  return [...(signals ?? [])].flatMap(([role, { nature }]) =>
    roles.has(role) && (nature === 'state' || nature === 'setpoint') ? [role] : [],
  )
}

function usableRows({ features, targets, monitor }: TrainingInput, least: number): LabelledRows {
  const labelled = trainingRows(features, targets?.value)
  const { length } = labelled.data
  if (length >= least) return labelled
  const { empty, faulty } = labelled
  const others = [...(empty > 0 ? [`${empty} more had no value`] : []), ...(faulty > 0 ? [`${faulty} more are labelled as faulty`] : [])] // prettier-ignore
  const given = others.length > 0 ? ` (${others.join(', ')})` : ''
  throw new DetectorError(
    'TRAINING_DATA',
    `monitor ${monitor} has ${length} windows to learn from${given}, and needs ${least}: ${least - length} more`,
    { remedy: 'Wait for more data, look whether the tags deliver good values, or shorten the windows.' },
  )
}

function bundleOf(input: TrainingInput, found: Findings, ms: number): ModelBundle {
  const { names } = input.features
  const { chosen, normal, thresholds, subject } = found
  const tags = [...new Set(names.map(roleOf))]
  const labels = { names, tags, monitor: input.monitor, method: chosen.method.name }
  const onnx = anomalyGraph(normal, thresholds.factors, labels)
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
    calibration: calibrationOf(found),
    scaled: true,
    ...missingOf(normal, names.length),
    training: trainingOf(input, found),
    metrics: {
      ...normal.scorer.metrics,
      ...(subject.modes && { modes: subject.modes.count }),
      threshold: thresholds.pooled,
      false_alarms: thresholds.falseAlarms,
    },
    golden: goldenVectors(subject.data, normal, thresholds.factors, labels),
  }
  const manifest = { ...unnamed, version: contentHash(unnamed).slice(0, 16) }
  return { manifest, onnx, card: writeCard(manifest, found), report: reportOf(manifest, found, ms) }
}

/** What becomes of missing features. */
function missingOf({ front, relation }: Normal, size: number): Pick<Manifest, 'missing' | 'covariance' | 'modes'> {
  if (!relation) return { missing: front ? 'passed' : 'refused' }
  return { missing: 'imputed', ...('modes' in relation ? relation : { covariance: packSymmetric(relation.covariance, size) }) } // prettier-ignore
}

function calibrationOf({ subject: { data }, normal: { scaling }, thresholds }: Findings): Manifest['calibration'] {
  const at = (asset: number, threshold: number): Calibration => {
    const part = (values: Float64Array) => Array.from(values.subarray(asset * data.size, (asset + 1) * data.size))
    return { mean: part(scaling.mean), scale: part(scaling.scale), threshold }
  }
  return {
    pooled: at(data.assets.length, thresholds.pooled),
    assets: Object.fromEntries(data.assets.map((name, asset) => [name, at(asset, thresholds.byAsset[asset])])),
  }
}

function trainingOf({ features }: TrainingInput, { subject: { data }, rows, dropped }: Findings): Manifest['training'] {
  let from = Infinity
  let to = -Infinity
  for (let row = 0; row < data.length; row++) {
    from = Math.min(from, data.start[row])
    to = Math.max(to, data.end[row])
  }
  return { from, to, rows: features.length, used: rows.length, dropped: [...dropped] }
}
