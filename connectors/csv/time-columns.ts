import { SourceError, TimePattern, WrittenTime, scale, unitName, type TimeUnit } from '../../agent/core/index.ts'
import { DateOrderJudge } from './date-order.ts'
import type { ReadSettings } from './settings.ts'
import type { Table } from './table.ts'
import { isTimeName } from './time-names.ts'
import type { TimePlan } from './times.ts'

/** Times that are believed without being told to; ms since epoch. */
export const earliest = Date.UTC(1990, 0, 1)
export const latest = (now: number): number => now + 86_400_000

/** Where the times are, and what was taken for granted. */
export interface TimeFinding {
  readonly plan: TimePlan
  /** Columns that are no signals. */
  readonly used: readonly number[]
  readonly notes: readonly string[]
  /** Looks on through the file, where its beginning leaves the order of day and month open. */
  readonly judge?: DateOrderJudge
}

/** What a column of the beginning of a file holds. */
interface Candidate {
  readonly place: number
  readonly name: string
  readonly cells: readonly string[]
  readonly holds: 'moment' | 'date' | 'clock' | 'number' | 'other'
  readonly named: boolean
}

const countNames = 'time timestamp datetime date ts t utc zeit'.split(' ')
const perName: Readonly<Record<string, number>> = { s: 1000, ms: 1, µs: 1e-3, ns: 1e-6, min: 60_000, h: 3_600_000, d: 86_400_000 } // prettier-ignore
const written = new WrittenTime()

/** Finds the columns of time. Throws a SourceError (SOURCE_DATA) where there are none, or none that can be understood. */
export function findTime(table: Table, settings: ReadSettings, path: string, now: number): TimeFinding {
  const { counter, period, rate, start } = settings
  const perRow = settings.form === 'cycles' ? table.names.length : 1
  const each = period ?? (rate === undefined ? 1000 : (1000 * perRow) / rate)
  const begin = start === undefined ? 0 : startOf(settings)
  if (counter !== undefined) {
    const place = placeOf(table, counter, 'counter', path)
    return { plan: { kind: 'since', place, start: begin, each }, used: [place], notes: [] }
  }
  if (settings.time === undefined && (period ?? rate) !== undefined) {
    if (start === undefined) throw refused(`${path} has no times of its own`, 'State when its first row was taken: `start: 2024-03-05T10:00:00Z`.') // prettier-ignore
    return { plan: { kind: 'rows', start: begin, each }, used: [], notes: [] }
  }
  const stated = typeof settings.time === 'string' ? [settings.time] : (settings.time ?? [])
  const places = stated.map((name) => placeOf(table, name, 'time', path))
  const ignored = new Set([...settings.ignore, ...Object.values(settings.labels).flatMap(({ of }) => of ?? [])])
  const candidates = table.names.map((_, place) => candidate(table, place)).filter(({ name, place }) => places.includes(place) || !ignored.has(name)) // prettier-ignore
  const [first, clock] = places.length > 0 ? places.map((place) => candidates.find((one) => one.place === place)!) : choose(candidates, settings) // prettier-ignore
  if (!first) throw timeless(table, path)
  const finding = planFor(first, clock, table, settings, path, now)
  return { ...finding, used: clock ? [first.place, clock.place] : [first.place] }
}

/** `start` as an instant: one without an offset is on the clock of `timezone`. */
export function startOf({ start, timezone }: ReadSettings): number {
  written.readText(start ?? '1970-01-01T00:00:00Z', 'ymd')
  return Number.isNaN(written.offset) ? timezone.first(written.wall) : written.wall - written.offset
}

function candidate(table: Table, place: number): Candidate {
  const name = table.names[place]
  const cells = table.rows.slice(0, 200).flatMap(({ cells }) => (cells[place] ? [cells[place]] : []))
  const named = isTimeName(name)
  return { place, name, cells, holds: holdsOf(cells, named), named }
}

function holdsOf(cells: readonly string[], named: boolean): Candidate['holds'] {
  const counts = { moment: 0, date: 0, clock: 0, number: 0, other: 0 }
  for (const cell of cells.slice(0, 50)) {
    const isNumber = /^[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?$/.test(cell)
    const isTime = (!isNumber || named) && (written.readText(cell, 'dmy') || written.readText(cell, 'mdy') || written.readText(cell, 'ymd')) // prettier-ignore
    if (isTime && (!isNumber || (written.hasDate && written.wall >= earliest)))
      counts[written.hasDate ? (written.hasClock ? 'moment' : 'date') : 'clock']++ // prettier-ignore
    else counts[isNumber ? 'number' : 'other']++
  }
  const { other, ...kinds } = counts
  const [what, most] = Object.entries(kinds).sort(([, a], [, b]) => b - a)[0]
  const enough = Math.min(cells.length, 50) * (named ? 0.25 : 0.8)
  return most > 0 && most >= enough && (named || most > other) ? (what as Candidate['holds']) : 'other'
}

/** The column of time, and that of the clock where it stands in one of its own. */
function choose(
  candidates: readonly Candidate[],
  { start, time_format: format }: ReadSettings,
): (Candidate | undefined)[] {
  if (format instanceof TimePattern) {
    const fits = candidates.find(({ cells }) => cells.slice(0, 20).some((cell) => format.read(cell) !== undefined))
    return [fits ?? candidates.find(({ named }) => named)]
  }
  const holding = (...what: Candidate['holds'][]) => {
    const found = candidates.filter(({ holds }) => what.includes(holds))
    return found.find(({ named }) => named) ?? found.at(0)
  }
  const moment = holding('moment')
  if (moment) return [moment]
  const counts = candidates.filter(({ holds, named }) => holds === 'number' && named)
  const date = holding('date')
  const clock = holding('clock') ?? (date && counts.find(({ place }) => Math.abs(place - date.place) === 1))
  if (date) return clock ? [date, clock] : [date]
  if (clock && (counts.length === 0 || start !== undefined)) return [clock]
  const [count, second] = [counts.at(0), counts.at(1)]
  if (count && second && isDayPair(count, second)) return [count, second]
  if (count) return [counts.find(({ name }) => countNames.includes(name.toLowerCase())) ?? count]
  // Without a name only what cannot be anything else: counts since 1970, first in the row.
  const plain = candidates.at(0)
  return plain?.holds === 'number' && /^\d{10}(\d{3}){0,3}([.,]\d+)?$/.test(plain.cells.at(0) ?? '') && unitOf(plain, Date.now()) ? [plain] : [] // prettier-ignore
}

/** Days of Excel in one column, their fraction in the next. */
function isDayPair(one: Candidate, other: Candidate): boolean {
  return one.cells.every((cell) => /^\d{5}$/.test(cell)) && other.cells.every((cell) => /^0?[.,]\d+$|^0$/.test(cell))
}

type Plan = Omit<TimeFinding, 'used'>

function planFor(
  first: Candidate,
  clock: Candidate | undefined,
  table: Table,
  settings: ReadSettings,
  path: string,
  now: number,
): Plan {
  // prettier-ignore
  const { place } = first
  const { time_format: format, start } = settings
  const beside = clock && { clock: clock.place }
  if (format instanceof TimePattern) return { plan: { kind: 'pattern', place, pattern: format, ...beside }, notes: [] }
  if (format === 'iso') return { plan: { kind: 'written', place, order: 'ymd', ...beside }, notes: [] }
  if (format !== 'auto') {
    if (start === undefined || !(format in perUnit)) return { plan: { kind: 'count', place, unit: format, ...beside }, notes: [] } // prettier-ignore
    return { plan: { kind: 'since', place, start: startOf(settings), each: perUnit[format as keyof typeof perUnit] }, notes: [] } // prettier-ignore
  }
  if (first.holds === 'moment' || first.holds === 'date') return dated(first, clock, settings.date_order, now)
  if (first.holds === 'clock') return clocked(first, settings, path)
  const unit = unitOf(first, now) ?? (settings.check_times || start !== undefined ? undefined : 'auto')
  if (unit && start === undefined) return { plan: { kind: 'count', place, unit, ...beside }, notes: [`times are ${countWords[unit] ?? 'seconds to nanoseconds since 1970, by size'}`] } // prettier-ignore
  return since(first, table, settings, path, unit)
}

const perUnit = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 } as const
const countWords: Partial<Record<TimeUnit, string>> = {
  s: 'seconds since 1970', ms: 'milliseconds since 1970', us: 'microseconds since 1970', ns: 'nanoseconds since 1970',
  excel: 'days of Excel', datenum: 'days of MATLAB', ticks: 'ticks of .NET', filetime: 'FILETIME of Windows', labview: 'seconds of LabVIEW, since 1904',
} // prettier-ignore

/** What the counts are, by where they lie; nanoseconds of 1990 are ticks of today. */
function unitOf({ cells }: Candidate, now: number): TimeUnit | undefined {
  const numbers = cells.map((cell) => Number(cell.replace(',', '.'))).filter((number) => !Number.isNaN(number))
  return (['ticks', 's', 'ms', 'us', 'ns', 'filetime', 'labview', 'excel', 'datenum'] as const).find(
    (unit) => numbers.length > 0 && numbers.filter((number) => scale(number, unit) >= earliest && scale(number, unit) <= latest(now)).length >= numbers.length * 0.9, // prettier-ignore
  )
}

function dated(first: Candidate, clock: Candidate | undefined, stated: ReadSettings['date_order'], now: number): Plan {
  const { place, cells } = first
  const beside = clock && { clock: clock.place }
  if (stated !== 'auto') return { plan: { kind: 'written', place, order: stated, ...beside }, notes: [] }
  const judge = new DateOrderJudge(latest(now))
  for (const cell of cells) judge.takeText(cell)
  return { plan: { kind: 'written', place, order: judge.verdict().order ?? 'dmy', ...beside }, notes: [], judge }
}

function clocked({ place, cells }: Candidate, settings: ReadSettings, path: string): Plan {
  const { start } = settings
  if (start === undefined) {
    throw refused(`${path} has clocks such as ${cells[0]} and no date`, 'State the day of the first row: `start: 2024-03-05`; or the instant of 0:00 where they count the time since then.') // prettier-ignore
  }
  written.readText(start, 'ymd')
  const runs = written.hasClock && written.wall % 86_400_000 !== 0
  return { plan: { kind: 'clock', place, start: runs ? startOf(settings) : written.wall, runs }, notes: [] }
}

function since(first: Candidate, table: Table, settings: ReadSettings, path: string, unit: TimeUnit | undefined): Plan {
  const { place, name, cells } = first
  const said = unitName(table.units[place] || (/[[(](.*)[\])]|[_ ](s|ms|us|ns|min|h)$/.exec(name)?.slice(1).find(Boolean) ?? '')) // prettier-ignore
  const each = perName[said] ?? 1000
  if (settings.start !== undefined && unit === undefined) return { plan: { kind: 'since', place, start: startOf(settings), each }, notes: [] } // prettier-ignore
  if (settings.start !== undefined) throw refused(`${path} has times such as ${cells[0]}, which count since long ago, beside \`start\``, 'Leave `start` out, or state `time_format`.') // prettier-ignore
  const numbers = cells.map((cell) => Number(cell.replace(',', '.')))
  const small = numbers.every((number) => Math.abs(number) < 1e8)
  throw refused(
    `the times of ${path}, such as ${cells[0] ?? 'an empty cell'}, ${first.holds === 'number' && small ? 'count from a start that is not stated' : 'are none that can be understood'}`,
    small ? `State when they were 0: \`start: 2024-03-05T10:00:00Z\`${each === 1000 ? ', and `time_format: ms` where they are no seconds' : ''}.` : 'State what they are under `time_format`.', // prettier-ignore
  )
}

function timeless(table: Table, path: string): SourceError {
  const { names } = table
  const cycles = names.length >= 20 && table.headerLine === 0
  return refused(
    `${path} has no column of times; its columns are ${list(names)}`,
    cycles
      ? 'Where a row holds many samples of one signal, state `form: cycles` with `period` of a row and `start`; else name the column under `time`.'
      : 'Name the column under `time`, or one that counts periods under `counter`; where rows have no times, state `period` and `start`.',
  )
}

/** The place of a column that the settings name. Throws a SourceError (SOURCE_DATA) where it is not there. */
export function placeOf({ names }: Pick<Table, 'names'>, name: string, key: string, path: string): number {
  const place = names.indexOf(name)
  if (place >= 0) return place
  throw refused(`${path} has no column "${name}"; its columns are ${list(names)}`, `Correct \`${key}\`, or \`delimiter\` if the columns look run together.`) // prettier-ignore
}

export function refused(message: string, remedy: string): SourceError {
  return new SourceError('SOURCE_DATA', message, { remedy })
}

export const list = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : names.slice(0, 40).map((name) => `"${name}"`).join(', ') // prettier-ignore
