import { z } from 'zod'
import { predictionKinds } from '../../agent/core/index.ts'
import type { Report } from '../report.ts'
import { namedModes } from './named-modes.ts'

const numbers = z.array(z.number())
/** A number, or null where there is none (JSON has no NaN). */
const perhaps = z.number().nullable()

const calibration = z.strictObject({
  mean: numbers.describe('Mean of each feature, in order of the features.'),
  scale: numbers.describe('What one unit is after scaling, per feature; 0: the feature says nothing.'),
  threshold: z.number().describe('Scores of the graph beyond it are an anomaly.'),
})

/** What a bundle says of itself: everything needed to use its `model.onnx` as it was trained, and to check that it is so. */
export const manifest = z.strictObject({
  format: z.literal(1).describe('Version of this format.'),
  type: z.string().describe('Type of the model, as in the configuration.'),
  kind: z.enum(predictionKinds).describe('What it concludes.'),
  monitor: z.string().describe('The monitor it was trained for.'),
  version: z.string().describe('Name in the registry; before that the hash of the content.'),
  created: z.number().describe('When it was trained, ms since epoch.'),
  parent: z.string().optional().describe('The version that was active when it was trained.'),
  sha256: z.string().length(64).describe('Hash of model.onnx, hexadecimal.'),
  features: z.strictObject({
    version: z
      .string()
      .describe('Versions of the feature definitions, `mean@1,std@1`; empty where it does not matter.'),
    names: z.array(z.string()).min(1).describe('The columns of the input, in order.'),
  }),
  tags: z.array(z.string()).describe('Columns of the contributions; empty where the model explains nothing.'),
  input: z.string().describe('Name of the input of the graph, [batch, features].'),
  outputs: z.strictObject({
    score: z.string().describe('Name of the output with the score, [batch] or [batch, 1].'),
    contributions: z.string().optional().describe('Name of the output with the contributions, [batch, tags].'),
    probabilities: z
      .string()
      .optional()
      .describe('Kind fault: name of the output with the calibrated probabilities, [batch, classes].'),
    value: z
      .string()
      .optional()
      .describe(
        'Kinds rul (remaining life, ms) and estimate: name of the output with the value, [batch] or [batch, 1].',
      ),
    lower: z.string().optional().describe('Name of the output with the lower bound of the value.'),
    upper: z.string().optional().describe('Name of the output with the upper bound of the value.'),
  }),
  classes: z
    .array(z.string())
    .default([])
    .describe('Kind fault: names of the classes, the sound state first; empty otherwise.'),
  sound: z.boolean().optional().describe('Kind fault: whether the first class is the sound state; it is where absent.'),
  costs: numbers.optional().describe('Kind fault: what it costs to miss each class; 1 each where absent.'),
  padded: z
    .boolean()
    .optional()
    .describe(
      'Whether rows are run in blocks of one fixed shape; they are where absent. False: what the graph makes of a row depends on that row alone, to the bit, however many there are.',
    ),
  higher_is_worse: z
    .boolean()
    .describe('False: low scores of the graph are the anomalies; score and threshold are negated.'),
  furthest: z.number().positive().optional().describe('Scaled features are kept within plus and minus this.'),
  calibration: z
    .strictObject({
      pooled: calibration.describe('For assets that were not in the training data.'),
      assets: z.record(z.string(), calibration),
    })
    .describe('Scaling and threshold; per asset, by its name.'),
  scaled: z.boolean().describe('False: the graph takes the features as they are; see `missing`.'),
  missing: z
    .enum(['refused', 'passed', 'imputed'])
    .default('refused')
    .describe(
      'What becomes of a missing feature. `refused`: its mean takes its place where the graph takes scaled features, and the row is not judged where it takes them as they are. `passed`: the graph gets NaN. `imputed`: what `covariance` makes of the others takes its place.',
    ),
  covariance: z
    .string()
    .optional()
    .describe('Covariance of the scaled features: the lower triangle by rows, base64 of float64, little-endian.'),
  modes: namedModes
    .optional()
    .describe('Ways of running that tags name; with them missing features are told within the mode.'),
  baseline: z
    .array(perhaps)
    .optional()
    .describe(
      'A typical sound value per feature. With it, and without contributions of its own, a score beyond the threshold is explained by how much it falls when the features of a tag take these values.',
    ),
  training: z.strictObject({
    from: z.number().describe('Start of the first window, ms since epoch.'),
    to: z.number().describe('End of the last window, ms since epoch.'),
    rows: z.int().describe('Windows given.'),
    used: z.int().describe('Windows used.'),
    dropped: z.array(z.strictObject({ asset: z.string(), from: z.number(), to: z.number() })),
  }),
  distribution: z
    .strictObject({
      edges: z.array(numbers),
      shares: z.array(numbers),
      rows: z.int(),
    })
    .optional()
    .describe(
      'How the features were distributed in training, to notice that they no longer are: per feature the borders of bins, and the share of the rows in each, that of rows without a value last.',
    ),
  metrics: z.record(z.string(), z.number()).describe('What the training measured.'),
  golden: z
    .strictObject({
      tolerance: z.number().positive().describe('Relative deviation that is allowed.'),
      asset: z.array(z.string()),
      inputs: z.array(z.array(perhaps)).describe('Features before scaling.'),
      scores: z.array(perhaps).describe('What the trainer itself made of them.'),
      contributions: z.array(numbers),
      value: z.array(perhaps).optional(),
      lower: z.array(perhaps).optional(),
      upper: z.array(perhaps).optional(),
      probability: z.array(perhaps).optional().describe('Of the concluded class.'),
    })
    .describe('Vectors with the answers that the model has to give when it is loaded.'),
})

export type Manifest = z.output<typeof manifest>
export type Calibration = z.output<typeof calibration>

/** What the registry has to know of a manifest. */
export interface StoredManifest {
  readonly monitor: string
  readonly version: string
  readonly created: number
  readonly parent?: string | undefined
  readonly sha256: string
  readonly metrics: Readonly<Record<string, number>>
  /** Inputs or images with the answers of the trainer. */
  readonly golden: { readonly inputs?: readonly unknown[]; readonly images?: readonly unknown[] }
}

/** A model with all that belongs to it. */
export interface StoredBundle<Own extends StoredManifest = StoredManifest> {
  readonly manifest: Own
  /** The bytes of `model.onnx`. */
  readonly onnx: Uint8Array
  /** `card.md`: what it is, for people. */
  readonly card: string
  /** Text of `signature.json`, where somebody has signed it. */
  readonly signature?: string
  /** How it was trained and chosen; not part of its hash. */
  readonly report?: Report
}

/** The model of a monitor. */
export type ModelBundle = StoredBundle<Manifest>
