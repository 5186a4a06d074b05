import type { History, HistoryMark } from '../../http/shapes.ts'

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
