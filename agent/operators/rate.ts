import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator, duration } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { Draft, Sieve, countChanges, eachBatch, isUsable } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const units = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

const config = z.strictObject({
  tags: tagPatterns,
  per: z.enum(['second', 'minute', 'hour', 'day']).default('hour').describe('The time that a rate is told for.'),
  over: duration
    .prefault('0s')
    .describe(
      'Shortest time that a rate is taken over; values in between are dropped. 0: from each value to the next. Longer ones calm counters of few pieces.',
    ),
  rolls_over_at: z
    .union([z.number().positive(), z.literal('never')])
    .optional()
    .describe(
      'Where the counter begins again at 0, such as 1000000 for a meter of six digits. Where absent, 2^16 and 2^32 (and 2^15, 2^31 of signed ones) are known by a drop that fits the rate before, after a time in which little of it was counted; any other drop is a reset.',
    ),
  falls: z.boolean().default(false).describe('The counter runs down, as hours until the next service do.'),
})

/**
 * Makes rates of counters: the change from value to value by the time between, per hour or as stated. The first value of a
 * tag gives none and is dropped. What a reset has swallowed nobody knows: its row is bad and holds NaN. Bad rows pass,
 * values out of order are dropped, booleans and text pass. The tag keeps the unit and range it was defined with.
 */
export const rate = defineOperator({
  type: 'rate',
  config,
  create: (settings, context) => eachBatch(() => derive(settings, context)),
})

function derive(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const selection = new Selection(context.tags, settings.tags)
  const state = new Columns({ time: column('float64', NaN), value: column('float64'), speed: column('float64', NaN) })
  context.keeper.keep(context.name, state)
  const sieve = new Sieve()
  const sign = settings.falls ? -1 : 1
  const unit = units[settings.per]
  return (batch) => {
    const { tag, time, value, quality } = batch
    const kinds = selection.kinds()
    const last = state.upTo(context.tags.size)
    const draft = new Draft(batch)
    const rows = sieve.room(batch)
    let kept = 0
    let resets = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      const number = value[row]
      if (kinds[index] !== Kind.number || !isUsable(number, quality[row])) {
        rows[kept++] = row
        continue
      }
      const elapsed = time[row] - last.time[index]
      if (elapsed <= 0 || elapsed < settings.over) continue
      const rise = climb(last.value[index], number, elapsed, last.speed[index], sign, settings.rolls_over_at)
      const isFirst = Number.isNaN(elapsed)
      last.time[index] = time[row]
      last.value[index] = number
      if (isFirst) continue
      rows[kept++] = row
      draft.values()[row] = (rise * unit) / elapsed
      if (Number.isNaN(rise)) {
        resets++
        draft.qualities()[row] = Quality.bad
      } else {
        last.speed[index] = rise / elapsed
        // Doubles tell whole numbers apart up to here.
        if (Math.abs(number) > Number.MAX_SAFE_INTEGER) draft.qualities()[row] = Quality.uncertain
      }
    }
    countChanges(context, 'reset', resets)
    countChanges(context, 'dropped', batch.length - kept)
    return sieve.finish(draft.finish(), kept)
  }
}

/** What a counter has counted from one value to the next, `elapsed` ms later; NaN where it was reset. `speed`: per ms, before. */
function climb(
  from: number,
  to: number,
  elapsed: number,
  speed: number,
  sign: number,
  stated: number | 'never' | undefined,
): number {
  const rise = sign * (to - from)
  if (rise >= 0) return rise
  if (stated === 'never') return NaN
  if (stated !== undefined) return Math.max(from, to) < stated && Math.min(from, to) >= 0 ? rise + stated : NaN
  if (!Number.isInteger(from) || !Number.isInteger(to)) return NaN
  for (const size of [2 ** 16, 2 ** 32]) {
    const isInside = [0, -size / 2].some((low) => Math.min(from, to) >= low && Math.max(from, to) < low + size)
    // A counter that people set to 0 is a reset wherever it stood: what is swallowed has to fit what it counts usually. After a
    // silence in which it may have counted much, it may have begun anew as well.
    const most = 4 * speed * elapsed
    if (isInside && rise + size <= most && most <= size / 16) return rise + size
  }
  return NaN
}
