import { z } from 'zod'
import { type Batch, type OperatorContext, Quality, defineOperator, duration } from '../core/index.ts'
import { Columns, column } from './columns.ts'
import { Weave, countChanges, eachBatch, isUsable } from './rows.ts'
import { Kind, Selection, tagPatterns } from './selection.ts'

const config = z
  .strictObject({
    tags: tagPatterns,
    every: duration
      .refine((every) => every > 0, { error: 'must be longer than 0' })
      .prefault('1s')
      .describe('Distance of the grid points: whole multiples of it since the epoch, in event time.'),
    method: z
      .enum(['mean', 'last', 'linear'])
      .default('mean')
      .describe(
        '`mean` of the samples since the grid point before, `last` sample up to the point, `linear` between the samples around it. Booleans take `last`.',
      ),
    max_gap: duration
      .prefault('10s')
      .describe(
        'How long `last` holds a value, and the longest gap that `linear` draws a line over; never less than two intervals.',
      ),
  })
  .refine(({ every, max_gap }) => max_gap <= every * 10_000, {
    error: 'max_gap may be at most 10,000 times every',
    path: ['max_gap'],
  })

/**
 * Puts the samples of each tag on a common grid in event time. A grid point has what was known at its time: samples up to
 * it and at it. It is emitted as soon as a sample of its tag arrives at or past it; samples that come after that for an
 * earlier time are dropped, and counted as late. Quality is the worst of what went in, uncertain where the newest sample is
 * older than the grid interval. Bad and non-finite rows and text pass untouched.
 */
export const resample = defineOperator({
  type: 'resample',
  config,
  create: (settings, context) =>
    eachBatch(() => {
      const grid = new Grid(settings, context)
      return (batch) => grid.handle(batch)
    }),
})

const layout = {
  // Number of the newest grid point that is past: emitted, or with nothing to emit.
  point: column('float64', -Infinity),
  // The newest sample.
  time: column('float64', NaN),
  value: column('float64', NaN),
  quality: column('uint8'),
  // Samples since the newest grid point.
  sum: column('float64'),
  count: column('int32'),
  worst: column('uint8'),
}
type State = ReturnType<Columns<typeof layout>['upTo']>

class Grid {
  readonly #every: number
  readonly #reach: number
  readonly #method: 'mean' | 'last' | 'linear'
  readonly #context: OperatorContext
  readonly #selection: Selection
  readonly #columns = new Columns(layout)
  readonly #memory = new Weave()
  #state: State
  #batch!: Batch
  #weave: Weave | undefined
  #made = 0

  constructor(settings: z.output<typeof config>, context: OperatorContext) {
    this.#every = settings.every
    this.#reach = Math.max(settings.max_gap, 2 * settings.every)
    this.#method = settings.method
    this.#context = context
    this.#selection = new Selection(context.tags, settings.tags)
    context.keeper.keep(context.name, this.#columns)
    this.#state = this.#columns.upTo(0)
  }

  handle(batch: Batch): Batch {
    const { tag, time, value, quality } = batch
    const kinds = this.#selection.kinds()
    const state = this.#columns.upTo(this.#context.tags.size)
    this.#begin(batch, state)
    let merged = 0
    let late = 0
    for (let row = 0; row < batch.length; row++) {
      const kind = kinds[tag[row]]
      if (kind > Kind.text && isUsable(value[row], quality[row])) {
        const before = this.#pointBefore(time[row])
        if (before < state.point[tag[row]]) {
          this.#weaveFrom(row)
          late++
          continue
        }
        if (!this.#place(row, before, kind === Kind.boolean ? 'last' : this.#method)) {
          this.#weaveFrom(row)
          merged++
          continue
        }
      }
      this.#weave?.copy(batch, row)
    }
    countChanges(this.#context, 'made', this.#made)
    countChanges(this.#context, 'merged', merged)
    countChanges(this.#context, 'late', late)
    return this.#weave?.finish(batch) ?? batch
  }

  #begin(batch: Batch, state: State): void {
    this.#state = state
    this.#batch = batch
    this.#weave = undefined
    this.#made = 0
  }

  /** From this row on the rows are not the batch's own. */
  #weaveFrom(row: number): Weave {
    return (this.#weave ??= this.#memory.start(this.#batch, row))
  }

  /** Number of the last grid point before a time; the point at the time itself is the next. */
  #pointBefore(time: number): number {
    const point = Math.ceil(time / this.#every) - 1
    // The quotient may be rounded past a whole number.
    if (point * this.#every >= time) return point - 1
    return (point + 1) * this.#every < time ? point + 1 : point
  }

  /** Emits the grid points up to `before`, and takes in one sample; true where the sample is itself what its point has. */
  #place(row: number, before: number, method: 'mean' | 'last' | 'linear'): boolean {
    const state = this.#state
    const batch = this.#batch
    const tag = batch.tag[row]
    const time = batch.time[row]
    const value = batch.value[row]
    const quality = batch.quality[row]
    if (before > state.point[tag]) {
      if (method === 'mean') this.#emitMean(tag, row)
      else if (method === 'last') this.#emitHeld(tag, row, before)
      else this.#emitLine(tag, row, before)
      state.point[tag] = before
    }
    state.sum[tag] += value
    state.count[tag]++
    state.worst[tag] = Math.max(state.worst[tag], quality)
    // Within one interval samples may come in any order; the newest counts.
    if (!(time < state.time[tag])) {
      state.time[tag] = time
      state.value[tag] = value
      state.quality[tag] = quality
    }
    if ((before + 1) * this.#every !== time) return false
    const alone = method !== 'mean' || state.count[tag] === 1
    if (alone) this.#clear(tag)
    else this.#emitMean(tag, row)
    state.point[tag] = before + 1
    return alone
  }

  #emitMean(tag: number, row: number): void {
    const { point, sum, count, worst } = this.#state
    if (count[tag] > 0) this.#emit(row, tag, point[tag] + 1, sum[tag] / count[tag], worst[tag])
    this.#clear(tag)
  }

  #emitHeld(tag: number, row: number, before: number): void {
    const { point, time, value, quality } = this.#state
    for (let next = point[tag] + 1; next <= before && next * this.#every - time[tag] <= this.#reach; next++)
      this.#emit(row, tag, next, value[tag], this.#aged(tag, next, quality[tag]))
  }

  #emitLine(tag: number, row: number, before: number): void {
    const batch = this.#batch
    const { point, time, value, quality } = this.#state
    const toTime = batch.time[row]
    if (!(toTime - time[tag] <= this.#reach)) return
    const slope = (batch.value[row] - value[tag]) / (toTime - time[tag])
    const worst = Math.max(quality[tag], batch.quality[row])
    for (let next = point[tag] + 1; next <= before; next++)
      this.#emit(row, tag, next, value[tag] + slope * (next * this.#every - time[tag]), this.#aged(tag, next, worst))
  }

  #aged(tag: number, point: number, quality: number): number {
    return point * this.#every - this.#state.time[tag] < this.#every ? quality : Math.max(quality, Quality.uncertain)
  }

  #emit(row: number, tag: number, point: number, value: number, quality: number): void {
    this.#weaveFrom(row).add(tag, point * this.#every, value, quality)
    this.#made++
  }

  #clear(tag: number): void {
    const { sum, count, worst } = this.#state
    sum[tag] = 0
    count[tag] = 0
    worst[tag] = Quality.good
  }
}
