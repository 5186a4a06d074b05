import type { History, HistoryMark } from '../../view/shapes.ts'

/** One value per bucket; null: a gap; undefined: nothing new, the line goes on. */
export type Column = (number | null | undefined)[]

/** A trend, ready to be drawn. */
export interface ChartModel {
  readonly name: string
  readonly unit: string
  /** A colour of the design. */
  readonly tone: string
  /** Least value on the axis, where there is one. */
  readonly floor?: number
  /** Orders of magnitude: each is as high as the next. */
  readonly logarithmic: boolean
  /** Middle of each bucket, s since epoch. */
  readonly times: number[]
  readonly min: Column
  readonly max: Column
  readonly threshold: Column
  readonly quality: readonly (0 | 1 | 2 | null)[]
  readonly stepped: boolean
  readonly marks: readonly HistoryMark[]
  /** s since epoch. */
  readonly from: number
  readonly to: number
  readonly step: number
}

/** Scores beyond so many thresholds would press all others into a line at the bottom. */
const farBeyond = 5
/** Buckets without a sample that a line bridges, as a multiple of what is usual for the tag. */
const bridged = 6

/**
 * What to draw of a tag. Where silence means that the value holds, it is drawn on; else a silence much longer than
 * usual is a gap.
 */
export function tagModel(history: History, place: number, tone: string): ChartModel {
  const { tag, role, unit = '', steady, min, max, quality } = history.tags[place]
  const joined = steady ? hold : bridge
  return {
    ...frame(history),
    name: role ?? tag,
    unit,
    tone,
    logarithmic: false,
    min: joined(min),
    max: joined(max),
    threshold: min.map(() => null),
    quality,
    stepped: steady,
    marks: history.marks.filter(({ kind }) => kind === 'gap'),
  }
}

export function scoreModel(history: History, place: number, name: string): ChartModel {
  const { monitor, min, max, threshold } = history.scores[place]
  const limit = threshold.findLast((value) => value !== null) ?? 0
  const logarithmic = limit > 0 && max.some((score) => score !== null && score > limit * farBeyond)
  const floor = logarithmic ? limit / 100 : 0
  const floored = (values: readonly (number | null)[]) =>
    bridge(values.map((value) => (value === null ? null : Math.max(value, floor))))
  return {
    ...frame(history),
    name,
    unit: '',
    tone: 'accent',
    floor,
    logarithmic,
    min: floored(min),
    max: floored(max),
    threshold: floored(threshold),
    quality: min.map(() => null),
    stepped: false,
    marks: history.marks.filter((mark) => mark.monitor === monitor),
  }
}

/** Units of remaining life, ms each, and from which length on they suit. */
const lifeUnits = [
  { unit: 'd', size: 86_400_000, from: 3 * 86_400_000 },
  { unit: 'h', size: 3_600_000, from: 3 * 3_600_000 },
  { unit: 'min', size: 60_000, from: 0 },
]

/** The interval in which remaining life, or an estimate, was said to lie; undefined where the monitor has none. */
export function intervalModel(history: History, place: number, name: string): ChartModel | undefined {
  const { monitor, kind, interval } = history.scores[place]
  if (!interval?.max.some((value) => value !== null)) return undefined
  const most = interval.max.reduce<number>((largest, value) => Math.max(largest, value ?? 0), 0)
  const { unit, size } = kind === 'rul' ? lifeUnits.find(({ from }) => most >= from)! : { unit: '', size: 1 }
  const scaled = (values: readonly (number | null)[]) => bridge(values.map((value) => value && value / size))
  return {
    ...frame(history),
    name,
    unit,
    tone: 'accent',
    ...(kind === 'rul' && { floor: 0 }),
    logarithmic: false,
    min: scaled(interval.min),
    max: scaled(interval.max),
    threshold: interval.min.map(() => null),
    quality: interval.min.map(() => null),
    stepped: false,
    marks: history.marks.filter((mark) => mark.monitor === monitor),
  }
}

function frame({ from, step, count }: History) {
  const times = Array.from({ length: count }, (_, i) => (from + (i + 0.5) * step) / 1_000)
  return { times, from: from / 1_000, to: (from + count * step) / 1_000, step: step / 1_000 }
}

/** The last value goes on until the newest one there is. */
export function hold(values: readonly (number | null)[]): Column {
  const end = values.findLastIndex((value) => value !== null)
  let last: number | undefined
  return values.map((value, i) => {
    if (value !== null) last = value
    return i <= end ? last : undefined
  })
}

/** Short silences are bridged, long ones are gaps. */
export function bridge(values: readonly (number | null)[]): Column {
  const places = values.flatMap((value, i) => (value === null ? [] : [i]))
  const apart = places.slice(1).map((place, i) => place - places[i])
  const usual = apart.toSorted((one, other) => one - other)[Math.floor(apart.length / 2)] ?? 1
  const column: Column = values.map((value) => value ?? undefined)
  apart.forEach((distance, i) => {
    if (distance > Math.max(2, usual * bridged)) column[places[i] + 1] = null
  })
  return column
}

/**
 * The same trend in at most `most` points: neighbours become one, with the smallest, the largest and the worst of both.
 * A narrow chart beside a wide one needs no more points than it has pixels.
 */
export function thinned(model: ChartModel, most: number): ChartModel {
  const size = Math.ceil(model.times.length / Math.max(1, most))
  if (size <= 1) return model
  const groups = Array.from({ length: Math.ceil(model.times.length / size) }, (_, i) => i * size)
  const merge = (column: Column, pick: (...values: number[]) => number): Column =>
    groups.map((from) => {
      const values = column.slice(from, from + size)
      const numbers = values.filter((value) => typeof value === 'number')
      return numbers.length > 0 ? pick(...numbers) : values.includes(null) ? null : undefined
    })
  return {
    ...model,
    step: model.step * size,
    times: groups.map((from) => model.times[from] + ((size - 1) / 2) * model.step),
    min: merge(model.min, Math.min),
    max: merge(model.max, Math.max),
    threshold: merge(model.threshold, Math.max),
    quality: groups.map((from) => {
      const known = model.quality.slice(from, from + size).filter((quality) => quality !== null)
      return known.length > 0 ? (Math.max(...known) as 0 | 1 | 2) : null
    }),
  }
}

/** Smallest, largest and newest value there is. */
export function extentOf({ min, max }: ChartModel): { low: number; high: number; last: number } | undefined {
  let low = Infinity
  let high = -Infinity
  let last: number | undefined
  max.forEach((value, i) => {
    if (typeof value !== 'number') return
    high = Math.max(high, value)
    low = Math.min(low, min[i] ?? value)
    last = value
  })
  return last === undefined ? undefined : { low, high, last }
}
