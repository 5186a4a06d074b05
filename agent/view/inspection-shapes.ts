import { z } from 'zod'
import { partVerdicts } from '../core/inspection.ts'

/* What the API answers about inspections. Plain JSON, as in `shapes.ts`. */

const time = z.number().describe('ms since epoch.')
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly()
const verdict = z.enum(partVerdicts)
const counts = z.record(verdict, z.number()).readonly()

const status = z.strictObject({
  state: z.enum(['connecting', 'up', 'degraded', 'down']),
  message: z.string(),
  remedy: z.string().optional(),
})

/** A station at a glance, in every state that is pushed to pages: small. */
export const stationGlance = z.strictObject({
  station: z.string(),
  ready: z.boolean().describe('Whether it can judge: it has a model of its images, or needs none.'),
  judged: z.number().describe('Parts since the agent started.'),
  parts: z.number().describe('How many of the newest parts `fails` is of.'),
  fails: z.number().describe('Those of the newest parts that failed.'),
  newest: time.nullable().describe('Time of the newest verdict.'),
  training: z
    .strictObject({ step: z.string(), progress: z.number().describe('0 to 1.'), why: z.string() })
    .optional()
    .describe('The training of its model that is under way.'),
  revision: z.number().describe('Counts changes: what /api/inspections/{station} answers is new where this is.'),
})

/** A verdict on one part. */
export const partView = z.strictObject({
  id: z.string().describe('Names image and map in their addresses.'),
  time: time.describe('When the image was taken.'),
  part: z.string(),
  verdict,
  label: z.string().describe('Class, or `good` and `defect`; empty where there is none.'),
  score: z.number().nullable().describe('Probability of the class, or the score of the detector.'),
  threshold: z.number().nullable().describe('Scores of a detector above it are defects.'),
  model: z.string().describe('Version; empty where there was none.'),
  ms: z.number().describe('From the arrival of the image to the verdict.'),
  values: z.record(z.string(), z.number()).readonly().describe('Measured values of the part.'),
  measured: z
    .strictObject({
      label: z.string(),
      score: z.number().nullable(),
      threshold: z.number(),
      model: z.string(),
      contributions: z.record(z.string(), z.number()).readonly().describe('Share of the score by value.'),
    })
    .optional()
    .describe('What the model of the measured values made of the part.'),
  reason: z.string(),
  image: z.boolean().describe('Whether there is an image to see.'),
  map: z.boolean().describe('Whether there is an anomaly map to lay over it.'),
  correction: z
    .strictObject({ class: z.string(), by: z.string(), time })
    .optional()
    .describe('What somebody said the part truly is.'),
  reject: z
    .strictObject({
      time,
      outcome: z.enum(['done', 'failed']),
      attempts: z.number(),
      ms: z.number(),
      detail: z.string(),
    })
    .optional()
    .describe('What became of the signal to the PLC, once that is known.'),
})

export const stationView = z
  .strictObject({
    station: z.string(),
    images: z.boolean().describe('Whether it has a camera; else it judges by what is measured.'),
    source: status.describe('How its source of images is.'),
    signal: status.optional().describe('How the link to the PLC is that is told which parts to reject.'),
    model: z
      .strictObject({
        version: z.string(),
        method: z.string(),
        concludes: z.enum(['classes', 'score']).describe('A class with its probability, or how far from good ones.'),
        created: time,
        images: z.number().describe('Images that it learned from.'),
      })
      .nullable()
      .describe('What it judges by; null: nothing yet, all parts are left to the operator.'),
    learns: z.boolean().describe('Whether its model is trained here; false: a network of the user’s own.'),
    classes: list(z.string()).describe('What a correction may say that a part is; those that pass come first.'),
    passes: list(z.string()).describe('Those of the classes that pass.'),
    limits: z
      .record(z.string(), z.strictObject({ min: z.number().optional(), max: z.number().optional() }))
      .readonly()
      .describe('Measured values that belong to a part, with what is allowed.'),
    counts: z
      .strictObject({
        received: z.number(),
        judged: z.number(),
        dropped: z.number().describe('Images that did not fit the queue.'),
        unusable: z.number(),
        repeated: z.number().describe('Part ids that came again.'),
        waiting: z.number(),
      })
      .describe('Since the agent started.'),
    last: counts.describe('Verdicts on the newest parts.'),
    hour: counts.describe('Verdicts within the last hour.'),
    confusion: list(z.strictObject({ verdict, class: z.string(), parts: z.number() })).describe(
      'Verdicts against what people said of the same parts.',
    ),
    newest: list(partView).describe('Newest first.'),
  })
  .describe('A station with its newest verdicts.')

export type StationGlance = Readonly<z.output<typeof stationGlance>>
export type PartView = Readonly<z.output<typeof partView>>
export type StationView = Readonly<z.output<typeof stationView>>
