import { z } from 'zod'
import { imageSourceConfig } from '../connectors/images/index.ts'
import { imageBounds, region } from '../models/inspection/decode.ts'
import { imageModelConfig } from '../models/inspection/settings.ts'
import { byteSize, duration } from './core/index.ts'
import { rejectConfig } from './inspection-reject-config.ts'

/** What decides whether a part passes. */
export const verdictRule = z.strictObject({
  threshold: z.number().optional().describe('Scores above it fail. Default: the threshold the model learned.'),
  fails: z.array(z.string()).optional().describe('Classes that fail. Default: all but those under `passes`.'),
  passes: z
    .array(z.string())
    .default(['good', 'ok', 'pass'])
    .describe('Classes that pass, where `fails` is not given.'),
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Below this probability of the class, the operator decides.'),
  margin: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Scores this close to the threshold, as a share of it, are for the operator to decide.'),
})

/** Which images stay on disk. */
export const keepConfig = z.strictObject({
  images: z.enum(['none', 'fails', 'sample', 'all']).default('fails').describe('Which are kept; sample: fails and a share of the others.'), // prettier-ignore
  share: z.number().min(0).max(1).default(0.01).describe('The share of passes that `sample` keeps.'),
  size: byteSize.prefault('500MB').describe('Most bytes on disk; the oldest go first.'),
  age: duration.prefault('30d').describe('Longest time an image stays.'),
})

const measuredValue = z.strictObject({
  tag: z.string().min(1).describe('The tag with the value.'),
  part: z.string().min(1).describe('The tag that says which part is there now; values that follow belong to it.'),
  min: z.number().optional().describe('The part fails below.'),
  max: z.number().optional().describe('The part fails above.'),
})

/** A station: images of parts come in, verdicts go out. */
export const stationConfig = z.strictObject({
  source: imageSourceConfig.describe('Where the images come from.'),
  colour: z.enum(['grey', 'rgb']).default('grey').describe('What a trained classifier sees.'),
  region: region.optional().describe('The part of the image that matters.'),
  bounds: imageBounds.prefault({}).describe('What an image may cost; larger ones are put aside unread.'),
  model: imageModelConfig.prefault('learned').describe('What it judges by.'),
  verdict: verdictRule.prefault({}).describe('What passes.'),
  queue: z
    .strictObject({
      length: z.int().min(1).max(10_000).default(32).describe('Most images that wait.'),
      when_full: z
        .enum(['drop-oldest', 'drop-newest'])
        .default('drop-oldest')
        .describe('drop-oldest: the newest images are judged; drop-newest: those that came first, in order.'),
    })
    .prefault({})
    .describe('What happens when images come faster than they are judged.'),
  workers: z.int().min(1).max(16).default(1).describe('Threads that decode and judge.'),
  values: z.record(z.string(), measuredValue).default({}).describe('Measured values that belong to the part, by name.'),
  timeout: duration.prefault('30s').describe('How long the verdict waits for measured values before it is incomplete.'),
  reject: rejectConfig.optional(),
  keep: keepConfig.prefault({}).describe('Which images stay on disk.'),
})

export type StationSettings = z.output<typeof stationConfig>
export type VerdictRule = z.output<typeof verdictRule>
export type KeepSettings = z.output<typeof keepConfig>
