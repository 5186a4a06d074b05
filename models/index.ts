import { z } from 'zod'
import { type Detector, DetectorError, type PredictionKind, type SignalFinding } from '../agent/core/index.ts'
import { anomalyConfig, trainAnomaly } from './anomaly/index.ts'
import { estimate } from './estimate/index.ts'
import { fault } from './fault/index.ts'
import { roleOf } from './feature-tags.ts'
import { distributionOf } from './drift.ts'
import { versionOf } from './features/index.ts'
import { contentHash } from './onnx/bundle.ts'
import { openDetector } from './onnx/detector.ts'
import type { ModelBundle } from './onnx/manifest.ts'
import { defineModel, type ModelDefinition, type TrainingContext, type TrainingInput } from './training.ts'
import { rul } from './rul/index.ts'
import { onnxConfig, readUserFile, type OnnxSettings } from './onnx/user-file.ts'

export { describeReport } from './report-files.ts'
export type { Report } from './report.ts'
export type { Targets, TrainingContext, TrainingInput } from './training.ts'
export type { Manifest, ModelBundle, StoredBundle } from './onnx/manifest.ts'
export type { OnnxSettings } from './onnx/user-file.ts'
export { ModelTrials } from './onnx/trial.ts'
export { BundleRegistry, Registry, type RegistryEntry } from './registry.ts'
export { BundleGuard, readSigningKey, signBundle } from './signing.ts'

/** Every type of model: a folder with its settings and its trainer. */
export const modelTypes = {
  anomaly: defineModel({ config: anomalyConfig, kind: 'anomaly', train: trainAnomaly }),
  estimate,
  fault,
  rul,
} as const

type ModelType = keyof typeof modelTypes
const typeNames = Object.keys(modelTypes) as [ModelType, ...ModelType[]]

/** The model of a monitor: its settings, or just the name of a type with all its defaults. */
export const modelConfig = z.union([
  z.enum(typeNames).transform((type) => modelTypes[type].config.parse({ type })),
  z.discriminatedUnion('type', [
    modelTypes.anomaly.config,
    modelTypes.estimate.config,
    modelTypes.fault.config,
    modelTypes.rul.config,
    onnxConfig,
  ]),
])

export type ModelSettings = z.output<typeof modelConfig>

/** What a monitor with this model concludes. */
export function kindOf(settings: ModelSettings): PredictionKind {
  return settings.type === 'onnx' ? settings.kind : modelTypes[settings.type].kind
}

/** Whether the agent trains this model itself. */
export function learns(settings: ModelSettings): boolean {
  return settings.type !== 'onnx'
}

/**
 * Trains a model and checks the exported graph against the trainer's own answers before it is handed out.
 * Deterministic: the same input gives the same bundle. Synchronous at heart, so at home in a process of its own.
 * Rejects with a DetectorError (TRAINING_DATA, TRAINING_FAILED, MODEL_MISMATCH), or the reason of `signal`.
 */
export async function trainModel(
  settings: ModelSettings,
  input: TrainingInput,
  context: TrainingContext = {},
): Promise<ModelBundle> {
  context.signal?.throwIfAborted()
  if (settings.type === 'onnx') {
    throw new DetectorError(
      'TRAINING_FAILED',
      `monitor ${input.monitor} uses a file of yours, which is not trained here`,
    )
  }
  const definition: ModelDefinition = modelTypes[settings.type]
  let trained: ModelBundle
  try {
    trained = await definition.train(settings, input, context)
  } catch (error) {
    throw withUnusedLabels(error, input)
  }
  const bundle = withDistribution(
    [reason(input), signalsNote(input), unusedLabels(input)].reduce(noting, trained),
    input,
  )
  const detector = await openDetector(bundle)
  await detector.close()
  return bundle
}

/** Why it was trained; a schedule that cannot be kept is told there. */
function reason({ why }: TrainingInput): string | undefined {
  return why === undefined ? undefined : `Trained because: ${why}.`
}

/** What each signal was taken for, the learned ones last. */
function signalsNote({ signals, features }: TrainingInput): string | undefined {
  if (!signals || signals.size === 0) return undefined
  const learned = new Set(features.names.map(roleOf))
  const told = (some: [string, SignalFinding][]) => some.map(([role, { nature, evidence }]) => `${role}: ${nature}, ${evidence}`).join('; ') // prettier-ignore
  const left = [...signals].filter(([role]) => !learned.has(role))
  const kept = [...signals].filter(([role]) => learned.has(role))
  const parts = [...(left.length > 0 ? [`Signals that were left out: ${told(left)}.`] : []), `Signals that were learned: ${told(kept)}.`] // prettier-ignore
  return parts.join(' ')
}

/** A sentence on labels that could not be used; undefined where there are none. */
function unusedLabels({ unusedLabels: count = 0 }: TrainingInput): string | undefined {
  if (count === 0) return undefined
  const labels = count === 1 ? '1 label speaks' : `${count} labels speak`
  return `${labels} of times or assets without windows here, and could not be used.`
}

function noting(bundle: ModelBundle, note: string | undefined): ModelBundle {
  const { report } = bundle
  return report && note !== undefined ? { ...bundle, report: { ...report, notes: [...report.notes, note] } } : bundle
}

/** Where there is too little to learn from, labels that miss the data may be the reason. */
function withUnusedLabels(error: unknown, input: TrainingInput): unknown {
  const note = unusedLabels(input)
  if (note === undefined || !(error instanceof DetectorError) || error.code !== 'TRAINING_DATA') return error
  const remedy = [note, error.remedy].filter((sentence) => sentence !== undefined).join(' ')
  return new DetectorError('TRAINING_DATA', error.message, { cause: error.cause, remedy })
}

/** Rows that are enough to tell a distribution. */
const enoughRows = 4_000

/** Adds how the features were distributed, evenly over the rows, in the columns of the model. */
function withDistribution(bundle: ModelBundle, { features }: TrainingInput): ModelBundle {
  const { names } = bundle.manifest.features
  const columns = names.map((name) => features.names.indexOf(name))
  if (features.length === 0 || columns.includes(-1)) return bundle
  const length = Math.min(enoughRows, features.length)
  const rows = new Float64Array(length * names.length)
  for (let i = 0; i < length; i++) {
    const from = Math.floor((i * features.length) / length) * features.names.length
    for (let j = 0; j < columns.length; j++) rows[i * names.length + j] = features.values[from + columns[j]]
  }
  const distribution = { ...distributionOf(rows, names.length), rows: features.length }
  const manifest = { ...bundle.manifest, distribution }
  return { ...bundle, manifest: { ...manifest, version: contentHash(manifest).slice(0, 16) } }
}

/**
 * A detector from a trained bundle, or from the settings of the user's own file.
 * `features`: the columns the monitor can make; a model that needs others is refused.
 * Rejects with a DetectorError: MODEL_MISSING, MODEL_BROKEN or MODEL_MISMATCH.
 */
export async function loadDetector(
  source: ModelBundle | OnnxSettings,
  options: { readonly features?: readonly string[] } = {},
): Promise<Detector> {
  const bundle = 'manifest' in source ? source : await readUserFile(source, options.features)
  checkFeatures(bundle, options.features)
  return openDetector(bundle)
}

function checkFeatures({ manifest }: ModelBundle, features: readonly string[] | undefined): void {
  const { names, version } = manifest.features
  if (version !== '' && version !== versionOf(names)) {
    throw new DetectorError(
      'MODEL_MISMATCH',
      `model ${manifest.version} was trained on the features ${version}, this agent computes ${versionOf(names)}`,
      { remedy: 'Train the model again with this version of the agent.' },
    )
  }
  if (!features) return
  const missing = names.filter((name) => !features.includes(name))
  if (missing.length === 0) return
  throw new DetectorError(
    'MODEL_MISMATCH',
    `model ${manifest.version} needs features that the monitor does not make: ${missing.join(', ')}`,
    { remedy: `The monitor makes: ${features.join(', ')}. Train the model again, or change the features.` },
  )
}
