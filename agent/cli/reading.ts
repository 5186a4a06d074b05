import type { ReadReport } from '../../connectors/csv/index.ts'
import { SourceError } from '../core/index.ts'
import { format } from './data.ts'
import { harmless, table } from './output.ts'

const mostSignals = 20

/** What was read of files, for people: rows, signals with type and unit, times, what was refused and what was taken for granted. */
export function readingText(report: ReadReport): string {
  if (report.files === 0 && report.samples === 0) return 'read: nothing'
  const { rows, samples, signals, refused, notes } = report
  const all = [...signals].map(([name, { type, unit = '', samples: own, bad }]) => [
    harmless(name),
    type,
    harmless(unit),
    format(own),
    bad > 0 ? `${format(bad)} bad` : '',
  ])
  const more = all.length > mostSignals ? [`  and ${format(all.length - mostSignals)} other signals`] : []
  const put = [...refused].map(([reason, { rows: own, example }]) => `  refused (${reason}): ${format(own)}, such as ${harmless(example)}`) // prettier-ignore
  return [
    `read: ${format(rows)} rows, ${format(samples)} samples of ${format(all.length)} signals${samples > 0 ? ` from ${time(report.first)} to ${time(report.last)}` : ''}`, // prettier-ignore
    ...(all.length > 0 ? [table(all.slice(0, mostSignals))] : []),
    ...more,
    ...put,
    ...notes.map((note) => `  note: ${harmless(note)}`),
  ].join('\n')
}

/** Throws a SourceError (SOURCE_DATA) where nothing could be read. */
export function somethingRead(report: ReadReport, files: string): void {
  if (report.samples > 0) return
  const [[reason, { example }]] = report.refused.size > 0 ? [...report.refused] : [['', { example: '' }]]
  throw new SourceError('SOURCE_DATA', `nothing in ${files} could be read${reason === '' ? ': it has no rows' : `, such as ${example}`}`, { remedy: 'Look at it with `millwright init FILE`: it says what it takes the file for.' }) // prettier-ignore
}

function time(ms: number): string {
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : 'no year'
}
