import { encodeScalars } from './tensorboard.ts'
import type { Candidate, Report } from './report.ts'

/** The files of a report by name: `report.json`, `report.md`, its figures, and its scalars for TensorBoard. */
export function reportFiles(report: Report): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>()
  files.set('report.json', `${JSON.stringify(report, null, 1)}\n`)
  files.set('report.md', describeReport(report))
  for (const [name, svg] of Object.entries(report.figures)) files.set(`${name}.svg`, svg)
  if (report.scalars.length > 0) {
    files.set(`events.out.tfevents.${Math.floor(report.created / 1000)}.millwright`, encodeScalars(report))
  }
  return files
}

/** A report for people, in Markdown. */
export function describeReport(report: Report): string {
  const { data, exclusions, candidates, metric, notes } = report
  const classes = Object.entries(data.classes ?? {}).map(([name, rows]) => `${name} ${rows}`)
  return [
    `# Training of ${report.monitor}`,
    '',
    `${instant(report.created)}, model type ${report.type}, ${report.seconds.toFixed(1)} s, at most ${megabytes(report.peakMemory)}, trained by ${report.backend}.`,
    '',
    '## Data',
    '',
    `${data.used} of ${data.rows} ${data.rowsAre ?? `windows of ${data.assets} assets`}, ${instant(data.from)} to ${instant(data.to)}.`,
    ...(classes.length > 0 ? ['', `Classes: ${classes.join(', ')}.`] : []),
    '',
    ...(exclusions.length > 0
      ? exclusions.map(
          ({ reason, rows, asset }) => `- ${rows} left out${asset === undefined ? '' : ` of ${asset}`}: ${reason}`,
        )
      : ['Nothing was left out.']),
    '',
    '## Candidates',
    '',
    `Compared on data that they were not fitted to (${report.split}) by ${metric.name}; ${metric.better} is better.`,
    '',
    ...table(candidates),
    ...(report.confusion ? ['', '## Confusion', '', ...confusion(report.confusion)] : []),
    ...Object.keys(report.figures).flatMap((name) => ['', `![${name}](${name}.svg)`]),
    ...(notes.length > 0 ? ['', '## Notes', '', ...notes.map((note) => `- ${note}`)] : []),
    '',
  ].join('\n')
}

function table(candidates: readonly Candidate[]): string[] {
  const figures = [...new Set(candidates.flatMap(({ validation }) => Object.keys(validation)))]
  const rows = candidates.map(({ name, settings, validation, seconds, chosen, note }) => {
    const chosenName = chosen ? `**${name}**` : name
    const values = figures.map((figure) => (figure in validation ? validation[figure].toPrecision(4) : ''))
    const options = Object.entries(settings).map(([key, value]) => `${key} ${value}`)
    return `| ${[chosenName, options.join(', '), ...values, seconds.toFixed(2), note ?? ''].join(' | ')} |`
  })
  const heads = ['candidate', 'settings', ...figures, 'seconds', 'note']
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => '---').join('|')}|`, ...rows]
}

function confusion({ classes, matrix }: NonNullable<Report['confusion']>): string[] {
  return [
    `| true | ${classes.map((name) => `concluded ${name}`).join(' | ')} |`,
    `|---|${classes.map(() => '---').join('|')}|`,
    ...matrix.map((row, at) => `| ${classes[at]} | ${row.join(' | ')} |`),
  ]
}

const instant = (time: number): string => (Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time))
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB of memory`
