import { z } from 'zod'

export const methodNames = ['hotelling-t2', 'pca', 'autoencoder'] as const
export type MethodName = (typeof methodNames)[number]

const units = {
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  month: 2_629_746_000,
  year: 31_556_952_000,
} as const

/** `1 per week` -> one in so many ms. */
const rate = z.string().transform((text, context): { period: number } => {
  const [, count, unit] = /^\s*(\d{1,4})\s*(?:per|an?|\/)\s*(hour|day|week|month|year)\s*$/.exec(text) ?? []
  if (Number(count) > 0) return { period: units[unit as keyof typeof units] / Number(count) }
  context.addIssue({ code: 'custom', message: `expected "1 per week" or so, per hour, day, week, month or year, not "${text}"` }) // prettier-ignore
  return z.NEVER
})

/** Settings of the default model of a monitor. */
export const anomalyConfig = z.strictObject({
  type: z.literal('anomaly').describe('Learns what is normal and scores how far a window is from it. Needs no labels.'),
  method: z
    .enum(['auto', ...methodNames])
    .default('auto')
    .describe(
      "How it measures: `hotelling-t2`: distance with regard to how features move together; `pca`: distance within and from the principal components; `autoencoder`: what a neural network cannot reproduce; `auto`: Hotelling's T² unless another one is clearly better at synthetic faults in held-out data.",
    ),
  modes: z
    .union([
      z.enum(['none', 'states', 'auto']),
      z.strictObject({ tag: z.string().min(1).describe('Role of a tag whose value names the mode.') }),
    ])
    .default('states')
    .describe(
      'Ways of running, each with a normal of its own. `states`: named by the states and set points among the signals, where these explain how the others lie; `auto`: found as clusters of the means; `{ tag: ROLE }`: named by a discrete tag, whose `mean` must be among the features. A window of a mode that was not learned has no score.',
    ),
  sensitivity: z
    .number()
    .positive()
    .default(1)
    .describe('How soon it alarms: the learned threshold is divided by it, so 2 halves and 0.5 doubles the threshold.'),
  false_alarms: rate
    .prefault('1 per year')
    .describe(
      'False alarms of an asset that are bearable, such as 1 per week: the threshold is at least the height that held-out scores pass so rarely, for as long as `alarm.dwell`, as far as the data tell.',
    ),
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
