import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator, duration } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { Ranges } from './ranges.ts'
import { Sieve, countChanges, eachBatch } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z
  .strictObject({
    tags: tagPatterns,
    absolute: z
      .number()
      .nonnegative()
      .optional()
      .describe("Largest change that is dropped, in the tag's unit. 0, or nothing stated: only repeats are."),
    percent: z
      .number()
      .nonnegative()
      .max(100)
      .optional()
      .describe(
        "Largest change that is dropped, in percent of the tag's range, or else of the value that passed last.",
      ),
    max_silence: duration
      .prefault('60s')
      .describe('A sample this much later than the one that passed last passes, whatever its value.'),
  })
  .refine(({ absolute, percent }) => absolute === undefined || percent === undefined, {
    error: 'state absolute or percent, not both',
    path: ['percent'],
  })

/**
 * Drops samples that say nothing new: close to the value that passed last, of the same quality. Booleans pass at every
 * change. Samples older than the one that passed last, bad and non-finite ones, exact 64-bit integers and text pass.
 */
export const deadband = defineOperator({
  type: 'deadband',
  config,
  create: (settings, context) => eachBatch(() => thin(settings, context)),
})

function thin(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const selection = new Selection(context.tags, settings.tags)
  const ranges = new Ranges(context.tags)
  const state = new Columns({
    time: column('float64', NaN),
    value: column('float64', NaN),
    quality: column('uint8'),
  })
  context.keeper.keep(context.name, state)
  const sieve = new Sieve()
  const absolute = settings.absolute ?? 0
  const share = settings.percent === undefined ? undefined : settings.percent / 100
  const silence = settings.max_silence
  return (batch) => {
    const { tag, time, value, quality, exact } = batch
    const kinds = selection.kinds()
    const { low, high } = ranges.all()
    const { time: lastTime, value: lastValue, quality: lastQuality } = state.upTo(context.tags.size)
    const rows = sieve.room(batch)
    let kept = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      const kind = kinds[index]
      if (kind > Kind.text && !(time[row] < lastTime[index])) {
        const number = exact && exact[row] !== 0n ? NaN : value[row]
        const comparable = quality[row] === lastQuality[index] && quality[row] !== Quality.bad
        if (comparable && time[row] - lastTime[index] < silence) {
          const reference = lastValue[index]
          let band = absolute
          if (kind === Kind.boolean) band = 0
          else if (share !== undefined) {
            const range = high[index] - low[index]
            band = share * (range < Infinity ? range : Math.abs(reference))
          }
          if (Math.abs(number - reference) <= band) continue
        }
        lastTime[index] = time[row]
        lastValue[index] = number
        lastQuality[index] = quality[row]
      }
      rows[kept++] = row
    }
    countChanges(context, 'dropped', batch.length - kept)
    return sieve.finish(batch, kept)
  }
}
