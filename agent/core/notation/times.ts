import { dateOf, readOffset, type TimePattern, type WallTime } from './time-pattern.ts'
import type { Zone } from './zones.ts'

/**
 * What a numeric timestamp counts; `auto` tells seconds to nanoseconds by magnitude. `excel`: days since 30 December 1899 on
 * the wall clock; `filetime`: 100 ns since 1601 (Windows, LDAP).
 */
export const timeUnits = ['auto', 'iso', 's', 'ms', 'us', 'ns', 'excel', 'filetime'] as const
export type TimeUnit = (typeof timeUnits)[number]

const iso =
  /^(\d{4})(-?)(\d\d)\2(\d\d)(?:[T_ ]?(\d\d)(?::?(\d\d)(?::?(\d\d)([.,]\d{1,18})?)?)?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?(?:\[[\w/+-]{1,40}\])?$/i
const dotNet = /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/
const longInteger = /^-?\d{16,30}$/
const decimal = /^[+-]?\d{1,30}(?:\.\d{0,30})?(?:[eE][+-]?\d{1,3})?$/
const longestTime = 100

/** How far apart two instants of one wall time may be from what is near, to be told apart by it, ms. */
const surely = 15 * 60_000

export interface TimeNotation {
  readonly unit?: TimeUnit
  /** How texts are written; absent: ISO 8601. */
  readonly pattern?: TimePattern | undefined
  /** Where the clock stands that writes times without a zone; absent: UTC. */
  readonly zone?: Zone | undefined
}

/** Reads times as devices and people write them. */
export class TimeReader {
  readonly unit: TimeUnit
  readonly #pattern: TimePattern | undefined
  readonly #zone: Zone | undefined
  /** An instant near which times are, such as that of the arrival: of two instants of one wall time the nearer is meant. */
  near = NaN
  /** Whether the time read last has two instants and none is near enough to be sure. */
  ambiguous = false
  /** Why the text read last is no time, where that needs more words than `... is no time`. */
  problem = ''

  constructor({ unit = 'auto', pattern, zone }: TimeNotation = {}) {
    this.unit = unit
    this.#pattern = pattern
    this.#zone = zone
  }

  /** Ms since epoch, fractions kept. NaN where there is no time (null, absent, empty); undefined where what is there is none. */
  read(raw: unknown): number | undefined {
    this.ambiguous = false
    this.problem = ''
    if (raw === undefined || raw === null || raw === '') return NaN
    if (typeof raw === 'string') return this.#text(raw.trim())
    if (typeof raw === 'number') return this.#count(raw)
    if (typeof raw === 'bigint') return this.unit === 'iso' ? undefined : finite(this.#exact(raw))
    return raw instanceof Date ? finite(raw.getTime()) : undefined
  }

  #count(count: number): number | undefined {
    if (this.#pattern) return Number.isInteger(count) ? this.#written(String(count)) : undefined
    if (this.unit === 'iso') return undefined
    return this.unit === 'excel'
      ? this.#instant(count * 86_400_000 - 2_209_161_600_000)
      : finite(scale(count, this.unit))
  }

  #text(text: string): number | undefined {
    if (text.length > longestTime) return undefined
    if (this.#pattern) return this.#written(text)
    if (this.unit !== 'iso') {
      // Eight and fourteen digits that are a date are one: as seconds they would be a time of 1970 or 2610.
      if (this.unit === 'auto' && /^(?:19|20)\d{6}(?:\d{6})?$/.test(text)) return this.#iso(text)
      if (longInteger.test(text)) return this.#exact(BigInt(text))
      if (decimal.test(text)) return this.#count(Number(text))
    }
    if (this.unit !== 'auto' && this.unit !== 'iso') return undefined
    const match = dotNet.exec(text)
    return match ? Number(match[1]) : this.#iso(text)
  }

  #written(text: string): number | undefined {
    const time = this.#pattern!.read(text)
    if (time) return this.#placed(time)
    this.problem = 'it does not fit the time format of the configuration'
    return undefined
  }

  #iso(text: string): number | undefined {
    const time = readIso(text)
    return time && this.#placed(time)
  }

  #placed({ wall, offset }: WallTime): number | undefined {
    return offset === undefined ? this.#instant(wall) : finite(wall - offset)
  }

  /** The instant that the clock showed as `wall`. */
  #instant(wall: number): number | undefined {
    if (!this.#zone) return finite(wall)
    const first = this.#zone.first(wall)
    const second = this.#zone.second(wall)
    if (Number.isNaN(first)) {
      const { name } = this.#zone
      this.problem = `clocks in ${name} skip this time: where the clock keeps one offset all year, set the timezone to it, such as +01:00`
      return undefined
    }
    if (first === second) return first
    const late = Math.abs(second - this.near) < Math.abs(first - this.near)
    const chosen = late ? second : first
    this.ambiguous = !(Math.abs(chosen - this.near) <= surely)
    return chosen
  }

  /** As `scale`, for integers of which a double keeps too little: nanoseconds since epoch in steps of 256 and more. */
  #exact(count: bigint): number {
    if (this.unit === 'filetime') return Number(count / 10_000n) + Number(count % 10_000n) / 1e4 - filetimeStart
    const nanoseconds = this.unit === 'ns' || (this.unit === 'auto' && (count >= 10n ** 17n || count <= -(10n ** 17n)))
    if (!nanoseconds) return scale(Number(count), this.unit)
    return Number(count / 1_000_000n) + Number(count % 1_000_000n) / 1e6
  }
}

const filetimeStart = 11_644_473_600_000

function finite(time: number): number | undefined {
  return Number.isFinite(time) ? time : undefined
}

/** A count of `unit` since epoch as ms. `auto`: the unit in which the count lies between the years 1973 and 5138. */
export function scale(count: number, unit: TimeUnit): number {
  switch (unit) {
    case 's':
      return count * 1e3
    case 'ms':
      return count
    case 'us':
      return count / 1e3
    case 'ns':
      return count / 1e6
    case 'filetime':
      return count / 1e4 - filetimeStart
    default: {
      const size = Math.abs(count)
      if (size < 1e11) return count * 1e3
      if (size < 1e14) return count
      return size < 1e17 ? count / 1e3 : count / 1e6
    }
  }
}

/** ISO 8601, extended or basic, with a blank for the T, a decimal comma, an offset; undefined where the text is none. */
export function readIso(text: string): WallTime | undefined {
  const match = iso.exec(text)
  if (!match) return undefined
  const [, year, , month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = match as (
    string | undefined
  )[]
  const date = dateOf(Number(year), Number(month), Number(day))
  if (date === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined
  const clock = (Number(hour) * 60 + Number(minute)) * 60_000 + Number(second) * 1_000
  const digits = fraction.slice(1).padEnd(3, '0')
  const wall = date + clock + Number(`${digits.slice(0, 3)}.${digits.slice(3)}`)
  return { wall, offset: zone === undefined ? undefined : readOffset(/^z$/i.test(zone) ? undefined : zone) }
}
