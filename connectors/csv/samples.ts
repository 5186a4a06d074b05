import {
  type Arrival,
  BatchBuilder,
  type DeadLetter,
  type DeadReason,
  type LabelEvent,
  Quality,
  type TagTable,
  type TagType,
} from '../../agent/core/index.ts'
import { TimeReader, readNumber } from './cells.ts'
import { labelOf } from './labels.ts'
import type { CsvLayout, ValueColumn } from './layout.ts'
import type { Cells, RecordHandler } from './records.ts'
import type { ReadSettings } from './settings.ts'

/** A batch is handed over at the first end of a row at which it has this many samples. */
const batchSize = 2048
const mostLetters = 256
const payloadSize = 256

/** What a file is, for the samples made of it. */
export interface CsvFile {
  readonly settings: ReadSettings
  readonly layout: CsvLayout
  /** Type of each value column, by content. */
  readonly types: readonly TagType[]
  /** Name without folders, for dead letters. */
  readonly file: string
  /** Name of the connector. */
  readonly source: string
}

/** The tags of one asset: index and type by value column; index -1 until the first cell. */
interface Target {
  readonly asset: string
  readonly index: Int32Array
  readonly type: TagType[]
}

/** Makes samples of the records of a file, and dead letters of what cannot be one. */
export class CsvSamples implements RecordHandler {
  /** What is complete; the reader takes it from here. */
  readonly arrivals: Arrival[] = []
  readonly #csv: CsvFile
  readonly #tags: TagTable
  readonly #builder: BatchBuilder
  readonly #time: TimeReader
  readonly #decimal: number
  readonly #missing: ReadonlySet<string>
  readonly #longestMissing: number
  readonly #targets = new Map<string, Target>()
  #rejected: DeadLetter[] = []
  #newest = -Infinity
  #events: LabelEvent[] = []
  /** Newest row of each asset, where labels need it. */
  readonly #last = new Map<string, number>()

  constructor(csv: CsvFile, tags: TagTable) {
    const { settings } = csv
    this.#csv = csv
    this.#tags = tags
    this.#builder = new BatchBuilder(csv.source, batchSize + csv.layout.width)
    this.#decimal = settings.decimal.charCodeAt(0)
    this.#time = new TimeReader(settings.time_format, settings.timezone, this.#decimal)
    this.#missing = new Set(settings.missing.map((word) => word.toLowerCase()))
    this.#longestMissing = Math.max(0, ...settings.missing.map((word) => Buffer.byteLength(word)))
  }

  record(bytes: Buffer, cells: Cells, line: number): void {
    const { layout } = this.#csv
    if (cells.count !== layout.width) {
      const detail = `${cells.count} cells instead of ${layout.width}`
      this.#rejectRow('malformed', detail, bytes, cells, line)
      return
    }
    const time = this.#timeOf(bytes, cells)
    if (!(Math.abs(time) <= 8.64e15)) {
      const place = layout.time < 0 ? layout.counter : layout.time
      const detail = `"${textOf(bytes, cells, place)}" is no time that can be read`
      this.#rejectRow('time', detail, bytes, cells, line)
      return
    }
    const asset = layout.asset < 0 ? '' : textOf(bytes, cells, layout.asset)
    if (layout.asset >= 0 && asset === '') {
      this.#rejectRow('unmapped', 'the asset is not named', bytes, cells, line)
      return
    }
    if (time > this.#newest) this.#newest = time
    const target = this.#targets.get(asset) ?? this.#meet(asset)
    for (let at = 0; at < layout.values.length; at++) this.#cell(target, at, time, bytes, cells, line)
    if (layout.labels.length > 0 || this.#csv.settings.ends) this.#labels(asset, time, bytes, cells, line)
    if (this.#builder.length >= batchSize || this.#events.length >= batchSize) this.flush()
  }

  broken(bytes: Buffer, line: number, detail: string): void {
    this.#reject('malformed', detail, bytes, line, this.#csv.file, this.#csv.layout.values.length)
  }

  /** Hands over what was collected since the last time. */
  flush(): void {
    const [rejected, events] = [this.#rejected, this.#events]
    if (this.#builder.length === 0 && rejected.length === 0 && events.length === 0) return
    const batch = this.#builder.take(Math.max(0, this.#newest))
    this.arrivals.push({ batch, ...(rejected.length > 0 && { rejected }), ...(events.length > 0 && { events }) })
    this.#rejected = []
    this.#events = []
  }

  /** The file has ended. */
  finish(): void {
    const { settings, source } = this.#csv
    if (settings.ends) {
      for (const [asset, time] of this.#last) {
        this.#events.push({ type: 'label', label: settings.ends, time, asset, by: source })
      }
    }
    this.flush()
  }

  #labels(asset: string, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const { layout, source } = this.#csv
    const before = this.#last.get(asset) ?? NaN
    this.#last.set(asset, Math.max(time, Number.isNaN(before) ? time : before))
    for (const column of layout.labels) {
      const [from, to] = [cells.from[column.place], cells.to[column.place]]
      if (this.#isMissing(bytes, from, to)) continue
      const cell = textOf(bytes, cells, column.place)
      const number = readNumber(bytes, from, to, this.#decimal)
      const of = column.of < 0 ? NaN : this.#time.read(bytes, cells.from[column.of], cells.to[column.of])
      const label = labelOf(column, { asset, time, before, cell, number, of, by: source })
      if (typeof label === 'string') this.#reject('value', label, bytes.subarray(from, to), line, column.name, 0)
      else if (label) this.#events.push(label)
    }
  }

  #timeOf(bytes: Buffer, cells: Cells): number {
    const { layout, settings } = this.#csv
    if (layout.time >= 0) return this.#time.read(bytes, cells.from[layout.time], cells.to[layout.time])
    const { counter } = layout
    return settings.start + settings.period * readNumber(bytes, cells.from[counter], cells.to[counter], this.#decimal)
  }

  #cell(target: Target, at: number, time: number, bytes: Buffer, cells: Cells, line: number): void {
    const column = this.#csv.layout.values[at]
    const from = cells.from[column.place]
    const to = cells.to[column.place]
    const tag = target.index[at] < 0 ? this.#resolve(target, at) : target.index[at]
    const type = target.type[at]
    if (type === 'number' || type === 'integer') {
      const value = readNumber(bytes, from, to, this.#decimal)
      if (type === 'number' ? value - value === 0 : Number.isSafeInteger(value)) {
        this.#builder.add(tag, time, value, Quality.good)
        return
      }
    }
    const number = column.words?.get(textOf(bytes, cells, column.place))
    if (number !== undefined) {
      this.#builder.add(tag, time, number, Quality.good)
      return
    }
    if (this.#isMissing(bytes, from, to)) {
      this.#builder.add(tag, time, NaN, Quality.bad)
      return
    }
    const reason = addOther(this.#builder, tag, type, time, bytes.toString('utf8', from, to), this.#decimal)
    if (reason === undefined) return
    const { name } = this.#tags.at(tag)
    const shown = `"${bytes.toString('utf8', from, Math.min(to, from + payloadSize))}"`
    const detail =
      reason === 'type'
        ? `${shown} is not of the type ${type}, which ${name} has`
        : `${shown} does not fit ${name}, which has the type ${type}`
    this.#reject(reason, detail, bytes.subarray(from, to), line, name, 1)
  }

  #isMissing(bytes: Buffer, from: number, to: number): boolean {
    if (from === to) return true
    return to - from <= this.#longestMissing && this.#missing.has(bytes.toString('utf8', from, to).toLowerCase())
  }

  #meet(asset: string): Target {
    const { values } = this.#csv.layout
    const target = { asset, index: new Int32Array(values.length).fill(-1), type: values.map((): TagType => 'number') }
    this.#targets.set(asset, target)
    return target
  }

  #resolve(target: Target, at: number): number {
    const column: ValueColumn = this.#csv.layout.values[at]
    const name = column.tag.replaceAll('{asset}', () => target.asset)
    const type = column.type ?? this.#csv.types[at]
    const tag = this.#tags.resolve({ ...column.definition, name, type, source: this.#csv.source })
    target.type[at] = tag.type
    return (target.index[at] = tag.index)
  }

  #rejectRow(reason: DeadReason, detail: string, bytes: Buffer, cells: Cells, line: number): void {
    const row = bytes.subarray(cells.from[0], cells.to[cells.count - 1])
    this.#reject(reason, detail, row, line, this.#csv.file, this.#csv.layout.values.length)
  }

  #reject(reason: DeadReason, what: string, bytes: Buffer, line: number, subject: string, rows: number): void {
    this.#rejected.push({
      time: Math.max(0, this.#newest),
      origin: this.#csv.source,
      reason,
      detail: `line ${line}: ${what}`,
      subject,
      rows,
      payload: Uint8Array.from(bytes.subarray(0, payloadSize)),
      size: bytes.length,
    })
    if (this.#rejected.length >= mostLetters) this.flush()
  }
}

/** Adds a value that is no plain number; returns why it cannot be one of its tag. */
function addOther(
  builder: BatchBuilder,
  tag: number,
  type: TagType,
  time: number,
  text: string,
  decimal: number,
): DeadReason | undefined {
  if (type === 'text') {
    builder.addText(tag, time, text, Quality.good)
    return undefined
  }
  if (type === 'boolean') {
    const value = booleanOf(text)
    if (value === undefined) return 'type'
    builder.add(tag, time, value, Quality.good)
    return undefined
  }
  if (type === 'integer' && /^[+-]?\d+$/.test(text)) {
    const integer = BigInt(text.replace('+', ''))
    if (BigInt.asIntN(64, integer) !== integer) return 'value'
    builder.addInteger(tag, time, integer, Quality.good)
    return undefined
  }
  // What is left is no number at all, or one that was refused before: not finite, or no integer.
  const bytes = Buffer.from(text)
  return Number.isNaN(readNumber(bytes, 0, bytes.length, decimal)) ? 'type' : 'value'
}

/** The value of a word for a boolean; undefined for any other. */
export function booleanOf(text: string): 0 | 1 | undefined {
  const word = text.toLowerCase()
  return word === 'true' || word === '1' ? 1 : word === 'false' || word === '0' ? 0 : undefined
}

function textOf(bytes: Buffer, cells: Cells, place: number): string {
  return bytes.toString('utf8', cells.from[place], Math.min(cells.to[place], cells.from[place] + payloadSize))
}
