import {
  SourceError,
  WrittenTime,
  badWords,
  isUnit,
  missingTest,
  missingWords,
  plainNumber,
  readMeasured,
  readNumber,
} from '../../agent/core/index.ts'
import { RecordScanner, type Cells, type RecordHandler } from './records.ts'
import type { ReadSettings } from './settings.ts'
import { isTimeName } from './time-names.ts'

/** A record as texts, and where it stands. */
export interface HeadRecord {
  readonly cells: readonly string[]
  readonly line: number
  /** Bytes before it, and before the next one. */
  readonly from: number
  readonly to: number
}

/** Where the table begins in a file, and what stands around its names. */
export interface Table {
  readonly delimiter: string
  readonly names: readonly string[]
  /** Units by column, empty where none is stated. */
  readonly units: readonly string[]
  /** The line of the names; 0 where there is none. */
  readonly headerLine: number
  /** Bytes before the first row, and the number of its line. */
  readonly begin: number
  readonly line: number
  /** Rows of the beginning of the file. */
  readonly rows: readonly HeadRecord[]
  /** What was passed over, in words. */
  readonly notes: readonly string[]
}

const mostRecords = 1000
const mostCells = 200_000
const comment = /^(#|%|\/\/|!|;(?!.*;))/

/** Finds the table in the beginning of a file. Throws a SourceError (SOURCE_DATA) where there is none. */
export function findTable(bytes: Buffer, final: boolean, settings: ReadSettings, path: string): Table {
  const delimiter = delimiterOf(bytes, final, settings)
  const records = headRecords(bytes, final, delimiter)
  if (records.length === 0) {
    throw new SourceError('SOURCE_DATA', `${path} has no readable first line`, {
      remedy: 'Check that it is a CSV file and not empty.',
    })
  }
  const width = settings.columns && settings.header !== true ? settings.columns.length : usualWidth(records)
  const first = firstRow(records, width, settings)
  const header = headerOf(records, first, width, settings)
  const rows = records.slice(first)
  const begin = first < records.length ? records[first].from : (records.at(-1)?.to ?? 0)
  const line = first < records.length ? records[first].line : records[records.length - 1].line + 1
  return { delimiter, begin, line, rows, ...header }
}

/** The first records of a file, as many as tell what it holds. */
function headRecords(bytes: Buffer, final: boolean, delimiter: string, most = mostRecords): HeadRecord[] {
  const found: HeadRecord[] = []
  let cellsLeft = mostCells
  let at = 0
  const handler: RecordHandler = {
    record: (own: Buffer, cells: Cells, line: number) => {
      const texts = Array.from({ length: cells.count }, (_, place) => own.toString('utf8', cells.from[place], cells.to[place])) // prettier-ignore
      found.push({ cells: texts, line, from: at, to: at })
      cellsLeft -= cells.count
    },
    broken: () => undefined,
  }
  const scanner = new RecordScanner(delimiter, handler)
  while (at < bytes.length && found.length < most && (cellsLeft > 0 || found.length < 20)) {
    const before = found.length
    const length = scanner.scan(bytes.subarray(at), final, 1)
    if (length === 0) break
    if (found.length > before) found[before] = { ...found[before], to: at + length }
    at += length
  }
  return found
}

const characters = { tab: '\t', space: ' ', ',': ',', ';': ';', '|': '|' } as const

/** As stated, or else the character that cuts most lines into the same number of cells, or else blanks. */
function delimiterOf(bytes: Buffer, final: boolean, { delimiter }: ReadSettings): string {
  if (delimiter !== 'auto') return characters[delimiter]
  let best = { delimiter: ',', share: 0 }
  for (const candidate of ['\t', ';', '|', ',', ' ']) {
    const records = headRecords(bytes, final, candidate, 200).filter(({ cells }) => !comment.test(cells[0]))
    const width = usualWidth(records)
    if (width < 2) continue
    const share = records.filter(({ cells }) => cells.length === width).length / records.length
    // Blanks stand within dates and names as well: they count only where nothing else does.
    if (share > best.share + 0.02 && (candidate !== ' ' || best.share < 0.5)) best = { delimiter: candidate, share }
  }
  return best.delimiter
}

/** How many cells most records have; of equally many the later ones count. */
function usualWidth(records: readonly HeadRecord[]): number {
  const counts = new Map<number, number>()
  let usual = 0
  for (const { cells } of records) {
    const count = (counts.get(cells.length) ?? 0) + 1
    counts.set(cells.length, count)
    if (usual === 0 || count >= counts.get(usual)!) usual = cells.length
  }
  return usual
}

/** The first record that is a row of values. */
function firstRow(records: readonly HeadRecord[], width: number, { header, header_line: line }: ReadSettings): number {
  if (line !== undefined) {
    const named = records.findIndex((record) => record.line >= line)
    const rest = records.slice(named + 1)
    return named < 0 ? records.length : named + 1 + firstValues(rest, width, isValue, 3)
  }
  if (header === false) {
    const first = records.findIndex(({ cells }) => cells.length === width && !comment.test(cells[0]))
    return Math.max(0, first)
  }
  const valued = valueColumns(records, width)
  if (valued.length > 0) return firstValues(records, width, (cell, place) => !valued.includes(place) || isValue(cell))
  // Nothing but words: the first line of that width is the header.
  const named = records.findIndex(({ cells }) => cells.length === width && !comment.test(cells[0]))
  return named + 1
}

/** Index of the first record of the width most of whose cells are values; all but `within` of them are looked at. */
function firstValues(
  records: readonly HeadRecord[],
  width: number,
  isOne: (cell: string, place: number) => boolean,
  within = records.length,
): number {
  for (let at = 0; at < Math.min(records.length, within); at++) {
    const { cells } = records[at]
    if (cells.length < width || comment.test(cells[0])) continue
    const filled = cells.slice(0, width).filter((cell) => cell !== '')
    const fits = cells
      .slice(0, width)
      .filter((cell, place) => cell !== '' && (isNone(cell) || isOne(cell, place))).length
    if (filled.length > 0 && fits * 2 > filled.length && cells.some(isValue)) return at
  }
  return within === records.length ? records.length : 0
}

/** Columns most of whose cells are numbers or times, in the later half of the records. */
function valueColumns(records: readonly HeadRecord[], width: number): number[] {
  const rows = records.slice(Math.floor(records.length / 2)).filter(({ cells }) => cells.length >= width).slice(0, 100) // prettier-ignore
  return Array.from({ length: width }, (_, place) => place).filter((place) => {
    const filled = rows.filter(({ cells }) => cells[place] !== '')
    return filled.length > 0 && filled.filter(({ cells }) => isValue(cells[place])).length * 2 > filled.length
  })
}

const written = new WrittenTime()
const isNone = missingTest([...missingWords, ...badWords])

/** A number, with a unit perhaps, or a time. */
function isValue(cell: string): boolean {
  if (plainNumber(cell) !== undefined || readNumber(cell, '.') !== undefined || readNumber(cell, ',') !== undefined)
    return true
  return /^[+-]?\d/.test(cell) ? written.readText(cell, 'dmy') || written.readText(cell, 'mdy') || readMeasured(cell, '.') !== undefined || readMeasured(cell, ',') !== undefined : /\d/.test(cell) && written.readText(cell, 'dmy') // prettier-ignore
}

type Header = Pick<Table, 'names' | 'units' | 'headerLine' | 'notes'>

/** The names above the first row, and what stands between. */
function headerOf(records: readonly HeadRecord[], first: number, width: number, settings: ReadSettings): Header {
  const above = records.slice(0, first)
  const given = settings.columns ?? Array.from({ length: width }, (_, at) => `column${at + 1}`)
  let units: readonly string[] = given.map(() => '')
  const nameless = { names: given, units, headerLine: 0, notes: passedOver(above) }
  if (settings.header === false || (settings.columns && settings.header === 'auto')) return nameless
  let only: Header | undefined
  for (let at = above.length - 1; at >= 0; at--) {
    const record = above[at]
    const cells = uncommented(record.cells)
    const stated = settings.header_line === record.line
    if (
      settings.header_line !== undefined ? !stated : !fitsNames(cells, width) || cells.every((cell) => drawn.test(cell))
    )
      continue
    if (!stated && hasUnits(cells)) {
      units = cells.map(unbracketed)
      only ??= { names: cells, units: cells.map(() => ''), headerLine: record.line, notes: passedOver(above.slice(0, at)) }
    } else if (stated || !describes(cells, above, at, width))
      return { names: cells.slice(0, Math.max(width, cells.length)), units: cells.map((_, place) => units[place] ?? ''), headerLine: record.line, notes: passedOver(above.slice(0, at)) } // prettier-ignore
  }
  // Short names look like units where nothing stands above them.
  return only ?? nameless
}

/** As many cells as a row has; a delimiter at the end of rows or names makes one more. */
function fitsNames(cells: readonly string[], width: number): boolean {
  const filled = cells.filter((cell) => cell !== '').length
  return (cells.length === width || (cells.length === width - 1 && width > 2) || (cells.length === width + 1 && cells[width] === '')) && filled > 0 && (filled >= width - 1 || filled * 2 > width || hasUnits(cells)) // prettier-ignore
}

/** `# time,a,b` names columns as `time,a,b` does. */
function uncommented(cells: readonly string[]): readonly string[] {
  const [first = '', ...rest] = cells
  const bare = first.replace(/^(#|%|\/\/|!)+\s*/, '')
  return bare === '' && first !== '' && rest.length > 0 ? rest : [bare, ...rest]
}

/** A line that is drawn below the names. */
const drawn = /^[-=_+*~]*$/
const bracketed = /^(\[.*\]|\(.*\)|<.*>|-|–)$/
const ofTime = /^(utc|gmt|local|h+:?m+(:?s+)?|[ydmjt]{1,4}[./-][ydmjt]{1,4}.*)$/i

/** Whether the cells are units: most of them, and none a word that is none. */
function hasUnits(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => cell !== '')
  // `T1` is no tesla.
  const known = filled.filter(
    (cell) => bracketed.test(cell) || (isUnit(cell) && !/^[A-Za-z]{0,2}[A-Z][1-9]$/.test(cell)),
  )
  if (isTimeName(filled[0])) return false
  const others = filled.filter(
    (cell, at) => !known.includes(cell) && !(at === 0 && ofTime.test(cell)) && cell.length > 8,
  )
  return known.length > 0 && known.length * 3 >= filled.length * 2 && others.length === 0
}

/** A line of words below the names, without one for the time: what the signals are, in words. */
function describes(cells: readonly string[], above: readonly HeadRecord[], at: number, width: number): boolean {
  const before = at > 0 ? uncommented(above[at - 1].cells) : []
  return cells[0] === '' && before[0] !== '' && fitsNames(before, width)
}

export function unbracketed(text: string): string {
  const inner = /^[[(<](.*)[\])>]$/.exec(text)?.[1] ?? text
  return /^[-–]?$/.test(inner.trim()) ? '' : inner.trim()
}

function passedOver(records: readonly HeadRecord[]): string[] {
  if (records.length === 0) return []
  const [{ cells }] = records
  return [`${records.length === 1 ? '1 line' : `${records.length} lines`} above the table passed over, such as "${cells.join(' ').slice(0, 60)}"`] // prettier-ignore
}
