import { z } from 'zod'

export const methodNames = ['hotelling-t2', 'pca', 'autoencoder'] as const
export type MethodName = (typeof methodNames)[number]

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
