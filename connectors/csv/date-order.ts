import { WrittenTime, dateOrders, type DateOrder } from '../../agent/core/index.ts'

interface Reading {
  readonly order: DateOrder
  bad: number
  ahead: number
  /** Sum of the steps between one time and the next, ms. */
  way: number
  last: number
}

/** What is known of the order of day, month and year in a column. */
export interface OrderVerdict {
  /** Undefined where the dates can be read in several ways and nothing speaks for one. */
  readonly order: DateOrder | undefined
  /** Nothing in the file decides: it is what most files mean. */
  readonly assumed: boolean
}

/** How many times the way through the times in one order may be that in another, if both are to be possible. */
const detour = 4
/** Dates are told by the first ones, if not by all: up to one in fifty may be no date at all. */
const most = 0.02

/**
 * Tells the order of dates such as 05/03/2024: by values over 12, by which order keeps all of them in the past, by which of
 * them makes a steady course of time, and at last by habit: 12 hours with AM and PM come with the month first, points
 * with the day first.
 */
export class DateOrderJudge {
  readonly #written = new WrittenTime()
  readonly #readings: readonly Reading[] = dateOrders.map((order) => ({ order, bad: 0, ahead: 0, way: 0, last: NaN }))
  readonly #until: number
  #cells = 0
  #ordered = false
  #twelve = false
  #separator = 0
  #shortYear = false

  /** `until`: ms since epoch; later times are not believed. */
  constructor(until: number) {
    this.#until = until
  }

  take(bytes: Uint8Array, from: number, to: number): void {
    let readable = false
    for (const reading of this.#readings) {
      if (!this.#written.read(bytes, from, to, reading.order) || !this.#written.hasDate) {
        reading.bad++
        continue
      }
      readable = true
      const { wall, ordered, twelve, separator } = this.#written
      this.#ordered ||= ordered
      this.#twelve ||= twelve
      this.#separator ||= separator
      if (wall > this.#until) reading.ahead++
      if (!Number.isNaN(reading.last)) reading.way += Math.abs(wall - reading.last)
      reading.last = wall
    }
    // What is no date in any order, such as a footer, speaks for none.
    if (readable) this.#cells++
    else for (const reading of this.#readings) reading.bad--
    if (readable && !this.#shortYear) this.#shortYear = !/\d{4}/.test(Buffer.from(bytes.subarray(from, to)).toString())
  }

  takeText(text: string): void {
    const bytes = Buffer.from(text)
    this.take(bytes, 0, bytes.length)
  }

  /** Whether more dates can change what is known. */
  get settled(): boolean {
    return !this.#ordered || this.#possible().length < 2
  }

  verdict(): OrderVerdict {
    const possible = this.#possible()
    if (possible.length === 1) return { order: possible[0].order, assumed: false }
    if (!this.#ordered || possible.length === 0) return { order: this.#best(), assumed: false }
    if (this.#separator === 0x2e) return { order: 'dmy', assumed: false }
    const has = (order: DateOrder) => possible.some((reading) => reading.order === order)
    if (this.#twelve && has('mdy')) return { order: 'mdy', assumed: true }
    if (this.#shortYear && this.#separator === 0x2d) return { order: undefined, assumed: false }
    return { order: has('dmy') ? 'dmy' : possible[0].order, assumed: true }
  }

  #best(): DateOrder {
    return this.#readings.reduce((best, reading) => (reading.bad < best.bad ? reading : best)).order
  }

  /** Orders that are left. With a year of four digits the order that begins with the year reads as the first one. */
  #possible(): readonly Reading[] {
    const limit = this.#cells * most
    const fits = this.#readings.filter(
      ({ bad, ahead, order }) =>
        bad <= limit && ahead <= limit && (this.#shortYear || order !== 'ymd' || !this.#ordered),
    )
    const shortest = Math.min(...fits.map(({ way }) => way))
    // A row a day in one order is a row a month in another: a course of time is told within days only.
    if (!(shortest < this.#cells * 43_200_000)) return fits
    return fits.filter(({ way }) => way <= Math.max(shortest * detour, shortest + 86_400_000))
  }
}
