import { z } from 'zod'

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
  kind: z.enum(['anomaly', 'fault', 'rul', 'estimate']).describe('What it concludes.'),
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
  }),
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
  scaled: z
    .boolean()
    .describe('False: the graph takes the features as they are; a row with a missing one has no score.'),
  training: z.strictObject({
    from: z.number().describe('Start of the first window, ms since epoch.'),
    to: z.number().describe('End of the last window, ms since epoch.'),
    rows: z.int().describe('Windows given.'),
    used: z.int().describe('Windows used.'),
    dropped: z.array(z.strictObject({ asset: z.string(), from: z.number(), to: z.number() })),
  }),
  metrics: z.record(z.string(), z.number()).describe('What the training measured.'),
  golden: z
    .strictObject({
      tolerance: z.number().positive().describe('Relative deviation that is allowed.'),
      asset: z.array(z.string()),
      inputs: z.array(z.array(perhaps)).describe('Features before scaling.'),
      scores: z.array(perhaps).describe('What the trainer itself made of them.'),
      contributions: z.array(numbers),
    })
    .describe('Vectors with the answers that the model has to give when it is loaded.'),
})

export type Manifest = z.output<typeof manifest>
export type Calibration = z.output<typeof calibration>

/** A model with all that belongs to it. */
export interface ModelBundle {
  readonly manifest: Manifest
  /** The bytes of `model.onnx`. */
  readonly onnx: Uint8Array
  /** `card.md`: what it is, for people. */
  readonly card: string
}
