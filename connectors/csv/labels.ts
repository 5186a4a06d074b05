import { z } from 'zod'
import { type LabelEvent, type LabelKind, labelKinds, soundClass } from '../../agent/core/index.ts'

const kinds = Object.keys(labelKinds) as [LabelKind, ...LabelKind[]]

/** How a column of a CSV file becomes labels. */
export const labelSettings = z.strictObject({
  label: z.enum(kinds).describe(`What the column says: ${kinds.join(', ')}.`),
  classes: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe(
      'Kind fault: class by cell, such as { "1": bearing }. Other cells are classes themselves; 0, false and no are `normal`, 1, true and yes `fault`.',
    ),
  of: z
    .string()
    .optional()
    .describe(
      'Column with the time that the label speaks of, where that is not the time of its row. Absent: the time since the row before.',
    ),
  asset: z
    .string()
    .min(1)
    .optional()
    .describe('Asset that the labels are about; `{asset}` stands for that of the row. Needed without an asset column.'),
  monitor: z.string().optional().describe('The only monitor they are meant for.'),
})
export type LabelSettings = z.output<typeof labelSettings>

/** A column that becomes labels. Places count from 0. */
export interface LabelColumn {
  readonly place: number
  readonly name: string
  /** Place of the column with the time it speaks of; -1: the row's own. */
  readonly of: number
  readonly settings: LabelSettings
}

const no = new Set(['0', 'false', 'no'])
const yes = new Set(['1', 'true', 'yes'])

/** A row of the file, for the labels in it. */
export interface LabelRow {
  readonly asset: string
  readonly time: number
  /** Time of the row of the same asset before; NaN in the first. */
  readonly before: number
  /** Cell of the column; the number in it, NaN where there is none; the time in the column `of`. */
  readonly cell: string
  readonly number: number
  readonly of: number
  readonly by: string
}

/** The label in a cell; undefined where it says nothing, a text that says what is wrong where it cannot be read. */
export function labelOf({ settings, of }: LabelColumn, row: LabelRow): LabelEvent | undefined | string {
  const { label, monitor, asset = '{asset}' } = settings
  if (of >= 0 && !Number.isFinite(row.of)) return 'the time that the label speaks of cannot be read'
  const common = {
    type: 'label',
    label,
    time: of >= 0 ? row.of : row.time,
    asset: asset.replaceAll('{asset}', () => row.asset),
    by: row.by,
    ...(monitor !== undefined && { monitor }),
  } as const
  const word = row.cell.trim().toLowerCase()
  if (label === 'value') {
    return Number.isFinite(row.number) ? { ...common, value: row.number } : `"${row.cell}" is no number`
  }
  const span = of >= 0 ? {} : { from: Number.isNaN(row.before) ? row.time - 1 : row.before }
  if (label === 'fault') return { ...common, ...span, class: classOf(row.cell.trim(), settings.classes) }
  if (no.has(word)) return undefined
  if (!yes.has(word)) return `"${row.cell}" is neither yes nor no`
  return label === 'false-alarm' ? { ...common, ...span } : common
}

function classOf(cell: string, classes: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(classes, cell)) return classes[cell]
  const word = cell.toLowerCase()
  return no.has(word) ? soundClass : yes.has(word) ? 'fault' : cell
}
