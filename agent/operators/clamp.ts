import { z } from 'zod'
import { type Batch, type Operator, type OperatorContext, Quality, defineOperator } from '../core/index.ts'
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
      .enum(['clamp', 'bad', 'uncertain'])
      .default('clamp')
      .describe(
        '`clamp` puts the limit in place of the value, quality uncertain; `bad` and `uncertain` keep the value and mark it so.',
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

/**
 * Marks numbers beyond the range of their tag as uncertain. The range is what a display shows, as a rule, and a value beyond
 * it is news: it stays.
 */
export function markBeyond(context: OperatorContext): Operator {
  return clamp.create({ tags: '**', action: 'uncertain' }, context)
}

function limit(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const selection = new Selection(context.tags, settings.tags)
  const ranges = new Ranges(context.tags, settings.min, settings.max)
  const replace = settings.action === 'clamp'
  const mark = settings.action === 'bad' ? Quality.bad : Quality.uncertain
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
      draft.qualities()[row] = mark
    }
    countChanges(context, replace ? 'limited' : settings.action, changes)
    return draft.finish()
  }
}
