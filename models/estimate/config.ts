import { z } from 'zod'
import { duration } from '../../agent/core/index.ts'

/** Settings of the model that estimates a value. */
export const estimateConfig = z.strictObject({
  type: z.literal('estimate'),
  min_labels: z.int().min(20).default(30).describe('Least number of windows with a measured value.'),
  learn_from: duration
    .optional()
    .describe('How far back from the newest measured value it learns. Where absent: all there is.'),
  limits: z
    .strictObject({
      low: z.number().optional().describe('The value should not fall below this.'),
      high: z.number().optional().describe('The value should not rise above this.'),
    })
    .refine(({ low, high }) => low === undefined || high === undefined || low < high, {
      error: '`low` must be below `high`',
    })
    .optional()
    .describe('What the value should keep to; beyond it the state is `outside`. Where absent, nothing is judged.'),
  correct: z
    .boolean()
    .default(true)
    .describe(
      'Whether measured values that come between trainings move the estimates: an offset per asset, and the width of the interval.',
    ),
  unit: z.string().default('').describe('Unit of the value, for reports.'),
})

export type EstimateSettings = z.output<typeof estimateConfig>
