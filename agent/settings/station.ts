import { z } from 'zod'
import { schedule } from '../../config/index.ts'
import { imageSourceConfig } from '../../connectors/images/index.ts'
import { imageBounds, region } from '../../models/inspection/decode.ts'
import { imageModelConfig } from '../../models/inspection/settings.ts'
import { byteSize, duration } from '../core/index.ts'
import { measuredConfig, measuredValue, partWindow } from './measured.ts'
import { rejectConfig } from './reject.ts'

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
  outside: z
    .enum(['black', 'kept'])
    .default('black')
    .describe(
      'What becomes of an image outside `region` when it is stored. black: whoever passes by is not kept; `kept` where the region may change later.',
    ),
  faces: z
    .enum(['removed', 'kept'])
    .default('removed')
    .describe(
      'What becomes of faces in the images that are stored, those of corrections too. removed: they are looked for on the device and covered with one colour, and no image is stored where that fails; what it costs and which it misses is in models/README.md. `kept` where no one comes into the picture.',
    ),
  recent: byteSize
    .prefault('32MB')
    .describe('Memory for the newest images, so that a verdict can be corrected whose image is not on disk.'),
})

/** `200 parts` or `8h`: how long a new model looks on. */
const trialLength = z
  .string({ error: 'expected "200 parts" or a duration such as 8h' })
  .transform((text, context): { parts: number } | { ms: number } => {
    const parts = /^\s*(\d+)\s*parts?\s*$/.exec(text)
    if (parts && Number(parts[1]) > 0) return { parts: Number(parts[1]) }
    const time = duration.safeParse(text)
    if (time.success) return { ms: time.data }
    context.addIssue({ code: 'custom', message: `expected "200 parts" or a duration such as 8h, not "${text}"` })
    return z.NEVER
  })

/** When the model of a station is trained, from what, and when the new one takes over. */
export const stationLearnConfig = z.strictObject({
  images: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder of images to learn from, one folder per class or good ones only. What operators said of parts is added to it; without a folder it is all there is.',
    ),
  parts: z
    .int()
    .min(1)
    .default(200)
    .describe(
      'Parts with all their values after which the first model of these is trained, where it learns from good parts.',
    ),
  corrections: z.int().min(1).default(20).describe('Verdicts by operators since the last training that ask for another.'), // prettier-ignore
  retrain: schedule
    .prefault('weekly')
    .describe(
      'When it trains again, if operators have said anything since: never, hourly, daily, weekly, monthly, or a cron pattern in UTC.',
    ),
  at_most: duration.prefault('1h').describe('Least time between two trainings.'),
  shadow: trialLength
    .prefault('100 parts')
    .describe('How long a new model looks at the same parts before it is compared: parts, or a duration.'),
  margin: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('By how much a new model must be better in merit: the mean share of each class that it gets right.'),
  budget: duration.prefault('30m').describe('Time after which a training tries no further method.'),
  memory: byteSize.prefault('2GB').describe('Heap that the training process may use.'),
  keep: byteSize
    .prefault('500MB')
    .describe('Most bytes on disk of the images that operators said the class of; those stored first go first.'),
})

const station = z.strictObject({
  source: imageSourceConfig.optional().describe('Where the images come from. Absent: parts are judged by what is measured; where nothing is measured either, the station is for `train` and `inspect` alone.'), // prettier-ignore
  part_tag: z
    .string()
    .min(1)
    .optional()
    .describe('The tag that says which part is before the camera, for images that do not say it themselves: its value at the time of the image. Absent: the part of such an image is its time.'), // prettier-ignore
  colour: z.enum(['grey', 'rgb']).default('grey').describe('What a trained classifier sees.'),
  region: region.optional().describe('The part of the image that matters.'),
  bounds: imageBounds.prefault({}).describe('What an image may cost; larger ones are put aside unread.'),
  model: imageModelConfig.prefault('learned').describe('What it judges by.'),
  verdict: verdictRule.prefault({}).describe('What passes.'),
  queue: z
    .strictObject({
      length: z.int().min(1).max(10_000).default(32).describe('Most images that wait.'),
      memory: byteSize.prefault('256MB').describe('Most bytes of the images that wait.'),
      when_full: z
        .enum(['drop-oldest', 'drop-newest'])
        .default('drop-oldest')
        .describe('drop-oldest: the newest images are judged; drop-newest: those that came first, in order.'),
    })
    .prefault({})
    .describe(
      'What happens when images come faster than they are judged. Those in a folder wait there until there is room.',
    ),
  workers: z.int().min(1).max(16).default(1).describe('Processes that decode and judge.'),
  values: z.record(z.string(), measuredValue).default({}).describe('Measured values that belong to the part, by name.'),
  windows: z
    .record(z.string(), partWindow)
    .default({})
    .describe('Windows of monitors that belong to the part, by name; their features are values named NAME.FEATURE.'),
  measured: measuredConfig.optional().describe('A model of all values; without it they have their limits only.'),
  timeout: duration.prefault('30s').describe('How long the verdict waits for measured values before it is incomplete.'),
  reject: rejectConfig.optional(),
  keep: keepConfig.prefault({}).describe('Which images stay on disk.'),
  learn: stationLearnConfig.prefault({}).describe('When its model is trained, and what from.'),
})

/** A station: images and measured values of parts come in, verdicts go out. */
export const stationConfig = station.superRefine((settings, context) => {
  const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  const { source, values, windows, measured } = settings
  if (!source && settings.part_tag !== undefined) problem(['part_tag'], 'there are no images: values name their part under `part`') // prettier-ignore
  if (!source && measured?.image) problem(['measured', 'image'], 'there are no images: give a source')
  if (measured?.image && 'image' in values) problem(['values', 'image'], 'the score of the image has this name: take another') // prettier-ignore
  if (measured && !measured.image && namesOf({ values, windows }).length === 0) problem(['measured'], 'give values or windows to learn from') // prettier-ignore
})

export type StationSettings = z.output<typeof stationConfig>
export type StationLearnSettings = z.output<typeof stationLearnConfig>
export type VerdictRule = z.output<typeof verdictRule>
export type KeepSettings = z.output<typeof keepConfig>

/** Names of all that belongs to a part of a station: values, and features of windows. */
export function namesOf({ values, windows }: Pick<StationSettings, 'values' | 'windows'>): string[] {
  const features = Object.entries(windows).flatMap(([name, own]) => own.features.map((feature) => `${name}.${feature}`))
  return [...Object.keys(values), ...features]
}
