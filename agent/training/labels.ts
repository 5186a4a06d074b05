import { type FeatureBatch, type LabelEvent, type PredictionKind, soundClass } from '../core/index.ts'
import type { Targets } from '../../models/index.ts'
import { speaksOf } from '../learning/index.ts'

/** Gathers labels, and says what they tell of the windows of a training. */
export class Labels {
  readonly #events: LabelEvent[] = []

  get length(): number {
    return this.#events.length
  }

  add(event: LabelEvent): void {
    this.#events.push(event)
  }

  /** What is known of each row of `features`; undefined where nothing is. Later labels correct earlier ones. */
  targetsFor(kind: PredictionKind, monitor: string, features: FeatureBatch): Targets | undefined {
    const events = this.#for(monitor)
    const rows = new RowsByTime(features)
    if (kind === 'rul') return remainingLife(features, events, rows)
    if (kind === 'estimate') return measured(features, events, rows)
    return kind === 'fault' ? classes(features, events, rows) : soundness(features, events, rows)
  }

  /** How many labels speak of no row of `features`: of times or assets of which there are no data, or none any more. */
  unusedFor(monitor: string, features: FeatureBatch): number {
    const rows = new RowsByTime(features)
    return this.#for(monitor).filter((event) => !rows.reachedBy(event)).length
  }

  #for(monitor: string): LabelEvent[] {
    return this.#events.filter((event) => event.monitor === undefined || event.monitor === monitor)
  }
}

/** Finds the rows that a label speaks of. */
class RowsByTime {
  readonly #features: FeatureBatch
  /** Ascending by end. */
  readonly #byAsset = new Map<string, number[]>()

  constructor(features: FeatureBatch) {
    this.#features = features
    for (let row = 0; row < features.length; row++) this.of(features.asset[row]).push(row)
    for (const rows of this.#byAsset.values()) rows.sort((a, b) => features.end[a] - features.end[b])
  }

  /** All rows of an asset, ascending by end. */
  of(asset: string): number[] {
    let rows = this.#byAsset.get(asset)
    if (!rows) this.#byAsset.set(asset, (rows = []))
    return rows
  }

  /** The rows that a label speaks of. */
  about(event: LabelEvent): number[] {
    const { asset, start, end } = this.#features
    const rows = this.of(event.asset)
    const found: number[] = []
    for (let at = this.first(rows, event.from ?? event.time); at < rows.length; at++) {
      const row = rows[at]
      if (speaksOf(event, { asset: asset[row], start: start[row], end: end[row] })) found.push(row)
      else if (event.from === undefined ? start[row] > event.time : end[row] > event.time) break
    }
    return found
  }

  /** Whether a label speaks of any row. */
  reachedBy(event: LabelEvent): boolean {
    const rows = this.of(event.asset)
    if (event.label === 'failure' || event.label === 'maintenance') return this.first(rows, event.time + 1) > 0
    return this.about(event).length > 0
  }

  /** Place in `rows` of the first that ends at or after `time`. */
  first(rows: readonly number[], time: number): number {
    let low = 0
    for (let high = rows.length; low < high;) {
      const middle = (low + high) >> 1
      if (this.#features.end[rows[middle]] < time) low = middle + 1
      else high = middle
    }
    return low
  }
}

type Events = readonly LabelEvent[]

/** 1 where the asset was faulty, 0 where an operator said that it was sound. */
function soundness({ length }: FeatureBatch, events: Events, rows: RowsByTime): Targets | undefined {
  const value = new Float64Array(length).fill(NaN)
  for (const event of events) {
    const truth = classOf(event)
    if (truth !== undefined) for (const row of rows.about(event)) value[row] = truth === soundClass ? 0 : 1
  }
  return value.every(Number.isNaN) ? undefined : { value }
}

/**
 * The class of each row. Rows without a label are sound where no label says of any row that it is: who labels faults only
 * means that the rest is sound; who labels both does not.
 */
function classes({ length }: FeatureBatch, events: Events, rows: RowsByTime): Targets | undefined {
  const names = Array.from({ length }, (): string | undefined => undefined)
  let soundIsLabelled = false
  for (const event of events) {
    const truth = classOf(event)
    if (truth === undefined) continue
    soundIsLabelled ||= event.label === 'fault' && truth === soundClass
    for (const row of rows.about(event)) names[row] = truth
  }
  const known = new Set(names.filter((name) => name !== undefined))
  if (known.size === 0) return undefined
  known.delete(soundClass)
  const all = [soundClass, ...[...known].sort()]
  const codeOf = (name: string | undefined) => (name !== undefined ? all.indexOf(name) : soundIsLabelled ? NaN : 0)
  return { value: Float64Array.from(names, codeOf), classes: all }
}

function classOf({ label, class: name }: LabelEvent): string | undefined {
  if (label === 'false-alarm') return soundClass
  return label === 'fault' ? (name ?? 'fault') : undefined
}

/** Time until the failure that ended the run of each row, ms; NaN where the run has not ended or was ended by service. */
function remainingLife({ length, end }: FeatureBatch, events: Events, rows: RowsByTime): Targets | undefined {
  const value = new Float64Array(length).fill(NaN)
  const ends = events
    .filter(({ label }) => label === 'failure' || label === 'maintenance')
    .sort((a, b) => b.time - a.time)
  for (const { asset, time, label } of ends) {
    // From the last end of a run to the first, so that each row keeps the next one after it.
    for (const row of rows.of(asset)) if (end[row] <= time) value[row] = label === 'failure' ? time - end[row] : NaN
  }
  return value.every(Number.isNaN) ? undefined : { value }
}

/** The measured value of the window in which each measurement was taken: the first of its asset that ends at or after it. */
function measured({ length, start }: FeatureBatch, events: Events, rows: RowsByTime): Targets | undefined {
  const value = new Float64Array(length).fill(NaN)
  for (const event of events) {
    if (event.label !== 'value' || event.value === undefined) continue
    const own = rows.of(event.asset)
    const row = own.at(rows.first(own, event.time))
    if (row !== undefined && start[row] <= event.time) value[row] = event.value
  }
  return value.every(Number.isNaN) ? undefined : { value }
}
