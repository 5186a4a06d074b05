import { TagTable } from '../../agent/core/index.ts'
import { openText } from './bytes.ts'
import { RecordScanner, type RecordHandler } from './records.ts'
import type { ReadReport } from './report.ts'
import { CsvSamples } from './samples.ts'
import type { ReadSettings } from './settings.ts'
import { beginningOf, survey } from './survey.ts'
import { findTable } from './table.ts'

/** A row of a table: its numbers and texts by column, those that are missing or refused left out. */
export interface TableRow {
  /** ms since epoch; NaN in a table without times. */
  readonly time: number
  readonly numbers: Readonly<Record<string, number>>
  readonly texts: Readonly<Record<string, string>>
}

export interface TableColumns {
  /** Column of the times, if there is one of that name. */
  readonly time: string
  /** Columns of texts, each if there is one of that name. */
  readonly texts: readonly string[]
  readonly numbers: readonly string[]
}

/** The names of the columns of a table. Throws a SourceError (SOURCE_DATA) where the file cannot be read. */
export async function columnsOf(path: string, settings: ReadSettings): Promise<readonly string[]> {
  const { bytes, final } = await beginningOf(path, settings.encoding)
  return findTable(bytes, final, settings, path).names
}

/**
 * Reads a table row by row, by the reader of time series: the same formats, the same refusals, which `report` is told.
 * Throws a SourceError (SOURCE_DATA) where the file cannot be read or understood.
 */
export async function readTable(
  path: string,
  settings: ReadSettings,
  columns: TableColumns,
  report: ReadReport,
): Promise<TableRow[]> {
  // prettier-ignore
  const names = await columnsOf(path, settings)
  const timed = names.includes(columns.time)
  const wanted = new Set([columns.time, ...columns.texts, ...columns.numbers])
  const texts = columns.texts.filter((name) => names.includes(name))
  const own: ReadSettings = {
    ...settings,
    read: path,
    form: 'wide',
    tag: '{column}',
    ignore: names.filter((name) => name !== '' && !wanted.has(name)),
    tags: {
      ...Object.fromEntries(texts.map((name) => [name, { type: 'text' as const }])),
      ...Object.fromEntries(columns.numbers.map((name) => [name, { type: 'number' as const }])),
    },
    ...(timed ? { time: columns.time } : { period: 1000, start: '1970-01-01T00:00:00Z' }),
  }
  const found = await survey(path, own)
  report.found(found)
  const tags = new TagTable()
  const samples = new CsvSamples(found, own, tags, 'table')
  const rows: TableRow[] = []
  const take = () => {
    samples.flush()
    for (const arrival of samples.arrivals.splice(0)) {
      report.take(arrival, tags)
      const { batch } = arrival
      const row = { time: timed && batch.length > 0 ? batch.time[0] : NaN, numbers: {} as Record<string, number>, texts: {} as Record<string, string> } // prettier-ignore
      for (let at = 0; at < batch.length; at++) {
        const { name, type } = tags.at(batch.tag[at])
        const value = batch.value[at]
        if (Number.isNaN(value)) continue
        if (type === 'text') row.texts[name] = batch.texts![value]
        else row.numbers[name] = value
      }
      if (batch.length > 0) rows.push(row)
    }
  }
  const each: RecordHandler = {
    record: (bytes, cells, line) => {
      samples.record(bytes, cells, line)
      take()
    },
    broken: (bytes, line, detail) => samples.broken(bytes, line, detail),
  }
  const scanner = new RecordScanner(found.table.delimiter, each, found.table.line)
  const chunks: Buffer[] = []
  for await (const chunk of openText(path, settings.encoding)) chunks.push(Buffer.from(chunk))
  scanner.scan(Buffer.concat(chunks).subarray(found.table.begin), true)
  samples.finish()
  take()
  report.ended(found, samples.tally)
  return rows
}
