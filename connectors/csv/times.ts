import {
  TimePattern,
  WrittenTime,
  isWallUnit,
  scale,
  type DateOrder,
  type TimeUnit,
  type Zone,
} from '../../agent/core/index.ts'
import { readNumber } from './cells.ts'
import { surer, type Course } from './course.ts'
import type { Cells } from './records.ts'

/** Where the times of rows come from. Places count from 0; times are ms since epoch, on the wall clock where so said. */
export type TimePlan =
  | { readonly kind: 'written'; readonly place: number; readonly order: DateOrder; readonly clock?: number }
  | { readonly kind: 'pattern'; readonly place: number; readonly pattern: TimePattern; readonly clock?: number }
  | { readonly kind: 'count'; readonly place: number; readonly unit: TimeUnit; readonly clock?: number }
  /** Counts from `start` on: `each` ms. */
  | { readonly kind: 'since'; readonly place: number; readonly start: number; readonly each: number }
  /** A clock without a date; `start` is midnight of its first day on the wall clock, or the instant of 0:00 where it `runs`. */
  | { readonly kind: 'clock'; readonly place: number; readonly start: number; readonly runs: boolean }
  | { readonly kind: 'rows'; readonly start: number; readonly each: number }

const halfDay = 43_200_000
const day = 86_400_000

/** Reads the time of a row, cell by cell from bytes. */
export class RowTimes {
  readonly plan: TimePlan
  /** Why the time read last is none, and what would have read it. */
  problem = ''
  /** Whether the time read last may be an hour off: its clock showed it twice, and nothing tells which is meant. */
  unsure = false
  /** Of a row that is one of several series: the course of its own. */
  own: Course | undefined
  readonly #zone: Zone | undefined
  readonly #decimal: number
  readonly #written = new WrittenTime()
  #rows = 0
  #days = 0
  #clock = NaN

  /** `decimal`: the decimal mark of counts, as a byte. */
  constructor(plan: TimePlan, zone: Zone, decimal: number) {
    this.plan = plan
    // Without a zone there is nothing to look up.
    this.#zone = /^(utc|gmt|z)$/i.test(zone.name) ? undefined : zone
    this.#decimal = decimal
  }

  /** Whether times are on a clock that may show an hour twice. */
  get zoned(): boolean {
    return this.#zone !== undefined
  }

  /** ms since epoch, fractions kept; NaN where there is none, see `problem`. `course` is that of the rows before. */
  read(bytes: Buffer, cells: Cells, course: Course): number {
    const { plan } = this
    this.problem = ''
    this.unsure = false
    if (plan.kind === 'rows') return plan.start + this.#rows++ * plan.each
    const from = cells.from[plan.place]
    const to = cells.to[plan.place]
    switch (plan.kind) {
      case 'written':
        return this.#date(bytes, from, to, course, plan.order, plan.clock, cells)
      case 'pattern':
        return this.#patterned(bytes, cells, plan.pattern, plan.place, plan.clock, course)
      case 'count': {
        const time = this.#count(bytes, from, to, plan.unit)
        if (!isWallUnit(plan.unit)) return time
        const clock = plan.clock === undefined ? 0 : this.#clockOf(bytes, cells.from[plan.clock], cells.to[plan.clock])
        return this.#instant(time + clock, course)
      }
      case 'since':
        return plan.start + plan.each * readNumber(bytes, from, to, this.#decimal)
      case 'clock':
        return this.#running(bytes, from, to, plan, course)
    }
  }

  /** A row that cannot be read takes its time all the same. */
  pass(): void {
    this.#rows++
  }

  /** A cell on its own, such as the time that a label speaks of. */
  cell(bytes: Buffer, from: number, to: number): number {
    const { plan } = this
    const order = plan.kind === 'written' ? plan.order : 'ymd'
    if (plan.kind === 'pattern') {
      const time = plan.pattern.read(bytes.toString('utf8', from, to))
      return time ? (time.offset === undefined ? this.#instant(time.wall, undefined) : time.wall - time.offset) : NaN
    }
    const isCount = plan.kind === 'count' || plan.kind === 'since'
    if (!isCount && this.#written.read(bytes, from, to, order) && this.#written.hasDate) return this.#placed(undefined)
    if (plan.kind === 'count') return this.#count(bytes, from, to, plan.unit)
    return plan.kind === 'since' ? plan.start + plan.each * readNumber(bytes, from, to, this.#decimal) : NaN
  }

  #date(
    bytes: Buffer,
    from: number,
    to: number,
    course: Course,
    order: DateOrder,
    clock: number | undefined,
    cells: Cells,
  ): number {
    // prettier-ignore
    const written = this.#written
    if (!written.read(bytes, from, to, order) || !written.hasDate) return NaN
    if (clock === undefined) return this.#placed(course)
    const { wall } = written
    const time = this.#clockOf(bytes, cells.from[clock], cells.to[clock])
    if (Number.isNaN(written.offset)) return this.#instant(wall + time, course)
    return wall + time - written.offset
  }

  /** A clock, a fraction of a day (Excel), or hhmmss without separators; ms since midnight. */
  #clockOf(bytes: Buffer, from: number, to: number): number {
    const written = this.#written
    const isClock = written.read(bytes, from, to, 'dmy') && !written.hasDate
    if (isClock) return written.wall < day + 1000 ? written.wall : NaN
    written.offset = NaN
    const number = readNumber(bytes, from, to, this.#decimal)
    if (number >= 0 && number < 1) return snapped(number * day, decimals(bytes.toString('latin1', from, to)))
    const whole = Math.floor(number)
    const [hour, minute] = [Math.floor(whole / 10_000), Math.floor(whole / 100) % 100]
    const clock = hour * 3_600_000 + minute * 60_000 + (whole % 100) * 1000 + (number - whole) * 1000
    return to - from >= 5 && hour <= 23 && minute <= 59 && whole % 100 <= 60 ? clock : NaN
  }

  #placed(course: Course | undefined): number {
    const { wall, offset } = this.#written
    return Number.isNaN(offset) ? this.#instant(wall, course) : wall - offset
  }

  #patterned(
    bytes: Buffer,
    cells: Cells,
    pattern: TimePattern,
    place: number,
    clock: number | undefined,
    course: Course,
  ): number {
    // prettier-ignore
    const own = bytes.toString('utf8', cells.from[place], cells.to[place])
    const text = clock === undefined ? own : `${own} ${bytes.toString('utf8', cells.from[clock], cells.to[clock])}`
    const time = pattern.read(text)
    if (!time) {
      this.problem = 'it does not fit `time_format`'
      return NaN
    }
    return time.offset === undefined ? this.#instant(time.wall, course) : time.wall - time.offset
  }

  /** Counts of many digits are cut in two: a double keeps too little of nanoseconds and ticks. */
  #count(bytes: Buffer, from: number, to: number, unit: TimeUnit): number {
    if (to - from > 16) {
      const text = bytes.toString('latin1', from, to)
      if (!/^\d{17,24}$/.test(text)) return days(text, unit) ?? scale(readNumber(bytes, from, to, this.#decimal), unit)
      const cut = text.length - 9
      return (
        scale(Number(`${text.slice(0, cut)}000000000`), unit) + scale(Number(text.slice(cut)), unit) - scale(0, unit)
      )
    }
    const number = readNumber(bytes, from, to, this.#decimal)
    return unit === 'excel' || unit === 'excel1904' || unit === 'datenum'
      ? (days(bytes.toString('latin1', from, to), unit) ?? scale(number, unit))
      : scale(number, unit)
  }

  #running(bytes: Buffer, from: number, to: number, plan: TimePlan & { kind: 'clock' }, course: Course): number {
    const written = this.#written
    if (!written.read(bytes, from, to, 'dmy') || written.hasDate) return NaN
    if (plan.runs) return plan.start + written.wall
    // A clock that falls by more than half a day has passed midnight; a smaller step back is a row out of order.
    if (written.wall < this.#clock - halfDay) this.#days++
    else if (written.wall > this.#clock + halfDay && this.#days > 0) return this.#instant(plan.start + (this.#days - 1) * day + written.wall, course) // prettier-ignore
    this.#clock = written.wall
    return this.#instant(plan.start + this.#days * day + written.wall, course)
  }

  /** Without a course, a time that its clock showed twice is none. */
  #instant(wall: number, course: Course | undefined): number {
    if (!this.#zone) return wall
    const first = this.#zone.first(wall)
    const second = this.#zone.second(wall)
    if (first === second) {
      course?.note(wall, first, true)
      this.own?.note(wall, first, true)
      return first
    }
    const { name } = this.#zone
    if (Number.isNaN(first)) {
      if (!Number.isNaN(wall))
        this.problem = `clocks in ${name} skip this time; where the clock keeps one offset all year, state that as \`timezone\`, such as +01:00`
      return NaN
    }
    if (!course) {
      this.problem = `clocks in ${name} show this time twice; state it with its offset from UTC`
      return NaN
    }
    const common = course.judge(wall, first, second)
    const judged = this.own ? surer(common, this.own.judge(wall, first, second)) : common
    const time = judged.second ? second : first
    course.note(wall, time, judged.sure)
    this.own?.note(wall, time, judged.sure)
    this.unsure = !judged.sure
    return time
  }
}

/** Days with a fraction, as spreadsheets write them. Undefined where the text is no such number. */
function days(text: string, unit: TimeUnit): number | undefined {
  if (!/^\d{4,7}(?:[.,]\d+)?$/.test(text)) return undefined
  return snapped(scale(Number(text.replace(',', '.')), unit), decimals(text))
}

function decimals(text: string): number {
  return /[.,](\d+)$/.exec(text)?.[1].length ?? 0
}

/** A time out of a fraction of a day: the second where that is within the digits that stand there, else the millisecond. */
function snapped(time: number, digits: number): number {
  const second = Math.round(time / 1000) * 1000
  return digits > 0 && Math.abs(time - second) <= Math.max((0.5 * day) / 10 ** digits, 0.5) ? second : Math.round(time)
}
