import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import { SourceError, describeError, soundClass } from '../../core/index.ts'
import type { VerdictRule } from '../../settings/index.ts'
import type { MeasuredPart } from '../../../models/inspection/measured-inspector.ts'

/** A row of a table of parts. */
export interface PartRow extends MeasuredPart {
  readonly part: string
  /** As it stands in the table; empty where there is none. */
  readonly label: string
}

/**
 * Parts of a CSV file: columns `part`, `time` and `label`, each optional, and one for each value that the station
 * measures, in any order; others are left alone. A cell that is empty or no number was not measured. Rows without a time
 * are a second apart. Throws a SourceError (SOURCE_DATA) where the file cannot be read or a column is missing.
 */
export async function readParts(file: string, names: readonly string[], rule: VerdictRule): Promise<PartRow[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unusable(`${file} cannot be read: ${describeError(error)}`, 'Check the path.', error)
  })
  const [head, ...rows] = records(text, file)
  if (rows.length === 0)
    throw unusable(`${file} holds no parts`, 'It needs a line with names and a line for each part.')
  const missing = names.filter((name) => !head.includes(name))
  if (missing.length > 0) {
    throw unusable(`${file} has no column ${missing.join(', ')}; it has ${head.join(', ')}`, 'Name the columns after the values of the station.') // prettier-ignore
  }
  const cell = (row: readonly string[], name: string) => row[head.indexOf(name)]?.trim() ?? ''
  return rows.map((row, at) => {
    const label = head.includes('label') ? cell(row, 'label') : ''
    const pairs = names.map((name): [string, number] => [name, numberOf(cell(row, name))])
    return {
      part: (head.includes('part') && cell(row, 'part')) || String(at + 1),
      time: timeOf(head.includes('time') ? cell(row, 'time') : '', at),
      label,
      values: Object.fromEntries(pairs.filter(([, value]) => Number.isFinite(value))),
      ...(label !== '' && { class: classOf(label, rule) }),
    }
  })
}

/** What a model learns a label as: all that passes is one class. */
export function classOf(label: string, { fails, passes }: Pick<VerdictRule, 'fails' | 'passes'>): string {
  if (label === soundClass) return soundClass
  return (fails ? fails.includes(label) : !passes.includes(label)) ? label : soundClass
}

function records(text: string, file: string): string[][] {
  const [first = ''] = text.split(/\r?\n/, 1)
  const delimiter = ['\t', ';', ','].find((each) => first.includes(each)) ?? ','
  try {
    return parse(text, { bom: true, delimiter, relax_column_count: true, skip_empty_lines: true })
  } catch (error) {
    throw unusable(`${file} is no CSV: ${describeError(error)}`, 'Check its quotes.', error)
  }
}

function numberOf(cell: string): number {
  return cell === '' ? NaN : Number(cell.replace(',', '.'))
}

function timeOf(cell: string, row: number): number {
  const number = Number(cell)
  const time = cell === '' ? NaN : Number.isNaN(number) ? Date.parse(cell) : number
  return Number.isNaN(time) ? row * 1000 : time
}

function unusable(message: string, remedy: string, cause?: unknown): SourceError {
  return new SourceError('SOURCE_DATA', message, { remedy, ...(cause !== undefined && { cause }) })
}
