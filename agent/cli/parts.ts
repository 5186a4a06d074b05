import { writeFile } from 'node:fs/promises'
import type { MeasuredInspector } from '../../models/inspection/measured-inspector.ts'
import { csv, filesOf, ReadReport, type ReadSettings } from '../../connectors/csv/index.ts'
import type { Config, StationSettings } from '../settings/index.ts'
import { csvCell, valuesModel } from '../core/index.ts'
import { stationValues, versionAtWork } from '../training/index.ts'
import {
  type PartRange,
  type PartRow,
  judgePart,
  measuredNames,
  partsOfJournal,
  readParts,
  trainStationValues,
  trainedNames,
} from '../stations/index.ts'
import { Progress, fileSettings, format, whenAtWork } from './data.ts'
import { withJournal } from './open-journal.ts'
import { print } from './output.ts'
import { readingText } from './reading.ts'

/** `millwright train --monitor STATION --data FILE`, or `--journal`: the model of a station's measured values. */
export async function trainParts(
  config: Config,
  station: string,
  from: { readonly data: readonly string[] } | { readonly file: string; readonly range: PartRange },
  json = false,
): Promise<void> {
  const started = performance.now()
  const names = trainedNames(config, station)
  const parts =
    'data' in from ? await partsOfFiles(config, station, from.data, names) : await journalParts(from, station)
  const model = valuesModel(station)
  const active = await versionAtWork(config, model)
  const progress = new Progress('training')
  const version = await trainStationValues(config, station, parts, {
    created: Date.now(),
    ...(active !== undefined && { active }),
    progress: (_, step) => progress.say(step),
  })
  progress.end()
  const seconds = (performance.now() - started) / 1000
  print(json, { station, model, version, parts: parts.length, seconds }, () => `${model}: model ${version} of ${names.join(', ')} from ${format(parts.length)} parts after ${seconds.toFixed(1)} s; ${whenAtWork(model, version, active)}`) // prettier-ignore
}

async function partsOfFiles(
  config: Config,
  station: string,
  files: readonly string[],
  names: readonly string[],
): Promise<PartRow[]> {
  // prettier-ignore
  const { verdict } = config.inspections[station]
  const report = new ReadReport()
  const settings = tableSettings(fileSettings(config, files).settings)
  const parts: PartRow[] = []
  try {
    for (const { path } of await filesOf(files))
      parts.push(...(await readParts(path, names, verdict, { settings, report })))
  } finally {
    console.error(readingText(report))
  }
  return parts
}

/** What a csv source says of how things are written holds for tables of parts too; what it says of columns does not. */
function tableSettings(settings: ReadSettings): ReadSettings {
  const { encoding, delimiter, decimal, date_order, timezone, check_times, missing, time_format } = settings
  const plain = csv.config.parse({ read: 'parts' })
  return { ...plain, encoding, delimiter, decimal, date_order, timezone, check_times, missing, time_format }
}

async function journalParts({ file, range }: { readonly file: string; readonly range: PartRange }, station: string) {
  let parts: ReturnType<typeof partsOfJournal> = []
  await withJournal(file, (journal, config) => {
    parts = partsOfJournal(journal, station, config.inspections[station], range)
    return Promise.resolve()
  })
  return parts
}

/** `millwright inspect --data FILE`: verdicts on a table of parts, by the code that runs live. */
export async function inspectParts(
  config: Config,
  station: string,
  files: readonly string[],
  { out, model, json = false }: { readonly out: string; readonly model?: string; readonly json?: boolean },
): Promise<void> {
  const settings = config.inspections[station]
  const names = measuredNames(settings)
  const inspector = settings.measured && (await stationValues(config, station, model)).inspector
  const rows = await partsOfFiles(config, station, files, names)
  const lines = [csvRow(...header, ...names.map((name) => `contribution_${name}`))]
  for (const row of rows) lines.push(await verdictLine(files.join(' '), row, names, settings, inspector))
  await inspector?.close()
  await writeFile(out, `${lines.join('\n')}\n`)
  print(json, { station, parts: rows.length, out }, () => `${format(rows.length)} parts: ${out}`)
}

const header = ['file', 'part', 'label', 'score', 'threshold', 'verdict', 'model', 'ms', 'reason']

async function verdictLine(
  file: string,
  { part, time, values }: PartRow,
  names: readonly string[],
  settings: StationSettings,
  inspector: MeasuredInspector | undefined,
): Promise<string> {
  const started = performance.now()
  const image = { verdict: 'pass', reason: '', threshold: null } as const
  const { ruling, measured } = await judgePart({ time, image, values }, settings, inspector)
  const ms = (performance.now() - started).toFixed(2)
  const shares = names.map((name) => measured?.contributions[name] ?? '')
  const { label = '', score, model = '' } = measured ?? {}
  return csvRow(file, part, label, score ?? '', ruling.threshold ?? '', ruling.verdict, model, ms, ruling.reason, ...shares) // prettier-ignore
}

/** Cells as a line of CSV. */
export function csvRow(...cells: (string | number)[]): string {
  return cells.map((cell) => csvCell(String(cell))).join(',')
}
