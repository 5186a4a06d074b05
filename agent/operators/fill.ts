import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator, duration } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { Weave, countChanges, eachBatch, isUsable } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z
  .strictObject({
    tags: tagPatterns,
    method: z
      .enum(['hold', 'linear', 'none'])
      .default('hold')
      .describe(
        '`hold` repeats the last value, `linear` draws a line to the next one (booleans are held), `none` fills nothing.',
      ),
    every: duration
      .refine((every) => every > 0, { error: 'must be longer than 0' })
      .prefault('1s')
      .describe('How far apart the samples of a tag should be.'),
    max_gap: duration
      .prefault('10s')
      .describe(
        'Longest gap that is filled. Samples are made when the gap ends, so keep it within the allowed lateness.',
      ),
  })
  .refine(({ every, max_gap }) => max_gap <= every * 10_000, {
    error: 'max_gap may be at most 10,000 times every',
    path: ['max_gap'],
  })

/**
 * Makes the samples missing between two samples of a tag, quality uncertain, as soon as the second arrives. `hold` puts
 * the last value in place of bad samples too; with `linear` they pass, and the made samples follow. Samples older than
 * the newest of their tag pass, and so does text.
 */
export const fill = defineOperator({
  type: 'fill',
  config,
  create: (settings, context) =>
    eachBatch(() => (settings.method === 'none' ? (batch: Batch) => batch : close(settings, context))),
})

function close(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const { every, max_gap: maxGap } = settings
  const linear = settings.method === 'linear'
  const selection = new Selection(context.tags, settings.tags)
  const state = new Columns({
    // The newest usable sample, and the newest time that has a usable or filled one.
    time: column('float64', NaN),
    value: column('float64', NaN),
    covered: column('float64', NaN),
  })
  context.keeper.keep(context.name, state)
  const memory = new Weave()
  return (batch) => {
    const { tag, time, value, quality } = batch
    const kinds = selection.kinds()
    const { time: lastTime, value: lastValue, covered } = state.upTo(context.tags.size)
    let weave: Weave | undefined
    let filled = 0
    let replaced = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      const kind = kinds[index]
      const at = time[row]
      const gap = at - lastTime[index]
      if (kind > Kind.text && !(gap <= 0)) {
        if (isUsable(value[row], quality[row])) {
          // A sample that comes up to half an interval late or early leaves no hole.
          const until = gap <= maxGap ? at - every / 2 : -Infinity
          const from = covered[index]
          const slope = linear && kind === Kind.number ? (value[row] - lastValue[index]) / gap : 0
          for (let step = 1; from + step * every < until; step++) {
            const made = from + step * every
            weave ??= memory.start(batch, row)
            weave.add(index, made, lastValue[index] + slope * (made - lastTime[index]), Quality.uncertain)
            filled++
          }
          lastTime[index] = at
          lastValue[index] = value[row]
          covered[index] = at
        } else if (!linear && gap <= maxGap) {
          weave ??= memory.start(batch, row)
          weave.add(index, at, lastValue[index], Quality.uncertain)
          if (at > covered[index]) covered[index] = at
          replaced++
          continue
        }
      }
      weave?.copy(batch, row)
    }
    countChanges(context, 'filled', filled)
    countChanges(context, 'replaced', replaced)
    return weave ? weave.finish(batch) : batch
  }
}
