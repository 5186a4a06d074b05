import { defineConnector } from '../../agent/core/index.ts'
import { adviseOf } from './files.ts'
import { config } from './settings.ts'
import { CsvSink } from './sink.ts'
import { CsvSource } from './source.ts'

export { describeFiles, type FileDescription } from './describe.ts'
export { filesOf } from './files.ts'
export { readCsv } from './read.ts'
export { ReadReport } from './report.ts'
export { alarmRow, headers, predictionRow, sampleRow } from './rows.ts'
export { columnsOf, readTable } from './table-rows.ts'
export type { ReadSettings } from './settings.ts'

/** Reads samples from CSV files; appends predictions, samples or alarms to one. */
export const csv = defineConnector({
  type: 'csv',
  config,
  advise: adviseOf,
  source: (settings, context) => (settings.read === undefined ? undefined : new CsvSource(settings, context)),
  sink: (settings, context) =>
    settings.write === undefined ? undefined : new CsvSink(settings.write, settings.content, context),
})
