// Longer than others: wide, long and cyclic tables take one way through one reused batch and its dead letters.
import {
  badWords,
  BatchBuilder,
  missingTest,
  Quality,
  SourceError,
  type DeadReason,
  type LabelEvent,
  type TagTable,
} from '../../agent/core/index.ts'
import { readNumber } from './cells.ts'
import { Course } from './course.ts'
import { labelOf } from './labels.ts'
import { fileName, signalOf, type Signal, type ValueColumn } from './layout.ts'
import { Letters } from './letters.ts'
import type { FilePart } from './read.ts'
import type { Cells, RecordHandler } from './records.ts'
import type { Ends, ReadSettings } from './settings.ts'
import { decimalByte, type Survey } from './survey.ts'
import { RowTimes } from './times.ts'
import { Values, type ValueTarget } from './values.ts'

/** A batch is handed over at the first end of a row at which it has this many samples. */
const batchSize = 2048
const mostLetters = 256
const shownSize = 256

/** The tags of one asset by value column, undefined until the first cell; its newest time, and that of its last row. */
interface Target {
  readonly asset: string
  readonly tags: (ValueTarget | undefined)[]
  /** Index of the tag where its values are plain numbers, else -1. */
  readonly plain: Int32Array
  readonly course: Course
  first: number
  last: number
  newest: number
}

/** A signal of the long form. */
interface Named {
  readonly signal: Signal
  readonly target: ValueTarget
  /** What stands before the last level of its name. */
  readonly machine: string
}

/** What was met in a file beside its samples. */
export interface FileTally {
  rows: number
  /** Rows that are older than the row before of their asset. */
  older: number
  /** Rows that may be an hour off, as their clock showed that hour twice. */
  unsure: number
  comments: number
  headers: number
  footer: readonly string[]
}

/** Makes samples of the rows of a file, and dead letters of what cannot be one. */
export class CsvSamples implements RecordHandler {
  /** What is complete; the reader takes it from here. */
  readonly arrivals: FilePart[] = []
  readonly tally: FileTally = { rows: 0, older: 0, unsure: 0, comments: 0, headers: 0, footer: [] }
  readonly #survey: Survey
  readonly #settings: ReadSettings
  readonly #source: string
  readonly #file: string
  readonly #tags: TagTable
  readonly #builder: BatchBuilder
  readonly #times: RowTimes
  readonly #values: Values
  readonly #letters: Letters
  readonly #targets = new Map<string, Target>()
  readonly #named = new Map<string, Named>()
  /** Of the value columns, side by side: a row of thousands is read without looking at an object for each. */
  readonly #places: Int32Array
  readonly #decimals: Uint8Array
  /** ms between two samples of a cycle. */
  readonly #step: number
  /** Newest time of each machine of the long form, and the first of all. */
  readonly #newestOf = new Map<string, number>()
  /** Courses of the signals of the long form, where a clock may show an hour twice. */
  readonly #courses: Map<string, Course> | undefined
  /** The quality of the row that is read, where nothing else is said of it. */
  #good: Quality = Quality.good
  #first = NaN
  #newest = -Infinity
  #farBehind = 0
  #behindLine = 0
  #events: LabelEvent[] = []

  /** `source`: name of the connector. */
  constructor(survey: Survey, settings: ReadSettings, tags: TagTable, source: string) {
    const { layout, plan, path } = survey
    this.#survey = survey
    this.#settings = settings
    this.#source = source
    this.#file = path.replace(/^.*[/\\]/, '')
    this.#tags = tags
    this.#builder = new BatchBuilder(source, batchSize + layout.width)
    this.#times = new RowTimes(plan, survey.zone, decimalByte(layout))
    this.#values = new Values(this.#builder, settings.missing)
    this.#letters = new Letters(source)
    this.#places = Int32Array.from(layout.values, ({ place }) => place)
    this.#decimals = Uint8Array.from(layout.values, ({ mark }) => (mark === ',' ? 0x2c : 0x2e))
    const { period, rate } = settings
    if (layout.long && this.#times.zoned) this.#courses = new Map()
    this.#step = rate === undefined ? (period ?? 0) / Math.max(1, layout.values.length) : 1000 / rate
  }

  record(bytes: Buffer, cells: Cells, line: number): void {
    const { layout } = this.#survey
    if (cells.count !== layout.width && !this.#hasEmptyRest(cells)) {
      this.#otherLine(bytes, cells, line)
      return
    }
    const asset = layout.asset < 0 ? '' : textOf(bytes, cells, layout.asset)
    const target = this.#targets.get(asset) ?? this.#meet(asset)
    if (this.#courses) this.#times.own = this.#courseOf(asset, bytes, cells)
    const time = this.#times.read(bytes, cells, target.course)
    if (!(time >= this.#survey.from && time <= this.#survey.until)) {
      this.#unreadTime(time, bytes, cells, line)
      return
    }
    if (layout.asset >= 0 && asset === '') {
      this.#putAside('unmapped', 'the asset is not named', bytes, cells, line, false)
      return
    }
    this.#letters.rowTaken()
    this.tally.rows++
    if (time < target.last) this.tally.older++
    this.#good = this.#times.unsure ? Quality.uncertain : Quality.good
    if (this.#times.unsure) this.tally.unsure++
    if (time < target.newest) this.#behind(target, time, line)
    else if (Number.isNaN(target.first)) target.first = time
    if (time > this.#newest) this.#newest = time
    if (layout.form === 'wide') this.#wide(target, time, bytes, cells, line)
    else if (layout.form === 'long') this.#long(target, time, bytes, cells, line)
    else this.#cycle(target, time, bytes, cells, line)
    if (layout.labels.length > 0) this.#labels(target, time, bytes, cells, line)
    target.last = time
    if (!(time <= target.newest)) target.newest = time
    if (this.#builder.length >= batchSize || this.#events.length > 0) this.flush()
  }

  broken(bytes: Buffer, line: number, detail: string): void {
    this.#times.pass()
    this.#letters.line('malformed', `line ${line}: ${detail}`, this.#time, this.#file, this.#perRow, bytes, false)
  }

  /** Hands over what was collected since the last time. */
  flush(): void {
    const rejected = this.#letters.take()
    const events = this.#events
    if (this.#builder.length === 0 && rejected.length === 0 && events.length === 0) return
    const batch = { ...this.#builder.take(this.#time), paced: true }
    this.arrivals.push({ batch, ...(rejected.length > 0 && { rejected }), ...(events.length > 0 && { events }) })
    this.#events = []
  }

  /** The file has ended. Throws a SourceError (SOURCE_DATA) where a good part of its rows lies far behind others. */
  finish(): void {
    if (this.#settings.check_times && this.#farBehind * 4 > this.tally.rows)
      throw new SourceError('SOURCE_DATA', `the times of ${this.#file} run backwards: ${this.#farBehind} of ${this.tally.rows} rows lie far behind those before, line ${this.#behindLine} first`, { remedy: 'Sort it by time or cut it there, name the column of assets under `asset` where it holds several, or state `check_times: false`.' }) // prettier-ignore
    this.tally.footer = this.#letters.finish()
    this.flush()
    const { ends } = this.#settings
    if (ends === undefined) return
    const events = [...this.#targets.values()].flatMap((run) => endOf(run, ends, this.#source))
    const batch = { ...this.#builder.take(this.#time), paced: true }
    if (events.length > 0) this.arrivals.push({ batch, events, uncounted: true })
  }

  get #time(): number {
    return Math.max(0, this.#newest)
  }

  get #perRow(): number {
    return Math.max(1, this.#survey.layout.values.length)
  }

  #wide(target: Target, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { plain } = target
    const { from, to } = cells
    const builder = this.#builder
    const good = this.#good
    for (let at = 0; at < plain.length; at++) {
      const place = this.#places[at]
      if (plain[at] >= 0) {
        const value = readNumber(bytes, from[place], to[place], this.#decimals[at])
        if (value - value === 0) {
          builder.add(plain[at], time, value, good)
          continue
        }
      }
      this.#value(target, at, time, bytes, cells, line)
    }
  }

  /** A value that is no plain number of good quality. */
  #value(target: Target, at: number, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { values, qualities } = this.#survey.layout
    const column = values[at]
    const tag = target.tags[at] ?? this.#resolve(target, column, at)
    const from = cells.from[column.place]
    const to = cells.to[column.place]
    const of = column.quality
    const quality = of < 0 ? this.#good : this.#worse(qualities.get(of)!.read(bytes, cells.from[of], cells.to[of]))
    const refusal = this.#values.add(column, tag, time, bytes, from, to, quality)
    if (refusal) this.#refuse(refusal.reason, refusal.detail, tag.name, 1, bytes.subarray(from, to), line)
  }

  #cycle(target: Target, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { values } = this.#survey.layout
    const tag = target.tags[0] ?? this.#resolve(target, { ...values[0], tag: this.#settings.tag ?? `${target.asset === '' ? '' : '{asset}/'}${fileName(this.#survey.path)}` }, 0) // prettier-ignore
    for (let at = 0; at < values.length; at++) {
      const { place } = values[at]
      const [from, to] = [cells.from[place], cells.to[place]]
      const refusal = this.#values.add(values[at], tag, time + at * this.#step, bytes, from, to, this.#good)
      if (refusal) this.#refuse(refusal.reason, refusal.detail, tag.name, 1, bytes.subarray(from, to), line)
    }
    const end = time + (values.length - 1) * this.#step
    if (end > this.#newest) this.#newest = end
  }

  #long(target: Target, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { long, qualities } = this.#survey.layout
    const { name, value, quality: of } = long!
    const key = `${target.asset}\u0000${bytes.toString('utf8', cells.from[name], cells.to[name])}`
    const named = this.#named.get(key) ?? this.#meetName(target.asset, key, time, bytes, cells, line)
    if (!named) {
      this.#refuse('unmapped', 'the signal is not named', this.#file, 1, bytes.subarray(cells.from[0], cells.to[cells.count - 1]), line) // prettier-ignore
      return
    }
    const newest = this.#newestOf.get(named.machine)
    if (!(newest !== undefined && newest >= time)) this.#newestOf.set(named.machine, time)
    const quality = of < 0 ? this.#good : this.#worse(qualities.get(of)!.read(bytes, cells.from[of], cells.to[of]))
    const [from, to] = [cells.from[value], cells.to[value]]
    const refusal = this.#values.add(named.signal, named.target, time, bytes, from, to, quality)
    if (refusal) this.#refuse(refusal.reason, refusal.detail, named.target.name, 1, bytes.subarray(from, to), line)
  }

  #meetName(asset: string, key: string, time: number, bytes: Buffer, cells: Cells, line: number): Named | undefined {
    // prettier-ignore
    const { layout, table, path } = this.#survey
    const { name: of, value, unit } = layout.long!
    const name = textOf(bytes, cells, of)
    if (name === '' || this.#settings.ignore.includes(name)) return undefined
    const isMissing = missingTest(this.#settings.missing)
    const own = table.rows.flatMap(({ cells: row }) => (row[of] === name && row.length > value && !isMissing(row[value]) ? [row[value]] : [])) // prettier-ignore
    const sample = own.length > 0 ? own : [textOf(bytes, cells, value)].filter((text) => !isMissing(text))
    const stated = unit < 0 ? '' : textOf(bytes, cells, unit)
    const signal = signalOf(name, sample, layout.mark, stated, this.#settings, path, missingTest(badWords))
    const tag = this.#tagOf(signal, asset)
    const named = { signal, target: tag, machine: tag.name.replace(/[^/]*$/, '') }
    this.#named.set(key, named)
    this.#mustBeInStep(named, time, line)
    return named
  }

  /** A row that is older than another before: by a tenth of all that was read it is no row that came a little late. */
  #behind({ newest, first }: Target, time: number, line: number): void {
    if ((newest - time) * 10 <= newest - first) return
    this.#farBehind++
    this.#behindLine ||= line
  }

  /** Signals of a machine that follow one after the other would all but the first be late for their windows. */
  #mustBeInStep({ machine, target }: Named, time: number, line: number): void {
    const newest = this.#newestOf.get(machine) ?? time
    if (Number.isNaN(this.#first)) this.#first = time
    if (!this.#settings.check_times || newest - time <= Math.max((newest - this.#first) / 2, 1)) return
    throw new SourceError('SOURCE_DATA', `line ${line} of ${this.#file} goes back to ${new Date(time).toISOString()} with ${target.name}: its signals follow one after the other`, { remedy: 'Sort it by time, or cut it into a file per signal; `check_times: false` reads it as it is.' }) // prettier-ignore
  }

  #labels(target: Target, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { layout } = this.#survey
    for (const column of layout.labels) {
      const [from, to] = [cells.from[column.place], cells.to[column.place]]
      if (this.#values.isMissing(bytes, from, to)) continue
      const cell = textOf(bytes, cells, column.place)
      const number = readNumber(bytes, from, to, decimalByte(layout))
      const of = column.of < 0 ? NaN : this.#times.cell(bytes, cells.from[column.of], cells.to[column.of])
      const label = labelOf(column, { asset: target.asset, time, before: target.newest, cell, number, of, by: this.#source }) // prettier-ignore
      if (typeof label === 'string') this.#refuse('value', label, column.name, 0, bytes.subarray(from, to), line)
      else if (label) this.#events.push(label)
    }
  }

  /** Cells beyond the last column are nothing where they are empty: a delimiter ends the line. */
  #hasEmptyRest(cells: Cells): boolean {
    const { width } = this.#survey.layout
    for (let at = width; at < cells.count; at++) if (cells.to[at] > cells.from[at]) return false
    return cells.count > width
  }

  /** A line of another number of cells: a comment, the end of the table, or a row that is broken. */
  #otherLine(bytes: Buffer, cells: Cells, line: number): void {
    const first = textOf(bytes, cells, 0)
    if (/^(#|%|\/\/)/.test(first)) {
      this.tally.comments++
      return
    }
    this.#times.pass()
    const { width } = this.#survey.layout
    const mayEnd = !/^[\d"]/.test(first)
    const remedy = cells.count > width ? 'a cell that holds the delimiter has to be in quotes' : 'it is cut off, or has another `delimiter`' // prettier-ignore
    this.#putAside('malformed', `${cells.count} cells instead of ${width}; ${remedy}`, bytes, cells, line, mayEnd)
  }

  #unreadTime(time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { plan, table } = this.#survey
    const names = table.names
    const first = textOf(bytes, cells, 0)
    if (/^(#|%|\/\/)/.test(first)) {
      this.tally.comments++
      return
    }
    const place = 'place' in plan ? plan.place : 0
    const shown = textOf(bytes, cells, place)
    if (table.headerLine > 0 && shown === names[place]) {
      for (let at = 0; at < names.length; at++) {
        if (names[at] === table.names[at] && !sameName(textOf(bytes, cells, at), names[at]))
          throw this.#otherTable(line)
      }
      this.tally.headers++
      return
    }
    const outside = `lies ${time < this.#survey.from ? 'before 1990' : 'after tomorrow'}; where that is right, state \`check_times: false\`` // prettier-ignore
    const unread = `is no time that can be read; ${this.#times.problem || 'state how times are written under `time_format`'}` // prettier-ignore
    const what = `"${shown}" ${Math.abs(time) <= 8.64e15 ? outside : unread}`
    this.#putAside('time', what, bytes, cells, line, Number.isNaN(time) && !/^\d/.test(first))
  }

  #otherTable(line: number): SourceError {
    return new SourceError('SOURCE_DATA', `line ${line} of ${this.#file} names other columns than its first header`, {
      remedy: 'Cut the file into one for each table.',
    })
  }

  #worse(quality: Quality): Quality {
    return quality === Quality.good ? this.#good : quality
  }

  #courseOf(asset: string, bytes: Buffer, cells: Cells): Course {
    const key = `${asset}\u0000${textOf(bytes, cells, this.#survey.layout.long!.name)}`
    let course = this.#courses!.get(key)
    if (!course) this.#courses!.set(key, (course = new Course()))
    return course
  }

  #meet(asset: string): Target {
    const tags = this.#survey.layout.values.map(() => undefined)
    const target: Target = {
      asset,
      tags,
      plain: new Int32Array(tags.length).fill(-1),
      course: new Course(),
      first: NaN,
      last: NaN,
      newest: NaN,
    }
    this.#targets.set(asset, target)
    return target
  }

  #resolve(target: Target, column: ValueColumn, at: number): ValueTarget {
    const tag = this.#tagOf(column, target.asset)
    if (tag.type === 'number' && column.quality < 0) target.plain[at] = tag.tag
    return (target.tags[at] = tag)
  }

  #tagOf({ tag, type, definition }: Signal, asset: string): ValueTarget {
    const name = tag.replaceAll('{asset}', () => asset)
    const known = this.#tags.resolve({ ...definition, name, type, source: this.#source })
    return { tag: known.index, type: known.type, name }
  }

  #putAside(reason: DeadReason, what: string, bytes: Buffer, cells: Cells, line: number, mayEnd: boolean): void {
    const row = bytes.subarray(cells.from[0], cells.to[cells.count - 1])
    this.#letters.line(reason, `line ${line}: ${what}`, this.#time, this.#file, this.#perRow, row, mayEnd)
    if (this.#letters.length >= mostLetters) this.flush()
  }

  #refuse(reason: DeadReason, what: string, subject: string, rows: number, bytes: Uint8Array, line: number): void {
    this.#letters.add(reason, `line ${line}: ${what}`, this.#time, subject, rows, bytes)
    if (this.#letters.length >= mostLetters) this.flush()
  }
}

/** The label of a run that has ended: none where nothing of it was read. */
function endOf({ asset, newest }: Target, ends: Ends, by: string): LabelEvent[] {
  if (Number.isNaN(newest)) return []
  const { label, asset: about } = ends
  return [{ type: 'label', label, time: newest, asset: about.replaceAll('{asset}', () => asset), by }]
}

function sameName(cell: string, name: string): boolean {
  return cell === name || name.startsWith(`${cell}_`)
}

function textOf(bytes: Buffer, cells: Cells, place: number): string {
  return bytes.toString('utf8', cells.from[place], Math.min(cells.to[place], cells.from[place] + shownSize))
}
