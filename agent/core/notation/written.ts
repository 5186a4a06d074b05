// Longer than others: one pass over the bytes of a time, whose pieces decide each other.
import { monthNumber, weekdays } from './names.ts'
import { dateOf } from './time-pattern.ts'

/** What the numbers of a date are, where none of them has four digits or is a name. */
export const dateOrders = ['dmy', 'mdy', 'ymd'] as const
export type DateOrder = (typeof dateOrders)[number]

const zones: Readonly<Record<string, number>> = {
  z: 0, utc: 0, gmt: 0, wet: 0, west: 1, cet: 1, mez: 1, cest: 2, mesz: 2, eet: 2, eest: 3,
} // prettier-ignore
const longest = 64
const powers = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)
const dot = 0x2e
const colon = 0x3a

/**
 * Reads times as people and programs write them: year, day or month first, month names, 12 and 24 hours, compact, with
 * fractions by point, comma or colon, an offset or `UTC` behind, the date before or behind the clock. What it found stands
 * in its fields until the next call; one reader serves a whole column without an object per cell.
 */
export class WrittenTime {
  /** ms since 1970-01-01T00:00 on the clock that wrote it; without a date, ms since midnight. */
  wall = NaN
  /** ms east of UTC; NaN where the text names no zone. */
  offset = NaN
  hasDate = false
  hasClock = false
  /** Whether the order of day, month and year had to be known. */
  ordered = false
  /** What stood between the numbers of the date. */
  separator = 0
  twelve = false

  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #to = 0
  #groups = 0
  readonly #value = [0, 0, 0]
  readonly #digits = [0, 0, 0]
  #month = 0
  #monthAt = 0
  #pm: boolean | undefined
  #clock = 0
  // Rows of one day follow each other: its start is worked out once.
  #dayKey = NaN
  #dayStart: number | undefined

  /** False where the text is no time. A date alone and a clock alone are times, see `hasDate` and `hasClock`. */
  read(bytes: Uint8Array, from: number, to: number, order: DateOrder): boolean {
    if (to - from > longest || to <= from) return false
    this.#bytes = bytes
    this.#at = from
    this.#to = to
    this.#groups = this.#month = this.#monthAt = this.separator = 0
    this.#clock = this.offset = NaN
    this.#pm = undefined
    this.hasDate = this.hasClock = this.ordered = this.twelve = false
    while (this.#at < this.#to) if (!this.#piece()) return false
    return this.#conclude(order)
  }

  /** As `read`, of a text. */
  readText(text: string, order: DateOrder): boolean {
    const bytes = Buffer.from(text.trim())
    return this.read(bytes, 0, bytes.length, order)
  }

  #piece(): boolean {
    const byte = this.#bytes[this.#at]
    if (byte >= 0x30 && byte <= 0x39) return this.#number()
    if ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) return this.#word()
    if (byte >= 0x80) return this.#foreign()
    if ((byte === 0x2b || byte === 0x2d) && this.hasClock && this.#groups !== 1) return this.#offset(0)
    if (byte === 0x5b && !Number.isNaN(this.offset)) return this.#zoneName()
    this.#at++
    if (byte === 0x20 || byte === 0x2c || byte === 0x5f) return true
    if (byte !== 0x2d && byte !== 0x2f && byte !== dot && byte !== colon) return false
    if (this.separator === 0) this.separator = byte
    return this.#groups + this.#month > 0
  }

  #number(): boolean {
    const start = this.#at
    let value = 0
    while (this.#at < this.#to && this.#digitAt(this.#at) >= 0) value = value * 10 + this.#digitAt(this.#at++)
    const digits = this.#at - start
    const complete = this.#groups === 3 || (this.#month > 0 && this.#groups === 2)
    const next = this.#at < this.#to ? this.#bytes[this.#at] : 0
    const clock = next === colon ? digits <= 2 : complete && next === dot && digits <= 2
    if (!this.hasClock && clock) return this.#clockFrom(value, next)
    if (!this.hasClock && complete) return this.#compactClock(start, digits)
    if (digits > 4) return this.#groups + this.#month === 0 && this.#compactDate(start, digits)
    if (this.#groups === 3) return false
    this.#value[this.#groups] = value
    this.#digits[this.#groups++] = digits
    return true
  }

  /** Minutes, seconds and fraction behind an hour. */
  #clockFrom(hour: number, mark: number): boolean {
    this.#at++
    const minute = this.#pair()
    let clock = hour * 3_600_000 + minute * 60_000
    if (this.#bytes[this.#at] === mark && this.#at < this.#to) {
      this.#at++
      const second = this.#pair()
      if (!(second <= 60)) return false
      clock += second * 1000
      const behind = this.#at < this.#to ? this.#bytes[this.#at] : 0
      if (behind === dot || behind === 0x2c || behind === colon) clock += this.#fraction(behind)
    }
    this.#clock = clock
    this.hasClock = true
    return minute <= 59 && !Number.isNaN(clock)
  }

  /** ms behind `mark`; NaN where there are no digits, or not three behind a colon. */
  #fraction(mark: number): number {
    const start = ++this.#at
    let value = 0
    for (; this.#at < this.#to && this.#digitAt(this.#at) >= 0; this.#at++)
      if (this.#at - start < 15) value = value * 10 + this.#digitAt(this.#at)
    const digits = this.#at - start
    if (digits === 0 || (mark === colon && digits !== 3)) return NaN
    return (value * 1000) / powers[Math.min(digits, 15)]
  }

  /** `1000`, `100000` or `100000125` behind a date. */
  #compactClock(start: number, digits: number): boolean {
    if (digits !== 4 && digits !== 6 && digits !== 9) return false
    return this.#clockOfDigits(start, digits)
  }

  #clockOfDigits(start: number, digits: number): boolean {
    const seconds = digits >= 6 ? this.#count(start + 4, 2) : 0
    const millis = digits === 9 ? this.#count(start + 6, 3) : 0
    this.#clock = this.#count(start, 2) * 3_600_000 + this.#count(start + 2, 2) * 60_000 + seconds * 1000 + millis
    this.hasClock = true
    if (digits === 6 && (this.#bytes[this.#at] === dot || this.#bytes[this.#at] === 0x2c) && this.#at < this.#to)
      this.#clock += this.#fraction(dot)
    return this.#count(start + 2, 2) <= 59 && seconds <= 60 && !Number.isNaN(this.#clock)
  }

  /** `20240305`, with `10`, `1000`, `100000` or `100000125` behind. */
  #compactDate(start: number, digits: number): boolean {
    if (digits !== 8 && digits !== 10 && digits !== 12 && digits !== 14 && digits !== 17) return false
    this.#value[0] = this.#count(start, 4)
    this.#value[1] = this.#count(start + 4, 2)
    this.#value[2] = this.#count(start + 6, 2)
    this.#digits[0] = 4
    this.#digits[1] = this.#digits[2] = 2
    this.#groups = 3
    if (digits === 8) return true
    if (digits > 10) return this.#clockOfDigits(start + 8, digits - 8)
    this.#clock = this.#count(start + 8, 2) * 3_600_000
    return (this.hasClock = true)
  }

  #word(): boolean {
    const start = this.#at
    if (this.#bytes[start] === 0x5a && start + 1 === this.#to && this.hasClock) {
      this.#at++
      this.offset = 0
      return true
    }
    while (this.#at < this.#to && (this.#bytes[this.#at] | 0x20) >= 0x61 && (this.#bytes[this.#at] | 0x20) <= 0x7a)
      this.#at++
    if (this.#at < this.#to && this.#bytes[this.#at] >= 0x80) {
      this.#at = start
      return this.#foreign()
    }
    if (this.#at === start + 1 && (this.#bytes[start] | 0x20) === 0x74) return this.#groups === 3
    const word = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, this.#at - start).toString('latin1')
    return this.#known(word.toLowerCase())
  }

  #known(word: string): boolean {
    if (/^[ap]m?$/.test(word)) {
      if (word.length === 1 && !/^\.\s?m\.?/i.test(this.#ahead(4))) return false
      if (word.length === 1) this.#at += /^\.\s?m\.?/i.exec(this.#ahead(4))![0].length
      this.#pm = word.startsWith('p')
      return true
    }
    const month = monthNumber(word)
    if (month !== undefined && this.#month === 0 && this.#groups < 3) {
      this.#month = month
      this.#monthAt = this.#groups
      if (this.#bytes[this.#at] === dot) this.#at++
      return true
    }
    if (Object.hasOwn(zones, word) && this.hasClock) {
      this.offset = zones[word] * 3_600_000
      const sign = this.#at < this.#to ? this.#bytes[this.#at] : 0
      return sign === 0x2b || sign === 0x2d ? zones[word] === 0 && this.#offset(0) : true
    }
    if (this.#groups === 0 && this.#month === 0 && weekdays().has(word)) {
      if (this.#bytes[this.#at] === dot) this.#at++
      return true
    }
    return word === 'uhr' && this.hasClock
  }

  #ahead(most: number): string {
    const start = this.#bytes.byteOffset + this.#at
    return Buffer.from(this.#bytes.buffer, start, Math.min(most, this.#to - this.#at)).toString('latin1')
  }

  /** `+2`, `+02`, `+0200` or `+02:00`. */
  #offset(base: number): boolean {
    const match = /^([+-])(\d\d?)(?::?(\d\d))?(?!\d)/.exec(this.#ahead(7)) as (string | undefined)[] | null
    if (!match) return false
    const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
    this.offset = base + (match[1] === '-' ? -minutes : minutes) * 60_000
    this.#at += match[0]!.length
    return minutes <= 14 * 60
  }

  /** `[Europe/Berlin]` behind an offset says nothing new. */
  #zoneName(): boolean {
    const match = /^\[[\w/+-]{1,40}\]/.exec(this.#ahead(42))
    this.#at += match?.[0].length ?? 0
    return match !== null
  }

  /** Letters and signs outside ASCII: the rest is read again with their plain equivalents. */
  #foreign(): boolean {
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, this.#to - this.#at).toString()
    const plain = text
      .replace(/[年月]/g, '-')
      .replace(/日/g, ' ')
      .replace(/[时時分点點](?=\s*\d)/g, ':')
      .replace(/[时時分秒]/g, '')
      .replace(/上午|午前/g, ' AM ')
      .replace(/下午|午後/g, ' PM ')
      .replace(/[\u00a0\u2007\u2009\u202f]/g, ' ')
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
    if (/[^\x20-\x7e]/.test(plain)) return false
    this.#bytes = Buffer.from(plain)
    this.#at = 0
    this.#to = this.#bytes.length
    return this.#restart(plain)
  }

  /** A number before the foreign sign may turn out to be an hour: `10时30分`. */
  #restart(plain: string): boolean {
    if (plain.startsWith(':') && !this.hasClock && this.#groups > 0)
      return this.#clockFrom(this.#value[--this.#groups], colon)
    while (this.#at < this.#to) if (!this.#piece()) return false
    return true
  }

  #conclude(order: DateOrder): boolean {
    if (this.hasClock && !this.#halfDays()) return false
    const clock = this.hasClock ? this.#clock : 0
    if (this.#groups === 0 && this.#month === 0) {
      this.wall = clock
      return this.hasClock
    }
    const day = this.#date(order)
    if (day === undefined || clock >= 86_400_000 + 1000) return false
    this.hasDate = true
    this.wall = day + clock
    return true
  }

  /** A clock without a date may go on beyond 24 hours: it counts the time since a start. */
  #halfDays(): boolean {
    const hours = Math.floor(this.#clock / 3_600_000)
    if (this.#pm === undefined) return this.#groups + this.#month === 0 || hours <= 23
    this.twelve = true
    if (hours < 1 || hours > 12) return false
    this.#clock += ((hours % 12) + (this.#pm ? 12 : 0) - hours) * 3_600_000
    return true
  }

  #date(order: DateOrder): number | undefined {
    const [a, b, c] = this.#value
    const [first, second, third] = this.#digits
    if (this.#month > 0) {
      if (this.#groups !== 2) return undefined
      const yearFirst = first === 4 || (second !== 4 && order === 'ymd' && this.#monthAt === 1)
      return yearFirst ? this.#day(a, first, this.#month, b, second) : this.#day(b, second, this.#month, a, first)
    }
    if (this.#groups !== 3) return undefined
    if (first === 4) return this.#day(a, first, b, c, Math.max(second, third))
    this.ordered = true
    if (third !== 4 && order === 'ymd') return this.#day(a, first, b, c, Math.max(second, third))
    const [day, month] = order === 'mdy' ? [b, a] : [a, b]
    return this.#day(c, third, month, day, Math.max(first, second))
  }

  #day(year: number, digits: number, month: number, day: number, others: number): number | undefined {
    if ((digits !== 2 && digits !== 4) || others > 2) return undefined
    const full = digits === 4 ? year : year + (year < 70 ? 2000 : 1900)
    const key = (full * 100 + month) * 100 + day
    if (key !== this.#dayKey) {
      this.#dayKey = key
      this.#dayStart = dateOf(full, month, day)
    }
    return this.#dayStart
  }

  #digitAt(at: number): number {
    const digit = this.#bytes[at] - 0x30
    return digit >= 0 && digit <= 9 ? digit : -1
  }

  #pair(): number {
    const value = this.#at + 2 <= this.#to ? this.#count(this.#at, 2) : NaN
    this.#at += 2
    return this.#at < this.#to && this.#digitAt(this.#at) >= 0 ? NaN : value
  }

  #count(from: number, digits: number): number {
    let value = 0
    for (let at = from; at < from + digits; at++) value = value * 10 + (this.#digitAt(at) < 0 ? NaN : this.#digitAt(at))
    return value
  }
}
