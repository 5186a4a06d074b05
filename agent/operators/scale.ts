import { z } from 'zod'
import { type Batch, type OperatorContext, defineOperator } from '../core/index.ts'
import { Draft, countChanges, eachBatch } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'
import { conversion, unitNames } from './units.ts'

const unit = z
  .string()
  .refine((name) => unitNames.includes(name), { error: `expected one of ${unitNames.join(', ')}` })
  .optional()

const config = z
  .strictObject({
    tags: tagPatterns,
    factor: z.number().default(1).describe('What a value is multiplied by.'),
    offset: z.number().default(0).describe('What is added to the product.'),
    from: unit.describe(
      "Unit of the values as they come; where absent, each tag's own unit, and tags without one pass.",
    ),
    to: unit.describe('Unit to convert to, instead of factor and offset. Tags whose unit cannot be converted pass.'),
  })
  .refine(({ from, to }) => from === undefined || to !== undefined, { error: 'from needs to', path: ['from'] })
  .refine(({ factor, offset, to }) => to === undefined || (factor === 1 && offset === 0), {
    error: 'state factor and offset, or to, not both',
    path: ['to'],
  })
  .refine(({ from, to }) => from === undefined || to === undefined || conversion(from, to) !== undefined, {
    error: ({ input }) => {
      const { from, to } = input as { from: string; to: string }
      return `${from} cannot be converted to ${to}`
    },
    path: ['to'],
  })

/**
 * Multiplies and shifts numbers, or converts their unit. Booleans and text pass, non-finite values stay so. The tag keeps
 * the unit and range it was defined with: put `clamp`, `gate` and other operators that use the range before this one.
 */
export const scale = defineOperator({
  type: 'scale',
  config,
  create: (settings, context) => eachBatch(() => convert(settings, context)),
})

function convert(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const selection = new Selection(context.tags, settings.tags)
  // By tag index: factor and offset in turn.
  const affine: number[] = []
  let known = 0
  return (batch) => {
    const { tag, value } = batch
    const kinds = selection.kinds()
    for (; known < context.tags.size; known++) {
      const own =
        settings.to &&
        (conversion(settings.from ?? context.tags.at(known).unit, settings.to) ?? { factor: 1, offset: 0 })
      const { factor, offset } = own || settings
      affine.push(factor, offset)
    }
    const draft = new Draft(batch)
    let scaled: Float64Array | undefined
    let changes = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      if (kinds[index] !== Kind.number) continue
      const factor = affine[2 * index]
      const offset = affine[2 * index + 1]
      if (factor === 1 && offset === 0) continue
      const number = value[row]
      if (number - number !== 0) continue
      scaled ??= draft.values()
      scaled[row] = number * factor + offset
      changes++
    }
    countChanges(context, 'scaled', changes)
    return draft.finish()
  }
}
