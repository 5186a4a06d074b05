import { z } from 'zod'

const share = z.number().gt(0).max(1)

/** How trees are boosted. */
export const treeOptions = z.strictObject({
  objective: z
    .enum(['squared', 'absolute', 'huber', 'quantile', 'logistic', 'softmax'])
    .describe('What is minimised. `logistic`: targets 0 and 1. `softmax`: targets 0, 1, 2 ...'),
  quantile: z.number().gt(0).lt(1).default(0.5).describe('The quantile that `quantile` looks for.'),
  delta: z.number().positive().default(1).describe('Residuals beyond it count linearly for `huber`.'),
  classes: z.int().min(0).default(0).describe('Classes of `softmax`; 0: as many as the targets name.'),
  trees: z.int().min(0).default(200).describe('Rounds of boosting; `softmax` grows a tree per class in each.'),
  depth: z.int().min(1).max(32).default(5).describe('Longest way from the root to a leaf.'),
  leaves: z.int().min(2).default(65_536).describe('Most leaves of a tree; the best split comes first.'),
  rate: z.number().positive().default(0.1).describe('What a tree contributes of its own answer.'),
  l2: z.number().min(0).default(1).describe('Ridge penalty on the answers of leaves.'),
  minChildWeight: z.number().min(0).default(1).describe('Least sum of second derivatives in a leaf.'),
  minGain: z.number().min(0).default(0).describe('Least gain of a split.'),
  rowShare: share.default(1).describe('Share of the rows, drawn for each round.'),
  columnShare: share.default(1).describe('Share of the columns, drawn for each tree.'),
  bins: z.int().min(2).max(255).default(255).describe('Most bins of a column.'),
  patience: z
    .int()
    .min(0)
    .default(0)
    .describe('Rounds without a better loss on the validation data after which to stop; 0: never.'),
  seed: z.int().default(1).describe('Seed of the draws.'),
})

export type TreeOptions = z.output<typeof treeOptions>
