/** What a clock showed, and how far it was from UTC where the text says so. */
export interface WallTime {
  /** ms since 1970-01-01T00:00 on that clock, fractions kept. */
  readonly wall: number
  /** ms east of UTC; undefined where the text has no zone. */
  readonly offset: number | undefined
}

interface Parts {
  year: number
  month: number
  day: number
  dayOfYear: number
  hour: number
  half: number
  pm: boolean | undefined
  minute: number
  second: number
  fraction: number
  epoch: number
  offset: number | undefined
}

/** Reads one piece of the text from `at`; the place behind it, or -1. */
type Piece = (text: string, at: number, parts: Parts) => number

/** Languages whose names of months and days are known. */
const languages = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pt', 'pl', 'cs', 'sv', 'da', 'nb', 'fi'] as const
const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g

/**
 * Reads times by a pattern in the letters of Unicode (UTS 35), as Java and ISO 8601 libraries have them: `yyyy` or `yy`,
 * `MM`, `M`, `MMM` (name), `dd`, `d`, `DDD` (day of the year), `EEE` (name, not looked at), `HH`, `H`, `hh`, `h`, `a`,
 * `mm`, `m`, `ss`, `s`, `S` (any digits of a second), `XXX` (offset or Z); text in quotes stands for itself. Two digits of a
 * year are 1970 to 2069. Throws a SyntaxError for other letters and where there is no date.
 */
export class TimePattern {
  readonly #pieces: readonly Piece[]

  constructor(pattern: string) {
    this.#pieces = [...pattern.matchAll(token)].map((match) => {
      const [whole, quoted, letter] = match as (string | undefined)[]
      if (quoted !== undefined) return literal(quoted === '' ? "'" : quoted.replaceAll("''", "'"))
      return letter === undefined ? literal(whole!) : field(letter, whole!.length)
    })
    if (!/[yu]/.test(pattern.replace(/'[^']*'/g, '')) || !/[dD]/.test(pattern.replace(/'[^']*'/g, '')))
      throw new SyntaxError(`"${pattern}" names no date: it needs a year (yyyy), a month (MM) and a day (dd)`)
  }

  /** Undefined where the text does not fit the pattern, or is no date. */
  read(text: string): WallTime | undefined {
    const parts: Parts = {
      year: NaN,
      month: 1,
      day: 1,
      dayOfYear: NaN,
      hour: 0,
      half: NaN,
      pm: undefined,
      minute: 0,
      second: 0,
      fraction: 0,
      epoch: NaN,
      offset: undefined,
    }
    let at = 0
    for (const piece of this.#pieces) {
      at = piece(text, at, parts)
      if (at < 0) return undefined
    }
    return at === text.length ? wallOf(parts) : undefined
  }
}

function wallOf(parts: Parts): WallTime | undefined {
  const { year, month, day, dayOfYear, half, pm, minute, second, fraction, offset } = parts
  const hour = Number.isNaN(half) ? parts.hour : (half % 12) + (pm === true ? 12 : 0)
  if (half > 12 || half < 1 || hour > 23 || minute > 59 || second > 60) return undefined
  const date = dateOf(year, Number.isNaN(dayOfYear) ? month : 1, Number.isNaN(dayOfYear) ? day : 1)
  if (date === undefined || dayOfYear < 1 || dayOfYear > 366) return undefined
  const days = date + (Number.isNaN(dayOfYear) ? 0 : (dayOfYear - 1) * 86_400_000)
  return { wall: days + ((hour * 60 + minute) * 60 + second) * 1_000 + fraction, offset }
}

/** Midnight of a day of the calendar, as if in UTC; undefined where there is no such day. */
export function dateOf(year: number, month: number, day: number): number | undefined {
  if (!(month >= 1 && month <= 12 && day >= 1)) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCDate() === day && date.getUTCMonth() === month - 1 ? date.getTime() : undefined
}

function literal(wanted: string): Piece {
  return (text, at) => (text.startsWith(wanted, at) ? at + wanted.length : -1)
}

function field(letter: string, count: number): Piece {
  const number = (key: 'month' | 'day' | 'dayOfYear' | 'hour' | 'half' | 'minute' | 'second', most = 2) =>
    digits(count > 1 ? count : 1, count > 1 ? count : most, (parts, value) => (parts[key] = value))
  switch (letter) {
    case 'y':
    case 'u':
      return count === 2
        ? digits(2, 2, (parts, value) => (parts.year = value + (value < 70 ? 2000 : 1900)))
        : digits(4, 4, (parts, value) => (parts.year = value))
    case 'M':
    case 'L':
      return count > 2 ? monthName : number('month')
    case 'd':
      return number('day')
    case 'D':
      return number('dayOfYear', 3)
    case 'H':
      return number('hour')
    case 'h':
      return number('half')
    case 'm':
      return number('minute')
    case 's':
      return number('second')
    case 'S':
      return (text, at, parts) => {
        let end = at
        while (end < text.length && end - at < 18 && isDigit(text, end)) end++
        parts.fraction = Number(`0.${text.slice(at, end)}e3`)
        return end === at ? -1 : end
      }
    case 'a':
      return halfDay
    case 'E':
      return (text, at) => {
        const [word] = /^\p{L}+\.?/u.exec(text.slice(at, at + 20)) ?? ['']
        return word === '' ? -1 : at + word.length
      }
    case 'X':
    case 'x':
    case 'Z':
    case 'z':
      return zone
    default:
      throw new SyntaxError(`"${letter}" is no letter of a time pattern; put text in quotes, such as 'T'`)
  }
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

function digits(least: number, most: number, set: (parts: Parts, value: number) => void): Piece {
  return (text, at, parts) => {
    let end = at
    while (end < text.length && end - at < most && isDigit(text, end)) end++
    if (end - at < least) return -1
    set(parts, Number(text.slice(at, end)))
    return end
  }
}

const halfDay: Piece = (text, at, parts) => {
  const [whole, half] = /^([ap])\.?\s?m\.?/i.exec(text.slice(at, at + 5)) ?? ['', '']
  if (whole === '') return -1
  parts.pm = half.toLowerCase() === 'p'
  return at + whole.length
}

const zone: Piece = (text, at, parts) => {
  const [whole, offset] = /^(?:(?:UTC|GMT)?([+-]\d\d:?(?:\d\d)?)|UTC|GMT|Z)/i.exec(text.slice(at, at + 9)) ?? ['']
  if (whole === '') return -1
  parts.offset = readOffset(offset)
  return at + whole.length
}

/** `+02:00`, `+0200` or `+02` in ms; 0 where there is none. */
export function readOffset(text: string | undefined): number {
  if (text === undefined) return 0
  const written = text.replace(':', '')
  const minutes = Number(written.slice(1, 3)) * 60 + Number(written.slice(3, 5) || 0)
  return (written.startsWith('-') ? -minutes : minutes) * 60_000
}

const monthName: Piece = (text, at, parts) => {
  const [word] = /^\p{L}+/u.exec(text.slice(at, at + 20)) ?? ['']
  const month = monthNames().get(word.toLowerCase())
  if (month === undefined) return -1
  parts.month = month
  const end = at + word.length
  return text[end] === '.' ? end + 1 : end
}

let names: Map<string, number> | undefined

/** Months by their names, long and short, in lower case. A name that means two months in two languages means none. */
function monthNames(): Map<string, number> {
  if (names) return names
  const found = new Map<string, number>()
  for (const language of languages)
    for (const style of ['long', 'short'] as const)
      for (let month = 1; month <= 12; month++) {
        const date = Date.UTC(2024, month - 1, 15)
        const options = { month: style, timeZone: 'UTC' } as const
        for (const withDay of [{}, { day: 'numeric' }] as const) {
          const parts = new Intl.DateTimeFormat(language, { ...options, ...withDay }).formatToParts(date)
          const name = parts
            .find(({ type }) => type === 'month')!
            .value.replace('.', '')
            .toLowerCase()
          found.set(name, found.has(name) && found.get(name) !== month ? NaN : month)
        }
      }
  found.set('mrz', 3)
  found.set('sept', 9)
  names = new Map([...found].filter(([, month]) => !Number.isNaN(month)))
  return names
}
