import { type Batch, TagTable, type TagType, WrittenTime } from '../../agent/core/index.ts'
import { filesOf } from './files.ts'
import { fileName } from './layout.ts'
import { readCsv } from './read.ts'
import { ReadReport } from './report.ts'
import type { ReadSettings } from './settings.ts'
import type { Survey } from './survey.ts'
import { surveyAll } from './surveys.ts'

/** A row as it will be read: event time in ms since epoch, values by tag; undefined where the value is bad. */
export interface ReadRow {
  readonly time: number
  readonly values: Readonly<Record<string, number | string | undefined>>
}

/** What files are taken for. */
export interface FileDescription {
  readonly files: number
  /** In words. */
  readonly words: readonly string[]
  /** What was told by the file, as settings, so that the next one is read alike. */
  readonly stated: Readonly<Record<string, unknown>>
  /** A name for what the files are about: that of the only one, else of their folder's. */
  readonly subject: string
  readonly signals: readonly { readonly tag: string; readonly type: TagType; readonly unit: string | undefined }[]
  readonly rows: readonly ReadRow[]
  /** ms between two rows. */
  readonly interval: number | undefined
}

const enough = 20_000
const shownRows = 5

/** Looks at files without reading them to their end. Throws a SourceError (SOURCE_DATA) as reading them would. */
export async function describeFiles(settings: ReadSettings): Promise<FileDescription> {
  const files = await filesOf(settings.read ?? [])
  const report = new ReadReport()
  const surveys = await surveyAll(files, settings, report)
  const [first] = surveys
  const tags = new TagTable()
  const rows: ReadRow[] = []
  let samples = 0
  for await (const { batch } of readCsv(settings, tags)) {
    collect(rows, batch, tags)
    samples += batch.length
    if (samples >= enough) break
  }
  const steps = rows.slice(1).map(({ time }, at) => time - rows[at].time).filter((step) => step > 0).sort((a, b) => a - b) // prettier-ignore
  return {
    files: surveys.length,
    words: [...wordsFor(first), ...report.notes],
    stated: statedFor(first, settings),
    subject: surveys.length === 1 ? fileName(first.path) : 'machine',
    signals: [...tags].map(({ name, type, unit }) => ({ tag: name, type, unit })),
    rows: rows.slice(0, shownRows),
    interval: steps.at(Math.floor(steps.length / 2)),
  }
}

function collect(rows: ReadRow[], { length, tag, time, value, texts }: Batch, tags: TagTable): void {
  for (let row = 0; row < length && rows.length < 1000; row++) {
    const { name, type } = tags.at(tag[row])
    const own = Number.isNaN(value[row]) ? undefined : type === 'text' ? texts![value[row]] : value[row]
    const last = rows.at(-1)
    if (last?.time === time[row] && !(name in last.values)) (last.values as Record<string, unknown>)[name] = own
    else rows.push({ time: time[row], values: { [name]: own } })
  }
}

const delimiters: Readonly<Record<string, string>> = { '\t': 'tabs', ' ': 'blanks', ',': 'commas', ';': 'semicolons', '|': 'bars' } // prettier-ignore
const orders = { dmy: 'day first', mdy: 'month first', ymd: 'year first' } as const

function wordsFor({ table, layout, plan }: Survey): string[] {
  const { names, headerLine } = table
  const named = headerLine > 0 ? `columns named in line ${headerLine}` : 'no line of names'
  const form = { wide: 'a column per signal', long: 'a row per sample', cycles: 'a row per cycle of samples' }[layout.form] // prettier-ignore
  const clock = 'clock' in plan && plan.clock !== undefined ? ` and "${names[plan.clock]}"` : ''
  const from = 'place' in plan ? ` in "${names[plan.place]}"${clock}` : ''
  const times = {
    written: `times${from}${isOrdered(table, plan) ? `, ${orders[plan.order]}` : ''}`,
    pattern: `times${from} by \`time_format\``,
    count: `times${from} as ${plan.kind === 'count' ? plan.unit : ''}`,
    since: `times${from} counted from \`start\``,
    clock: `clocks${from} from \`start\` on`,
    rows: 'times by `start` and `period`',
  }[plan.kind]
  return [`${form}, ${delimiters[table.delimiter]} between, ${named}, ${times}, decimal ${layout.mark === ',' ? 'comma' : 'point'}`] // prettier-ignore
}

/** Whether the dates are read by an order of day, month and year that they do not show. */
function isOrdered({ rows }: Survey['table'], plan: Survey['plan']): plan is Survey['plan'] & { kind: 'written' } {
  const written = new WrittenTime()
  return plan.kind === 'written' && written.readText(rows.at(0)?.cells[plan.place] ?? '', plan.order) && written.ordered
}

/** The settings that say what was told by look; what was stated before stays. */
function statedFor({ table, layout, plan }: Survey, settings: ReadSettings): Record<string, unknown> {
  const { names } = table
  const stated: Record<string, unknown> = { form: layout.form }
  if (layout.mark !== undefined && settings.decimal === 'auto') stated.decimal = layout.mark
  if ('place' in plan && settings.counter === undefined) {
    const clock = 'clock' in plan ? plan.clock : undefined
    stated.time = clock === undefined ? names[plan.place] : [names[plan.place], names[clock]]
  }
  if (isOrdered(table, plan)) stated.date_order = plan.order
  if (plan.kind === 'count') stated.time_format = plan.unit
  return stated
}
