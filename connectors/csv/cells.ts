/** Powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`))

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/**
 * The number in a cell, NaN where it is none. Up to 15 digits are read without making a string: digits and power of ten
 * are then exact doubles, so their quotient is rounded once, to the same bits as `Number` (W. D. Clinger 1990, "How to
 * read floating point numbers accurately"). Anything else goes through `Number`.
 */
export function readNumber(bytes: Buffer, from: number, to: number, decimal: number): number {
  let at = from
  const first = bytes[at]
  if (first === 0x2d || first === 0x2b) at++
  let digits = 0
  let mantissa = 0
  let decimals = -1
  for (; at < to; at++) {
    const digit = bytes[at] - 0x30
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit
      digits++
      if (decimals >= 0) decimals++
    } else if (bytes[at] === decimal && decimals < 0) decimals = 0
    else return readSlowly(bytes, from, to, decimal)
  }
  if (digits === 0 || digits > 15) return readSlowly(bytes, from, to, decimal)
  const value = decimals > 0 ? mantissa / powers[decimals] : mantissa
  return first === 0x2d ? -value : value
}

function readSlowly(bytes: Buffer, from: number, to: number, decimal: number): number {
  const text = bytes.toString('latin1', from, to)
  const plain = decimal === 0x2c ? text.replace(',', '.') : text
  return numeral.test(plain) ? Number(plain) : NaN
}

export type TimeFormat = 'auto' | 'iso' | 's' | 'ms' | 'us' | 'ns'

const perUnit = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6 } as const

/** Reads times: ISO 8601 with a blank or T, seconds and offset optional, or a number of s, ms, µs or ns since 1970. */
export class TimeReader {
  readonly #format: TimeFormat
  readonly #local: boolean
  readonly #decimal: number
  // Rows of one day follow each other: its start is worked out once.
  #day = NaN
  #dayStart = NaN

  constructor(format: TimeFormat, timezone: 'utc' | 'local', decimal: number) {
    this.#format = format
    this.#local = timezone === 'local'
    this.#decimal = decimal
  }

  /** ms since epoch, fractions kept; NaN where the cell is no time. */
  read(bytes: Buffer, from: number, to: number): number {
    if (this.#format === 'iso' || (this.#format === 'auto' && to - from >= 10 && bytes[from + 4] === 0x2d))
      return this.#iso(bytes, from, to)
    const number = readNumber(bytes, from, to, this.#decimal)
    if (this.#format === 'auto') return sinceEpoch(number)
    return number / perUnit[this.#format]
  }

  #iso(bytes: Buffer, from: number, to: number): number {
    const date = this.#date(bytes, from, to)
    if (to - from === 10) return this.#local ? localTime(date, 0) : date
    const separator = bytes[from + 10]
    if (separator !== 0x54 && separator !== 0x20 && separator !== 0x74) return NaN
    const hour = pair(bytes, from + 11, to)
    const minute = bytes[from + 13] === 0x3a ? pair(bytes, from + 14, to) : NaN
    let at = from + 16
    let clock = hour * 3_600_000 + minute * 60_000
    if (at < to && bytes[at] === 0x3a) {
      const second = pair(bytes, at + 1, to)
      clock += second <= 60 ? second * 1000 : NaN
      at += 3
      if (at < to && (bytes[at] === 0x2e || bytes[at] === 0x2c)) {
        const first = ++at
        let fraction = 0
        for (; at < to && bytes[at] >= 0x30 && bytes[at] <= 0x39; at++)
          if (at - first < 15) fraction = fraction * 10 + bytes[at] - 0x30
        const digits = Math.min(at - first, 15)
        clock += digits > 0 ? (fraction * 1000) / powers[digits] : NaN
      }
    }
    if (!(hour <= 23 && minute <= 59)) return NaN
    if (at === to) return this.#local ? localTime(date, clock) : date + clock
    return date + clock - offset(bytes, at, to)
  }

  #date(bytes: Buffer, from: number, to: number): number {
    if (to - from < 10 || bytes[from + 4] !== 0x2d || bytes[from + 7] !== 0x2d) return NaN
    const year = pair(bytes, from, to) * 100 + pair(bytes, from + 2, to)
    const month = pair(bytes, from + 5, to)
    const day = pair(bytes, from + 8, to)
    const key = (year * 100 + month) * 100 + day
    if (key !== this.#day) {
      const date = new Date(0)
      date.setUTCFullYear(year, month - 1, day)
      this.#day = key
      this.#dayStart = date.getUTCDate() === day && date.getUTCMonth() === month - 1 ? date.getTime() : NaN
    }
    return this.#dayStart
  }
}

/** ms since epoch of an ISO time; NaN where it is none. */
export function isoTime(text: string): number {
  const bytes = Buffer.from(text)
  return new TimeReader('iso', 'utc', 0x2e).read(bytes, 0, bytes.length)
}

/** Seconds up to the year 5138, else ms, µs or ns: what puts the time between 1973 and then. */
function sinceEpoch(number: number): number {
  const size = Math.abs(number)
  return size < 1e11 ? number * 1e3 : size < 1e14 ? number : size < 1e17 ? number / 1e3 : number / 1e6
}

function pair(bytes: Buffer, at: number, to: number): number {
  if (at + 2 > to) return NaN
  const tens = bytes[at] - 0x30
  const ones = bytes[at + 1] - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN
}

/** `Z`, `+02:00`, `+0200` or `+02`, to the end of the cell, in ms. */
function offset(bytes: Buffer, at: number, to: number): number {
  const sign = bytes[at]
  if ((sign === 0x5a || sign === 0x7a) && at + 1 === to) return 0
  if (sign !== 0x2b && sign !== 0x2d) return NaN
  const minutesAt = bytes[at + 3] === 0x3a ? at + 4 : at + 3
  const minutes = at + 3 === to ? 0 : minutesAt + 2 === to ? pair(bytes, minutesAt, to) : NaN
  const size = pair(bytes, at + 1, to) * 3_600_000 + minutes * 60_000
  return sign === 0x2d ? -size : size
}

function localTime(date: number, clock: number): number {
  const utc = new Date(date)
  const local = new Date(0)
  local.setFullYear(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate())
  const whole = Math.floor(clock)
  local.setHours(0, 0, 0, whole)
  return local.getTime() + (clock - whole)
}
