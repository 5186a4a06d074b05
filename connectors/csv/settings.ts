import { z } from 'zod'
import { duration } from '../../agent/core/index.ts'
import { isoTime } from './cells.ts'
import { labelSettings } from './labels.ts'

const tagSettings = z.strictObject({
  tag: z.string().min(1).optional().describe('Name of the tag; `{asset}` and `{column}` stand for themselves.'),
  type: z.enum(['number', 'integer', 'boolean', 'text']).optional().describe('Type; where absent, by content.'),
  unit: z.string().optional().describe('Unit of the values.'),
  low: z.number().optional().describe('Low end of the plausible range.'),
  high: z.number().optional().describe('High end of the plausible range.'),
  words: z
    .record(z.string(), z.number())
    .optional()
    .describe('Numbers that stand for words, such as { low: 1, high: 2 }: the tag is a number then.'),
})

/** How a CSV file in wide form is read: a column of times, one column per tag. */
export const readFields = {
  delimiter: z
    .enum(['auto', ',', ';', 'tab', 'space'])
    .default('auto')
    .describe('What is between the cells; `space` is any run of blanks, `auto` goes by the first line.'),
  decimal: z.enum(['.', ',']).default('.').describe('The decimal mark of numbers.'),
  header: z.boolean().default(true).describe('Whether the first line names the columns.'),
  columns: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Names of the columns of a file without a header; where absent, column1, column2 ...'),
  time: z
    .string()
    .optional()
    .describe(
      'Column of the times; where absent, one named time, timestamp, datetime, date or ts, unless `counter` is given.',
    ),
  time_format: z
    .enum(['auto', 'iso', 's', 'ms', 'us', 'ns'])
    .default('auto')
    .describe(
      '`iso` such as 2024-05-01 12:00:00.5 or seconds ... nanoseconds since 1970; `auto` tells them by look and size.',
    ),
  timezone: z.enum(['utc', 'local']).default('utc').describe('What times without an offset of their own are in.'),
  counter: z.string().optional().describe('Column that counts periods, instead of times.'),
  period: duration.prefault('1s').describe('Length of one count of `counter`.'),
  start: z
    .string()
    .default('1970-01-01T00:00:00Z')
    .refine((text) => !Number.isNaN(isoTime(text)), { error: 'expected a time such as 2024-05-01T12:00:00Z' })
    .transform(isoTime)
    .describe('Time at which `counter` is 0.'),
  asset: z.string().optional().describe('Column that names the asset of a row.'),
  tag: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Name of the tag of a column; where absent, `{asset}/{column}` with an asset column and `{column}` without.',
    ),
  tags: z
    .record(z.string(), z.union([z.string().min(1), tagSettings]))
    .default({})
    .describe('Columns whose tag has another name, or a type, unit or range to be stated.'),
  labels: z
    .record(z.string(), labelSettings)
    .default({})
    .describe('Columns that say what models are to learn: fault classes, failures, measured values.'),
  ends: z
    .enum(['failure', 'maintenance'])
    .optional()
    .describe('What happened at the last row of each asset: its run ended by a failure, or by service.'),
  ignore: z.array(z.string()).default([]).describe('Columns that are not read.'),
  missing: z
    .array(z.string())
    .default(['NaN', 'NA', 'N/A', '#N/A', 'null', 'None', '-'])
    .describe('Words that stand for no value, in any case; an empty cell always does. They become bad samples.'),
} as const

/** What the sink writes; the columns of each are in `rows.ts`. */
export const contents = ['predictions', 'samples', 'alarms'] as const
export type Content = (typeof contents)[number]

export const config = z
  .strictObject({
    read: z.string().min(1).optional().describe('File to read samples from; read from its start to its end, once.'),
    write: z.string().min(1).optional().describe('File to append results to; made where there is none.'),
    content: z.enum(contents).default('predictions').describe('Which results are written.'),
    ...readFields,
  })
  .refine(({ time, counter }) => time === undefined || counter === undefined, {
    error: 'state time or counter, not both',
    path: ['counter'],
  })
  .refine(({ header, columns }) => !header || columns === undefined, {
    error: 'columns are for files without a header: set header: false',
    path: ['columns'],
  })

export type Settings = z.output<typeof config>
/** How a file is read. */
export type ReadSettings = Omit<Settings, 'write' | 'content'>
