import { readFile, writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { openInspectorPool } from '../../models/inspection/pool.ts'
import type { Config } from '../components.ts'
import { ConfigError } from '../core/index.ts'
import { imageFiles, type ImageFile } from '../image-folder.ts'
import { rule } from '../inspection-rule.ts'
import type { StationSettings } from '../inspection-config.ts'
import { stationModel } from '../inspection-at-work.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress } from './data.ts'

interface InspectOptions {
  readonly config: string
  readonly station: string
  readonly images: string
  readonly out: string
  readonly model?: string
}

const header = 'file,part,label,score,threshold,verdict,model,ms'

/** `millwright inspect`: verdicts on a folder of images, by the code that runs live. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('Judge the images of a folder as a station would, into a CSV file.')
    .addOption(configOption())
    .requiredOption('--station <name>', 'a key of `inspections`')
    .requiredOption('--images <folder>', 'JPEG, PNG or WebP files; folders in it as well')
    .requiredOption('--out <file>', 'CSV file to write')
    .addOption(new Option('--model <version>', 'a version in the registry; the one at work where absent'))
    .addHelpText(
      'after',
      '\nExample:\n  $ millwright inspect --config plant.yaml --station weld --images parts --out verdicts.csv',
    )
    .action(async (options: InspectOptions) => {
      const { config } = loadOrExit(options.config)
      const started = performance.now()
      const rows = await inspect(config, options)
      await writeFile(options.out, `${[header, ...rows].join('\n')}\n`)
      const seconds = (performance.now() - started) / 1000
      console.log(`${rows.length} images, ${(rows.length / seconds).toFixed(0)} a second: ${options.out}`)
    })
}

/** The settings of a station. Throws a ConfigError where there is none of that name. */
export function stationOf(config: Config, station: string): StationSettings {
  if (station in config.inspections) return config.inspections[station]
  const known = Object.keys(config.inspections).join(', ') || 'none'
  throw new ConfigError([{ path: `inspections.${station}`, message: `no such station; known: ${known}` }])
}

async function inspect(config: Config, { station, images, model }: InspectOptions): Promise<string[]> {
  const settings = stationOf(config, station)
  const files = await imageFiles(images)
  const inspector = await openInspectorPool(
    await stationModel(config, station, model),
    settings.bounds,
    settings.workers,
  )
  const progress = new Progress('inspecting')
  const rows: string[] = []
  let next = 0
  const worker = async () => {
    while (next < files.length) {
      const at = next++
      rows[at] = await verdictRow(files[at], settings, (image) => inspector.inspect(image))
      progress.show(at + 1, 'images')
    }
  }
  try {
    await Promise.all(Array.from({ length: 2 * settings.workers }, worker))
  } finally {
    progress.end()
    await inspector.close()
  }
  return rows
}

type Inspect = Awaited<ReturnType<typeof openInspectorPool>>['inspect']

async function verdictRow({ file, path }: ImageFile, { verdict }: StationSettings, ask: Inspect): Promise<string> {
  const image = await readFile(path)
  const started = performance.now()
  const answer = await ask(image)
  const ms = (performance.now() - started).toFixed(2)
  const part = file.replace(/^.*\//, '').replace(/\.[^.]*$/, '')
  if ('reason' in answer) return row(file, part, '', '', '', `unusable: ${answer.detail}`, '', ms)
  const ruling = rule(answer, verdict)
  return row(file, part, answer.label, answer.score, ruling.threshold ?? '', ruling.verdict, answer.model, ms)
}

function row(...cells: (string | number)[]): string {
  return cells.map((cell) => (/[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell))).join(',') // prettier-ignore
}
