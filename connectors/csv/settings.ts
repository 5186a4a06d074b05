import { z } from 'zod'
import {
  badWords,
  dateOrders,
  duration,
  missing,
  TimePattern,
  timeUnits,
  timezone,
  WrittenTime,
  type TimeUnit,
} from '../../agent/core/index.ts'
import { labelSettings } from './labels.ts'

const tagSettings = z.strictObject({
  tag: z
    .string()
    .min(1)
    .optional()
    .describe('Name of the tag; `{asset}`, `{column}` and `{file}` stand for themselves.'),
  type: z.enum(['number', 'integer', 'boolean', 'text']).optional().describe('Type; where absent, by content.'),
  unit: z.string().optional().describe('Unit of the values; where absent, as the file says.'),
  low: z.number().optional().describe('Low end of the plausible range.'),
  high: z.number().optional().describe('High end of the plausible range.'),
  words: z
    .record(z.string(), z.number())
    .optional()
    .describe('Numbers that stand for words, such as { low: 1, high: 2 }: the tag is a number then.'),
})

const runEnds = z.enum(['failure', 'maintenance'])
const endSettings = z
  .union([
    runEnds,
    z.strictObject({
      label: runEnds.describe('How the run ended.'),
      asset: z.string().min(1).default('{asset}').describe('The asset; `{asset}` stands for that of the row.'),
    }),
  ])
  .transform((ends) => (typeof ends === 'string' ? { label: ends, asset: '{asset}' } : ends))
/** How runs end, and whose. */
export type Ends = z.output<typeof endSettings>

const encodings = ['auto', 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const

/** A time as a text, checked: `2024-03-05`, `2024-03-05T10:00:00Z`. */
const moment = z.string().refine((text) => new WrittenTime().readText(text, 'ymd') && /^\d{4}/.test(text.trim()), {
  error: 'expected a time such as 2024-05-01T12:00:00Z, or a date',
})

const timeFormat = z
  .string({ error: 'expected a kind of time or a pattern such as dd.MM.yyyy HH:mm:ss' })
  .transform((text, context): TimeUnit | TimePattern => {
    if ((timeUnits as readonly string[]).includes(text)) return text as TimeUnit
    try {
      return new TimePattern(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: `${(error as Error).message}; or one of ${timeUnits.join(', ')}` })
      return z.NEVER
    }
  })

/** How a file is read. Whatever is not stated is told by the file itself, and said. */
export const readFields = {
  form: z
    .enum(['auto', 'wide', 'long', 'cycles'])
    .default('auto')
    .describe(
      '`wide`: a column per signal. `long`: a row per sample, with the name of its signal. `cycles`: a row holds the samples of one signal over `period`, evenly spaced.',
    ),
  encoding: z
    .string()
    .default('auto')
    .refine((name) => name === 'auto' || isEncoding(name), {
      error: `expected ${encodings.join(', ')} or another name of an encoding`,
    })
    .describe(`Encoding: ${encodings.join(', ')} or another, such as gb18030 or shift_jis.`),
  delimiter: z
    .enum(['auto', ',', ';', '|', 'tab', 'space'])
    .default('auto')
    .describe('What is between the cells; `space` is any run of blanks.'),
  decimal: z
    .enum(['auto', '.', ','])
    .default('auto')
    .describe('The decimal mark of numbers. The other one, blanks and apostrophes may set thousands apart.'),
  header: z
    .union([z.literal('auto'), z.boolean()])
    .default('auto')
    .describe('Whether a line names the columns; what stands above it, and units below it, are recognised.'),
  header_line: z
    .int()
    .positive()
    .optional()
    .describe('Number of the line that names the columns, from 1; where absent, by look.'),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Names of the columns of a file without a header; where absent, column1, column2 ...'),
  time: z
    .union([z.string().min(1), z.tuple([z.string().min(1), z.string().min(1)])])
    .optional()
    .describe('Column of the times, or two: [date, clock]. Where absent, by name and content.'),
  time_format: timeFormat
    .default('auto')
    .describe(
      `\`auto\`, a kind of count (${timeUnits.slice(2).join(', ')}: seconds ... nanoseconds since 1970 or \`start\`, days of Excel and MATLAB, counts of .NET, Windows and LabVIEW) or a pattern such as dd.MM.yyyy HH:mm:ss or %d.%m.%Y %H:%M.`,
    ),
  date_order: z
    .enum(['auto', ...dateOrders])
    .default('auto')
    .describe(
      'Order of day, month and year in dates such as 05/03/2024; `auto`: as the whole file decides, see README.',
    ),
  timezone: timezone
    .prefault('utc')
    .describe('Where the clock stood that wrote times without an offset: utc, local, Europe/Berlin, +01:00.'),
  check_times: z
    .boolean()
    .default(true)
    .describe(
      'Whether a file is refused whose times lie before 1990 or after tomorrow, run backwards or never change.',
    ),
  counter: z.string().optional().describe('Column that counts periods, instead of times.'),
  period: duration
    .optional()
    .describe(
      'Time between two rows of a file without times, of one count of `counter` (1s where absent), or of one row of cycles.',
    ),
  rate: z
    .number()
    .positive()
    .optional()
    .describe('Samples per second of a file without times, or of cycles, instead of `period`.'),
  start: moment
    .optional()
    .describe(
      'Time of the first row of a file without times; of 0 in `counter` (1970 where absent) and in times that count from a start; date of clocks without one.',
    ),
  asset: z.string().optional().describe('Column that names the asset of a row.'),
  name: z.string().optional().describe('Long form: column that names the signal; where absent, by its name.'),
  value: z.string().optional().describe('Long form: column of the values; where absent, by its name.'),
  tag: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the tag of a column, from `{asset}`, `{column}` (in the long form the name of the signal) and `{file}` (without folder and ending); where absent, `{asset}/{column}` with an asset column and `{column}` without.',
    ),
  tags: z
    .record(z.string(), z.union([z.string().min(1), tagSettings]))
    .default({})
    .describe(
      'Columns, or signals of the long form, whose tag has another name, or a type, unit or range to be stated.',
    ),
  quality: z
    .union([z.enum(['auto', 'none']), z.record(z.string(), z.string())])
    .default('auto')
    .describe(
      'Column of the quality by column of values, such as { temp: temp_q }; `auto`: by their names and content.',
    ),
  good: z
    .array(z.string())
    .optional()
    .describe(
      'Words and codes of quality columns that mean good; all others are bad then. Absent: OPC names and codes.',
    ),
  labels: z
    .record(z.string(), labelSettings)
    .default({})
    .describe('Columns that say what models are to learn: fault classes, failures, measured values.'),
  ends: endSettings
    .optional()
    .describe(
      'What happened at the last row of each asset in a file: its run ended by a failure, or by service; `failure` alone, or with the asset where that is not the column: { label: failure, asset: line1/press2 }.',
    ),
  finished_after: duration
    .prefault('10m')
    .describe(
      'How long nothing may have been added to a file that a running agent reads, until a last line without an end counts as a whole one, and `ends` as reached. Compressed files are finished.',
    ),
  ignore: z.array(z.string()).default([]).describe('Columns that are not read.'),
  missing: missing.describe(
    `Words that stand for no value, in any case; an empty cell always does. They become bad samples. Where a number or a boolean is expected, so do ${badWords.slice(0, 5).join(', ')} and others.`,
  ),
} as const

/** What the sink writes; the columns of each are in `rows.ts`. */
export const contents = ['predictions', 'samples', 'alarms'] as const
export type Content = (typeof contents)[number]

export const config = z
  .strictObject({
    read: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe(
        'Files to read samples from, folders of them or patterns such as march/*.csv.gz; each is read once, all together in the order of their times. What was read is remembered over restarts.',
      ),
    write: z.string().min(1).optional().describe('File to append results to; made where there is none.'),
    content: z.enum(contents).default('predictions').describe('Which results are written.'),
    ...readFields,
  })
  .refine(({ time, counter }) => time === undefined || counter === undefined, {
    error: 'state time or counter, not both',
    path: ['counter'],
  })
  .refine(({ period, rate }) => period === undefined || rate === undefined, {
    error: 'state period or rate, not both',
    path: ['rate'],
  })
  .refine(({ header, columns }) => header !== true || columns === undefined, {
    error: 'columns are for files without a header: set header: false',
    path: ['columns'],
  })

export type Settings = z.output<typeof config>
/** How a file is read. */
export type ReadSettings = Omit<Settings, 'write' | 'content'>

function isEncoding(name: string): boolean {
  try {
    return new TextDecoder(name).encoding !== ''
  } catch {
    return false
  }
}
