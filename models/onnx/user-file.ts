import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { DetectorError, predictionKinds } from '../../agent/core/index.ts'
import { roleOf } from '../feature-tags.ts'
import { parseManifest } from './bundle.ts'
import type { Calibration, Manifest, ModelBundle } from './manifest.ts'
import { openSession, sha256, type OnnxSession } from './runtime.ts'

/** Settings of a model that the user brings as an ONNX file. */
export const onnxConfig = z.strictObject({
  type: z.literal('onnx').describe('Scores with an ONNX file of your own.'),
  file: z
    .string()
    .min(1)
    .describe(
      'Path of the .onnx file: one input [batch, features], float32 or float64. A manifest.json beside it is used.',
    ),
  inputs: z
    .array(z.string())
    .min(1)
    .optional()
    .describe(
      'Feature columns in the order the file expects, such as vibration.mean. Needed unless a manifest.json names them.',
    ),
  scaler: z
    .strictObject({
      mean: z.array(z.number()).describe('Subtracted from each column.'),
      scale: z.array(z.number().positive()).describe('Each column is divided by it.'),
    })
    .optional()
    .describe(
      'Scaling before the model. With it a missing feature counts as its mean; without, the window has no score.',
    ),
  score: z.string().optional().describe('Output with the score. Default: `score`, or else the first output.'),
  kind: z
    .enum(predictionKinds)
    .default('anomaly')
    .describe('What it concludes: an anomaly score, a fault class, remaining life, or the estimate of a value.'),
  value: z.string().optional().describe('Kinds rul (remaining life in ms) and estimate: output with the value.'),
  lower: z.string().optional().describe('Output with the lower bound of the value.'),
  upper: z.string().optional().describe('Output with the upper bound of the value.'),
  probabilities: z.string().optional().describe('Kind fault: output [batch, classes] with the probabilities.'),
  classes: z.array(z.string()).min(2).optional().describe('Kind fault: names of the classes, the sound state first.'),
  contributions: z
    .string()
    .optional()
    .describe('Output [batch, tags] with the share of each tag, tags in order of their first column.'),
  threshold: z.number().optional().describe('Scores above it are an anomaly. Needed unless a manifest.json says it.'),
  higher_is_worse: z
    .boolean()
    .default(true)
    .describe('False where low scores are the anomalies: score and threshold are negated.'),
})

export type OnnxSettings = z.output<typeof onnxConfig>

/**
 * A bundle from the user's file: from the `manifest.json` beside it where there is one, else from settings and file.
 * `features`: the monitor's columns, for the case that the settings name none.
 * Rejects with a DetectorError: MODEL_MISSING, MODEL_BROKEN or MODEL_MISMATCH.
 */
export async function readUserFile(settings: OnnxSettings, features: readonly string[] = []): Promise<ModelBundle> {
  const onnx = await readModel(settings.file)
  const path = join(dirname(settings.file), 'manifest.json')
  const bytes = await readFile(path).catch(() => undefined)
  const manifest = bytes ? fromFile(parseManifest(bytes, path), settings) : await describeFile(settings, onnx, features)
  return { manifest, onnx, card: `# ${settings.file}\n\nA model of your own.\n` }
}

async function readModel(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw new DetectorError('MODEL_MISSING', `the model file ${file} cannot be read`, {
      cause: error,
      remedy: 'Check the path, seen from the folder the agent runs in, and the permissions.',
    })
  }
}

/** What the settings say goes before what the file beside the model says. */
function fromFile(manifest: Manifest, { threshold }: OnnxSettings): Manifest {
  if (threshold === undefined) return manifest
  const { pooled } = manifest.calibration
  return { ...manifest, calibration: { pooled: { ...pooled, threshold }, assets: {} } }
}

async function describeFile(settings: OnnxSettings, onnx: Buffer, features: readonly string[]): Promise<Manifest> {
  const names = settings.inputs ?? features
  if (names.length === 0)
    throw mismatch(`it is not known which features ${settings.file} takes`, 'Name them in `inputs`.')
  if (settings.threshold === undefined) {
    throw mismatch(`it is not known which scores of ${settings.file} are an anomaly`, 'Set `threshold`.')
  }
  const session = await openSession(onnx, settings.file)
  try {
    return compose(settings, onnx, names, session)
  } finally {
    await session.close()
  }
}

function compose(settings: OnnxSettings, onnx: Buffer, names: readonly string[], session: OnnxSession): Manifest {
  const { contributions, scaler, higher_is_worse } = settings
  return {
    format: 1,
    type: 'onnx',
    kind: settings.kind,
    monitor: '',
    version: `file-${sha256(onnx).slice(0, 8)}`,
    created: 0,
    sha256: sha256(onnx),
    features: { version: '', names: [...names] },
    tags: contributions === undefined ? [] : [...new Set(names.map(roleOf))],
    input: inputName(session),
    outputs: { score: scoreName(settings, session), ...outputsOf(settings) },
    classes: settings.classes ?? [],
    missing: 'refused',
    higher_is_worse,
    calibration: { pooled: calibrationOf(settings, names), assets: {} },
    scaled: scaler !== undefined,
    training: { from: 0, to: 0, rows: 0, used: 0, dropped: [] },
    metrics: {},
    golden: { tolerance: 1, asset: [], inputs: [], scores: [], contributions: [] },
  }
}

function calibrationOf({ scaler, threshold = NaN }: OnnxSettings, names: readonly string[]): Calibration {
  const mean = scaler?.mean ?? []
  const scale = scaler?.scale ?? []
  if (scaler && (mean.length !== names.length || scale.length !== names.length)) {
    throw mismatch(
      `the scaler has ${mean.length} means and ${scale.length} scales for ${names.length} features`,
      'Give one mean and one scale per feature.',
    )
  }
  return { mean, scale, threshold }
}

/** The outputs that the settings name beside the score. Throws a DetectorError where those of the kind are not all there. */
function outputsOf(settings: OnnxSettings): Partial<Manifest['outputs']> {
  const { kind, probabilities, classes, value } = settings
  if (kind === 'fault' && (probabilities === undefined || classes === undefined)) {
    throw mismatch(`${settings.file} concludes faults, but not from which output`, 'Set `probabilities` and `classes`.')
  }
  if ((kind === 'rul' || kind === 'estimate') && value === undefined) {
    throw mismatch(`${settings.file} gives a value, but not by which output`, 'Set `value`.')
  }
  const names = ['contributions', 'probabilities', 'value', 'lower', 'upper'] as const
  return Object.fromEntries(names.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])))
}

function inputName({ inputs }: OnnxSession): string {
  return (inputs.find(({ name }) => name === 'features') ?? inputs.at(0))?.name ?? 'features'
}

function scoreName({ score }: OnnxSettings, { outputs }: OnnxSession): string {
  return score ?? (outputs.find(({ name }) => name === 'score') ?? outputs.at(0))?.name ?? 'score'
}

function mismatch(message: string, remedy: string): DetectorError {
  return new DetectorError('MODEL_MISMATCH', message, { remedy })
}
