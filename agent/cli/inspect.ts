import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { ImageProblem } from '../../models/inspection/decode.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import type { ImageBundle } from '../../models/inspection/manifest.ts'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import type { Config, StationSettings } from '../settings/index.ts'
import { ConfigError, readWhole } from '../core/index.ts'
import { type ImageFile, imageFiles, rule } from '../stations/index.ts'
import { stationModel } from '../training/index.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress } from './data.ts'
import { jsonOption, print } from './output.ts'
import { csvRow, inspectParts } from './parts.ts'
import { contactSheet, type Judged } from './sheet.ts'

interface InspectOptions {
  readonly config: string
  readonly station: string
  readonly images?: string
  readonly data?: readonly string[]
  readonly out: string
  readonly model?: string
  readonly sheet?: string
  readonly json?: boolean
}

const header = 'file,part,label,score,threshold,verdict,model,ms'

/** `millwright inspect`: verdicts on a folder of images, by the code that runs live. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .addOption(configOption())
    .requiredOption('--station <name>', 'a key of `inspections`')
    .option('--images <folder>', 'JPEG, PNG or WebP files; folders in it as well')
    .addOption(
      new Option('--data <files...>', 'CSV files, folders or patterns with a column for each measured value').conflicts(
        'images',
      ),
    )
    .requiredOption('--out <file>', 'CSV file to write')
    .addOption(
      new Option(
        '--sheet <file>',
        'HTML file to write too: the worst images first, with the contours of where',
      ).conflicts('data'),
    )
    .addOption(new Option('--model <version>', 'a version in the registry; the one at work where absent'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright inspect --config plant.yaml --station weld --images parts --out verdicts.csv',
    )
    .action(async (options: InspectOptions, command: Command) => {
      const { config } = await loadOrExit(options.config)
      const { station, images, data, out, json } = options
      const settings = stationOf(config, station)
      if (data !== undefined) return inspectParts(config, station, data, options)
      if (images === undefined) return command.error('error: say what to judge: --images FOLDER or --data FILE')
      const started = performance.now()
      const bundle = await stationModel(config, station, options.model)
      const { rows, judged } = await inspect(bundle, settings, images)
      await writeFile(out, `${[header, ...rows].join('\n')}\n`)
      if (options.sheet !== undefined)
        await writeFile(options.sheet, await contactSheet(station, judged, bundle, settings))
      const seconds = (performance.now() - started) / 1000
      print(json, { station, images: rows.length, seconds, out }, () => `${rows.length} images, ${(rows.length / seconds).toFixed(0)} a second: ${out}`) // prettier-ignore
    })
}

/** The settings of a station. Throws a ConfigError where there is none of that name. */
export function stationOf(config: Config, station: string): StationSettings {
  if (station in config.inspections) return config.inspections[station]
  const known = Object.keys(config.inspections).join(', ') || 'none'
  throw new ConfigError([{ path: `inspections.${station}`, message: `no such station; known: ${known}` }])
}

async function inspect(bundle: ImageBundle, settings: StationSettings, images: string) {
  const files = await imageFiles(images)
  const inspector = await openInspectorPool(bundle, settings.bounds, settings.workers)
  const progress = new Progress('inspecting')
  const rows: string[] = []
  const judged: Judged[] = []
  let next = 0
  const worker = async () => {
    while (next < files.length) {
      const at = next++
      const started = performance.now()
      const answer = await inspector.inspect(await readWhole(files[at].path))
      rows[at] = verdictRow(files[at], settings, answer, performance.now() - started)
      judged[at] = { image: files[at], answer }
      progress.show(at + 1, 'images')
    }
  }
  try {
    await Promise.all(Array.from({ length: 2 * settings.workers }, worker))
  } finally {
    progress.end()
    await inspector.close()
  }
  return { rows, judged }
}

function verdictRow(
  { file }: ImageFile,
  { verdict }: StationSettings,
  answer: ImageAnswer | ImageProblem,
  took: number,
): string {
  const ms = took.toFixed(2)
  const part = file.replace(/^.*\//, '').replace(/\.[^.]*$/, '')
  if ('reason' in answer) return csvRow(file, part, '', '', '', `unusable: ${answer.detail}`, '', ms)
  const ruling = rule(answer, verdict)
  return csvRow(file, part, answer.label, answer.score, ruling.threshold ?? '', ruling.verdict, answer.model, ms)
}
