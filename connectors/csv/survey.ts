import { Zone, type DateOrder } from '../../agent/core/index.ts'
import { openText } from './bytes.ts'
import { Course } from './course.ts'
import type { DateOrderJudge } from './date-order.ts'
import { layoutOf, type CsvLayout } from './layout.ts'
import { RecordScanner, type Cells, type RecordHandler } from './records.ts'
import type { ReadSettings } from './settings.ts'
import { findTable, type Table } from './table.ts'
import { earliest, findTime, latest, list, refused, type TimeFinding } from './time-columns.ts'
import { zoneOfName } from './time-names.ts'
import { RowTimes, type TimePlan } from './times.ts'

/** How a file is read: all that its beginning, and the settings, tell. */
export interface Survey {
  readonly path: string
  readonly table: Table
  readonly layout: CsvLayout
  readonly plan: TimePlan
  /** The clock of times without an offset. */
  readonly zone: Zone
  /** Times that are believed, ms since epoch. */
  readonly from: number
  readonly until: number
  /** Times of the rows that were looked at: of the first one, and of the last. */
  readonly first: number
  readonly last: number
  /** What was taken for granted, in words. */
  readonly notes: readonly string[]
  /** The order of day and month is a habit, not a fact. */
  readonly assumed: boolean
}

/** Bytes that tell what a file is. */
const enough = 1_048_576
/** A line that is longer is no line of a table. */
const longest = 16_777_216

/** Looks at the beginning of a file. A zone in the name of its times counts where none is stated. Throws a SourceError (SOURCE_DATA) where it is no table, or its times make no sense. */
export async function survey(path: string, stated: ReadSettings, now = Date.now()): Promise<Survey> {
  const first = await look(path, stated, now)
  const { plan, table } = first
  const own = 'place' in plan && /^utc$/i.test(stated.timezone.name) ? zoneOfName(table.names[plan.place]) : undefined
  if (own === undefined || own === '+00:00') return first
  const found = await look(path, { ...stated, timezone: new Zone(own) }, now)
  return { ...found, notes: [...found.notes, `times are at ${own}, as "${table.names[('place' in plan && plan.place) || 0]}" says`] } // prettier-ignore
}

async function look(path: string, settings: ReadSettings, now: number): Promise<Survey> {
  const { bytes, final } = await beginningOf(path, settings.encoding)
  const table = findTable(bytes, final, settings, path)
  const unique = withUniqueNames(table)
  const time = findTime(unique.table, settings, path, now)
  const { layout, notes } = layoutOf(unique.table, time.used, settings, path)
  const order = await orderOf(path, settings, unique.table, time)
  const plan = order.order !== undefined && time.plan.kind === 'written' ? { ...time.plan, order: order.order } : time.plan // prettier-ignore
  const checked = settings.check_times && settings.start === undefined && settings.counter === undefined
  const bounds = checked ? { from: earliest, until: latest(now) } : { from: -8.64e15, until: 8.64e15 }
  const found = { path, zone: settings.timezone, table: unique.table, layout, plan, ...bounds, assumed: order.assumed }
  const rows = bytes.subarray(table.begin)
  const times = timesOf(rows, final, found, settings)
  if (settings.check_times) checkTimes(times, found, path)
  const all = [...table.notes, ...unique.notes, ...time.notes, ...order.notes, ...notes]
  return { ...found, notes: all, first: times.all.at(0) ?? NaN, last: times.all.at(-1) ?? NaN }
}

/** The bytes by which a file is told, whole lines of them; `final`: they are all of it. */
export async function beginningOf(
  path: string,
  encoding: string,
): Promise<{ readonly bytes: Buffer; readonly final: boolean }> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of openText(path, encoding)) {
    chunks.push(Buffer.from(chunk))
    size += chunk.length
    if (size >= enough && (chunk.includes(0x0a) || size >= longest))
      return { bytes: Buffer.concat(chunks), final: false }
  }
  return { bytes: Buffer.concat(chunks), final: true }
}

/** The second of two columns of one name is called after its place among them. */
function withUniqueNames(table: Table): { readonly table: Table; readonly notes: readonly string[] } {
  const taken = new Set(table.names)
  const seen = new Set<string>()
  const notes: string[] = []
  const names = table.names.map((name) => {
    if (name === '' || !seen.has(name)) {
      seen.add(name)
      return name
    }
    let number = 2
    while (taken.has(`${name}_${number}`)) number++
    const other = `${name}_${number}`
    taken.add(other)
    notes.push(`another column named "${name}" is called "${other}"`)
    return other
  })
  return { table: { ...table, names }, notes }
}

/** The order of day and month, asked of the whole file where its beginning leaves it open. */
async function orderOf(path: string, settings: ReadSettings, table: Table, { judge, plan }: TimeFinding) {
  const none = { order: undefined, assumed: false, notes: [] as string[] }
  if (!judge || plan.kind !== 'written') return none
  if (!judge.settled) await judgeAll(path, settings, table, judge, plan.place)
  const { order, assumed } = judge.verdict()
  const example = table.rows.at(0)?.cells[plan.place] ?? ''
  if (order === undefined) throw refused(`the dates of ${path}, such as ${example}, can be read in several ways`, 'State `date_order`: dmy, mdy or ymd.') // prettier-ignore
  const notes = assumed ? [`nothing decides whether "${example}" has the day or the month first: read as ${orderWords[order]}; state \`date_order\` to be sure`] : [] // prettier-ignore
  return { order, assumed, notes }
}

const orderWords: Readonly<Record<DateOrder, string>> = { dmy: 'day first', mdy: 'month first', ymd: 'year first' }

async function judgeAll(
  path: string,
  settings: ReadSettings,
  table: Table,
  judge: DateOrderJudge,
  place: number,
): Promise<void> {
  // prettier-ignore
  const scanner = new RecordScanner(table.delimiter, {
    record: (bytes: Buffer, cells: Cells) => {
      if (cells.count > place) judge.take(bytes, cells.from[place], cells.to[place])
    },
    broken: () => undefined,
  })
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of openText(path, settings.encoding)) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const done = scanner.scan(bytes, bytes.length > longest)
    rest = Buffer.from(bytes.subarray(done))
    if (judge.settled) return
  }
  scanner.scan(rest, true)
}

/** Times of the rows at the beginning, NaN where there is none; by series, and in the order of the file. */
interface Times {
  readonly all: readonly number[]
  readonly series: ReadonlyMap<string, readonly number[]>
  readonly unread: number
  readonly example: string
}

function timesOf(
  bytes: Buffer,
  final: boolean,
  { table, layout, plan }: Pick<Survey, 'table' | 'layout' | 'plan'>,
  settings: ReadSettings,
): Times {
  // prettier-ignore
  const reader = new RowTimes(plan, settings.timezone, decimalByte(layout))
  const series = new Map<string, number[]>()
  const courses = new Map<string, Course>()
  const all: number[] = []
  let unread = 0
  let example = ''
  const handler: RecordHandler = {
    record: (own, cells) => {
      if (cells.count < layout.width) return
      const of = layout.asset >= 0 ? layout.asset : (layout.long?.name ?? -1)
      const key = of < 0 ? '' : own.toString('utf8', cells.from[of], cells.to[of])
      const times = series.get(key) ?? []
      const course = courses.get(key) ?? new Course()
      courses.set(key, course)
      const time = reader.read(own, cells, course)
      if (Number.isNaN(time)) {
        unread++
        if ('place' in plan) example ||= own.toString('utf8', cells.from[plan.place], cells.to[plan.place])
        return
      }
      all.push(time)
      times.push(time)
      series.set(key, times)
    },
    broken: () => undefined,
  }
  new RecordScanner(table.delimiter, handler).scan(bytes, final, table.rows.length)
  return { all, series, unread, example }
}

/** The byte of the decimal mark of counts of time. */
export function decimalByte({ mark }: Pick<CsvLayout, 'mark'>): number {
  return mark === ',' ? 0x2c : 0x2e
}

const remedyOf = 'or, where that is right, state `check_times: false`.'

/** Refuses a file whose times make no sense. */
function checkTimes(
  { all, series, unread, example }: Times,
  { from, until, plan, table }: Pick<Survey, 'from' | 'until' | 'plan' | 'table'>,
  path: string,
): void {
  // prettier-ignore
  if (all.length === 0) {
    if (unread === 0) return
    throw refused(`no time of ${path} can be read, such as "${example}"`, 'State their pattern under `time_format`, such as dd.MM.yyyy HH:mm:ss, or another column under `time`.') // prettier-ignore
  }
  const show = (time: number) => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : 'no year')
  const outside = all.filter((time) => time < from || time > until)
  if (outside.length * 2 > all.length) {
    const cell = 'place' in plan ? (table.rows.at(0)?.cells[plan.place] ?? '') : ''
    throw refused(`the times of ${path}, such as ${cell}, would be ${outside[0] < from ? 'before 1990' : 'after tomorrow'}: ${show(outside[0])}`, `State what they are under \`time_format\` or \`date_order\`, ${remedyOf}`) // prettier-ignore
  }
  let [back, forth, same] = [0, 0, 0]
  let alone = 0
  for (const times of series.values()) {
    for (let at = 1; at < times.length; at++) {
      if (times[at] < times[at - 1]) back++
      else if (times[at] > times[at - 1]) forth++
      else same++
    }
    if (times.length > 2 && times.every((time) => time === times[0])) alone++
  }
  if (back > forth) throw refused(`the times of ${path} run backwards: ${show(all[0])}, then ${show(all.find((time) => time < all[0]) ?? all[0])}`, `Sort it by time, oldest first, ${remedyOf}`) // prettier-ignore
  const midnights = plan.kind === 'written' && plan.clock === undefined && same > forth && all.every((time) => time % 900_000 === 0) // prettier-ignore
  if ((alone > 0 && forth === 0) || midnights) {
    const columns = list(table.names)
    throw refused(`rows of ${path} all fall on one moment, ${show(all[0])}`, `Where the clock stands in a column of its own, name both: \`time: [DATE, CLOCK]\` of ${columns}; ${remedyOf}`) // prettier-ignore
  }
}
