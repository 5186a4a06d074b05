import { columnsOf, readTable, type ReadReport, type ReadSettings } from '../../../connectors/csv/index.ts'
import { SourceError, soundClass } from '../../core/index.ts'
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
 * measures, in any order; others are left alone. A cell that is empty or refused was not measured. Rows without a time are
 * a second apart. Throws a SourceError (SOURCE_DATA) where the file cannot be read, or a column is missing.
 */
export async function readParts(
  file: string,
  names: readonly string[],
  rule: VerdictRule,
  { settings, report }: PartReading,
): Promise<PartRow[]> {
  const head = await columnsOf(file, settings)
  const missing = names.filter((name) => !head.includes(name))
  if (missing.length > 0) {
    throw unusable(`${file} has no column ${missing.join(', ')}; it has ${head.join(', ')}`, 'Name the columns after the values of the station.') // prettier-ignore
  }
  const rows = await readTable(file, settings, { time: 'time', texts: ['part', 'label'], numbers: names }, report)
  if (rows.length === 0)
    throw unusable(`${file} holds no parts`, 'It needs a line with names and a line for each part.')
  return rows.map(({ time, numbers, texts }, at) => {
    const { part = String(at + 1), label = '' } = texts as { part?: string; label?: string }
    return {
      part,
      time: Number.isNaN(time) ? at * 1000 : time,
      label,
      values: numbers,
      ...(label !== '' && { class: classOf(label, rule) }),
    }
  })
}

/** How a table of parts is read, and who is told what was found. */
export interface PartReading {
  readonly settings: ReadSettings
  readonly report: ReadReport
}

/** What a model learns a label as: all that passes is one class. */
export function classOf(label: string, { fails, passes }: Pick<VerdictRule, 'fails' | 'passes'>): string {
  if (label === soundClass) return soundClass
  return (fails ? fails.includes(label) : !passes.includes(label)) ? label : soundClass
}

function unusable(message: string, remedy: string): SourceError {
  return new SourceError('SOURCE_DATA', message, { remedy })
}
