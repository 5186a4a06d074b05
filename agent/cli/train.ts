import { join } from 'node:path'
import { Command, Option } from 'commander'
import type { ModelBundle } from '../../models/index.ts'
import { ReadReport } from '../../connectors/csv/index.ts'
import { type Config, monitorModels } from '../settings/index.ts'
import { ConfigError, DetectorError, TagTable } from '../core/index.ts'
import { entriesBetween, leadIn, offsetAt } from '../journal/index.ts'
import { entriesFrom, learn } from '../training/index.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress, dataFile, format, instant } from './data.ts'
import { withJournal } from './open-journal.ts'
import { jsonOption, print } from './output.ts'
import { trainParts } from './parts.ts'
import { readingText, somethingRead } from './reading.ts'
import { trainImages } from './train-images.ts'

interface TrainOptions {
  readonly config: string
  readonly monitor: string
  readonly data?: readonly string[]
  readonly journal?: boolean
  readonly from?: string
  readonly to?: string
  readonly images?: string
  readonly json?: boolean
}

/** `millwright train`: a model from a file, the journal or images, into the registry. */
export function train(): Command {
  return new Command('train')
    .addOption(configOption())
    .requiredOption('--monitor <name>', 'a key of `monitors` or `inspections`')
    .addOption(
      new Option(
        '--data <files...>',
        'CSV files, folders or patterns; a csv source in the configuration describes columns and labels. Of a station: part, its values, label',
      ),
    )
    .addOption(new Option('--journal', 'what the journal in the data folder holds').conflicts(['data', 'images']))
    .addOption(
      new Option('--from <time>', 'with --journal: start of the time to learn from, such as 2026-01-05T10:00:00Z'),
    )
    .addOption(new Option('--to <time>', 'with --journal: its end'))
    .addOption(
      new Option(
        '--images <folder>',
        'images of a station: one folder per class, or good ones only; absent: that of `learn`, and what operators said',
      ).conflicts('data'),
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  $ millwright train --config plant.yaml --monitor pump-health --data january.csv
  $ millwright train --config plant.yaml --monitor screwing --data parts.csv
  $ millwright train --config plant.yaml --monitor pump-health --journal --from 2026-01-05T00:00:00Z`,
    )
    .action(run)
}

async function run(options: TrainOptions, command: Command): Promise<void> {
  const { config } = await loadOrExit(options.config)
  const { monitor, data, journal, images, json } = options
  if (images !== undefined || monitor in config.inspections) return ofStation(config, options, command)
  if (data === undefined && !journal)
    command.error('error: say what to learn from: --data FILE, --journal or --images FOLDER')
  if (!(monitor in config.monitors)) {
    const known = [...Object.keys(config.monitors), ...Object.keys(config.inspections)].join(', ') || 'none'
    throw new ConfigError([{ path: `monitors.${monitor}`, message: `no such monitor; known: ${known}` }])
  }
  const started = performance.now()
  const bundle = data === undefined ? await fromJournal(options) : await fromFile(config, monitor, data)
  console.error(`${format(bundle.manifest.training.used)} of ${format(bundle.manifest.training.rows)} windows used`)
  const version = await monitorModels(config).register(bundle)
  const seconds = (performance.now() - started) / 1000
  print(
    json,
    { monitor, version, seconds },
    () => `${monitor}: model ${version} registered in ${join(config.data, 'models')} after ${seconds.toFixed(1)} s`,
  )
}

/** From a table or the journal the model of what it measures, else that of its images. */
function ofStation(config: Config, options: TrainOptions, command: Command): Promise<void> {
  const { config: file, monitor, data, journal, images, json, ...range } = options
  if (data !== undefined) return trainParts(config, monitor, { data }, json)
  if (journal) return trainParts(config, monitor, { file, range: timesOf(range) }, json)
  const station = config.inspections[monitor] as Config['inspections'][string] | undefined
  if (station && !station.source && (images ?? station.learn.images) === undefined) {
    const ways = Object.keys(station.values).length > 0 ? '--data FILE or --journal' : '--images FOLDER'
    command.error(`error: the station has no images; say what to learn from: ${ways}`)
  }
  return trainImages(config, monitor, images, json)
}

function timesOf({ from, to }: Pick<TrainOptions, 'from' | 'to'>) {
  return { from: from === undefined ? -Infinity : instant(from), until: to === undefined ? Infinity : instant(to) }
}

async function fromFile(config: Config, monitor: string, data: readonly string[]): Promise<ModelBundle> {
  const tags = new TagTable()
  const progress = new Progress('training')
  const report = new ReadReport()
  const entries = entriesFrom(dataFile(config, data, tags, { report }))
  const say = (_: number, step: string) => progress.say(step)
  try {
    return await learn({ config, monitor, tags, entries, created: Date.now(), progress: say, ends: true }, never)
  } catch (error) {
    // Too little to learn from is told by what was read, first of all by that nothing was.
    if (error instanceof DetectorError) somethingRead(report, data.join(', '))
    throw error
  } finally {
    progress.end()
    console.error(readingText(report))
  }
}

async function fromJournal({ config: file, monitor, from, to }: TrainOptions): Promise<ModelBundle> {
  const { from: since, until } = timesOf({ from, to })
  const progress = new Progress('training')
  let bundle: ModelBundle | undefined
  await withJournal(file, async (journal, config) => {
    const first = offsetAt(journal, since - leadIn(config.monitors[monitor].window))
    // To the end: what is of that time may have come later.
    const entries = entriesBetween(journal, first, journal.stats('samples').next)
    const say = (_: number, step: string) => progress.say(step)
    bundle = await learn(
      { config, monitor, tags: journal.tags, entries, created: Date.now(), since, until, progress: say },
      never,
    )
  })
  progress.end()
  return bundle!
}

/** Ctrl-C ends the process, and an unfinished training leaves nothing. */
const never = new AbortController().signal
