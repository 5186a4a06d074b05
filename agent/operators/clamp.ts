import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator } from '../core/index.ts'
import { Ranges } from './ranges.ts'
import { Draft, countChanges, eachBatch, isUsable } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z
  .strictObject({
    tags: tagPatterns,
    min: z
      .number()
      .optional()
      .describe("Smallest value, in the tag's unit; where absent, the low end of the tag's range."),
    max: z
      .number()
      .optional()
      .describe("Largest value, in the tag's unit; where absent, the high end of the tag's range."),
    action: z
      .enum(['clamp', 'bad'])
      .default('clamp')
      .describe(
        '`clamp` puts the limit in place of the value, quality uncertain; `bad` keeps the value and marks it bad.',
      ),
  })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, {
    error: 'min must not be above max',
    path: ['min'],
  })

/** Limits numbers to a range. Bad and non-finite rows, booleans and text pass untouched. */
export const clamp = defineOperator({
  type: 'clamp',
  config,
  create: (settings, context) => eachBatch(() => limit(settings, context)),
})

function limit(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const selection = new Selection(context.tags, settings.tags)
  const ranges = new Ranges(context.tags, settings.min, settings.max)
  const replace = settings.action === 'clamp'
  return (batch) => {
    const { tag, value, quality } = batch
    const kinds = selection.kinds()
    const { low, high } = ranges.all()
    const draft = new Draft(batch)
    let changes = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      const number = value[row]
      if (number >= low[index] && number <= high[index]) continue
      if (kinds[index] !== Kind.number || !isUsable(number, quality[row])) continue
      changes++
      if (replace) draft.values()[row] = number < low[index] ? low[index] : high[index]
      draft.qualities()[row] = replace ? Quality.uncertain : Quality.bad
    }
    countChanges(context, replace ? 'limited' : 'bad', changes)
    return draft.finish()
  }
}
