import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { perDeviation, spikeFactor } from './hampel.ts'
import { Ranges } from './ranges.ts'
import { Draft, countChanges, eachBatch, isUsable } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z.strictObject({
  tags: tagPatterns,
  window: z
    .int()
    .min(3)
    .max(101)
    .default(7)
    .describe(
      'How many values of a tag, the newest included, a value is compared with; it is judged once there are as many.',
    ),
  k: z
    .number()
    .positive()
    .default(3)
    .describe(
      'How many standard deviations a value may be off: of normal noise as many values are taken for spikes as lie beyond, 0.27 % for 3, whatever the window. How well a window knows its deviation is reckoned with.',
    ),
  floor: z
    .number()
    .nonnegative()
    .optional()
    .describe(
      "Deviations up to this, in the tag's unit, are never spikes. Where absent it matters only to a signal that stands still: 1 % of the tag's range, or else 10 % of its median.",
    ),
  action: z
    .enum(['replace', 'bad'])
    .default('replace')
    .describe(
      '`replace` puts the median in place of a spike, quality uncertain; `bad` keeps the value and marks it bad.',
    ),
})

/**
 * Removes spikes by a causal Hampel filter: a value is compared with the median of the newest `window` values of its
 * tag, itself included, and their median absolute deviation (`hampel.ts` has how far is too far). As the window holds values as they came, a step is taken
 * for a spike for (window - 1) / 2 values and believed from then on. Bad and non-finite rows, booleans and text pass.
 *
 * Where most of the window is one value (deviation 0: a setpoint, a coarse sensor) there is no noise to measure by, and
 * the plain filter would call every change a spike; `floor` decides then.
 *
 * F. R. Hampel (1974), "The influence curve and its role in robust estimation"; R. K. Pearson, Y. Neuvo, J. Astola and
 * M. Gabbouj (2016), "Generalized Hampel filters".
 */
export const despike = defineOperator({
  type: 'despike',
  config,
  create: (settings, context) => eachBatch(() => filter(settings, context)),
})

function filter(settings: z.output<typeof config>, context: OperatorContext): (batch: Batch) => Batch {
  const { window } = settings
  const limit = spikeFactor(window, settings.k) * perDeviation
  const replace = settings.action === 'replace'
  const selection = new Selection(context.tags, settings.tags)
  const ranges = new Ranges(context.tags)
  const state = new Columns({
    // The values of the window, ascending, and by age: `oldest` is where the next one goes.
    sorted: column('float64', 0, window),
    recent: column('float64', 0, window),
    oldest: column('int32'),
    count: column('int32'),
  })
  context.keeper.keep(context.name, state)
  return (batch) => {
    const { tag, value, quality } = batch
    const kinds = selection.kinds()
    const { low, high } = ranges.all()
    const { sorted, recent, oldest, count } = state.upTo(context.tags.size)
    const draft = new Draft(batch)
    let changes = 0
    for (let row = 0; row < batch.length; row++) {
      const index = tag[row]
      const number = value[row]
      if (kinds[index] !== Kind.number || !isUsable(number, quality[row])) continue
      const from = index * window
      const slot = from + oldest[index]
      if (count[index] === window) exchange(sorted, from, window, recent[slot], number)
      else insert(sorted, from, count[index]++, number)
      recent[slot] = number
      oldest[index] = oldest[index] + 1 === window ? 0 : oldest[index] + 1
      if (count[index] < window) continue
      const median = sorted[from + (window >> 1)]
      const deviation = Math.abs(number - median)
      if (deviation === 0) continue
      const spread = medianDeviation(sorted, from, window)
      const floor = settings.floor ?? (spread > 0 ? 0 : standstill(median, low[index], high[index]))
      if (deviation <= Math.max(limit * spread, floor)) continue
      changes++
      if (replace) draft.values()[row] = median
      draft.qualities()[row] = replace ? Quality.uncertain : Quality.bad
    }
    countChanges(context, replace ? 'replaced' : 'bad', changes)
    return draft.finish()
  }
}

/** The largest change of a signal that has stood still which is no spike. At 0, without a range, nothing tells: any. */
function standstill(median: number, low: number, high: number): number {
  if (high - low < Infinity) return 0.01 * (high - low)
  return median === 0 ? Infinity : 0.1 * Math.abs(median)
}

/** Inserts a value into the `count` ascending ones from `from` on. */
function insert(sorted: Float64Array, from: number, count: number, value: number): void {
  let at = from + count
  while (at > from && sorted[at - 1] > value) {
    sorted[at] = sorted[at - 1]
    at--
  }
  sorted[at] = value
}

/** Puts `value` in place of `old` among `count` ascending values, and keeps them ascending. */
function exchange(sorted: Float64Array, from: number, count: number, old: number, value: number): void {
  let at = from
  while (sorted[at] !== old) at++
  const last = from + count - 1
  while (at < last && sorted[at + 1] < value) {
    sorted[at] = sorted[at + 1]
    at++
  }
  while (at > from && sorted[at - 1] > value) {
    sorted[at] = sorted[at - 1]
    at--
  }
  sorted[at] = value
}

/** The median of the distances from the median, found by walking outwards from it. */
function medianDeviation(sorted: Float64Array, from: number, count: number): number {
  const middle = count >> 1
  const median = sorted[from + middle]
  let left = from + middle - 1
  let right = from + middle + 1
  const end = from + count
  let distance = 0
  for (let step = 0; step < middle; step++) {
    const below = left >= from ? median - sorted[left] : Infinity
    const above = right < end ? sorted[right] - median : Infinity
    if (below <= above) {
      distance = below
      left--
    } else {
      distance = above
      right++
    }
  }
  return distance
}
