import { Command, InvalidArgumentError, Option } from 'commander'
import { Decisions } from '../decisions/index.ts'
import { ReadReport } from '../../connectors/csv/index.ts'
import {
  type Episode,
  type JournalReplayOptions,
  type ReplaySummary,
  compareAlarms,
  replay,
  replayJournal,
} from '../replay/index.ts'
import {
  type Arrival,
  type DecisionEvent,
  type JournalRecord,
  type ModelEvent,
  SourceError,
  TagTable,
} from '../core/index.ts'
import { type Config, monitorModels } from '../settings/index.ts'
import { configOption, loadOrExit } from './configuration.ts'
import { Progress, databaseHistory, dataFile, format, instant } from './data.ts'
import { createLogger } from './logger.ts'
import { withJournal } from './open-journal.ts'
import { jsonOption, lasting, print, table } from './output.ts'
import { Results } from './replay-results.ts'
import { readingText, somethingRead } from './reading.ts'

interface ReplayOptions {
  readonly config: string
  readonly data?: readonly string[]
  readonly journal?: boolean
  readonly influx?: string | true
  readonly from?: string
  readonly to?: string
  readonly out?: string
  readonly learn?: boolean
  readonly keepModels?: boolean
  readonly actions?: boolean
  readonly model: Readonly<Record<string, string>>
  readonly compare?: string
  readonly compareModel: Readonly<Record<string, string>>
  readonly json?: boolean
}

/** `millwright replay`: what the agent would have concluded from a file or its journal. */
export function replayCommand(): Command {
  return new Command('replay')
    .addOption(configOption())
    .addOption(
      new Option(
        '--data <files...>',
        'CSV files, folders or patterns, read in the order of their times; a csv source in the configuration describes their columns',
      ),
    )
    .addOption(
      new Option('--journal', 'what the journal in the data folder holds, with the models that worked then').conflicts(
        'data',
      ),
    )
    .addOption(
      new Option('--influx [connector]', 'what an InfluxDB of the configuration holds').conflicts(['data', 'journal']),
    )
    .addOption(new Option('--from <time>', 'with --influx: start of the time, such as 2026-01-05T10:00:00Z'))
    .addOption(new Option('--to <time>', 'with --influx: its end; now where absent'))
    .addOption(new Option('--out <file>', 'CSV file for the predictions'))
    .option('--learn', 'learn from the file itself, even where the registry has a model')
    .option(
      '--keep-models',
      'put the models that it learned and put to work into the registry, the last one as the newest',
    )
    .option('--actions', 'print what the actions would have done; nothing is written anywhere')
    .addOption(version('--model', 'the model that a monitor works with throughout'))
    .addOption(new Option('--compare <config>', 'run a second configuration as well, and print which alarms differ'))
    .addOption(version('--compare-model', 'run a second time with this model, and print which alarms differ'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Example:
  $ millwright replay --config plant.yaml --data march.csv --out predictions.csv
  $ millwright replay --config plant.yaml --journal --compare quieter.yaml
  $ millwright replay --config plant.yaml --influx --from 2026-01-05T00:00:00Z --to 2026-01-06T00:00:00Z --out day.csv
  $ millwright replay --config plant.yaml --journal --compare-model pump-health=0004-1f3a9c20`,
    )
    .action(run)
}

/** `MONITOR=VERSION`, as often as there are monitors. */
function version(flag: string, description: string): Option {
  return new Option(`${flag} <monitor=version>`, description)
    .default({}, 'the newest in the registry; of a journal those of that time')
    .argParser((text: string, all: Readonly<Record<string, string>>) => {
      const at = text.indexOf('=')
      if (at <= 0) throw new InvalidArgumentError('Write it as pump-health=0004-1f3a9c20.')
      return { ...all, [text.slice(0, at)]: text.slice(at + 1) }
    })
}

async function run(options: ReplayOptions, command: Command): Promise<void> {
  const { compare, compareModel } = options
  if (!options.journal && options.data === undefined && options.influx === undefined)
    command.error('error: say what to replay: --data FILE, --journal or --influx')
  if (options.influx !== undefined && options.from === undefined) command.error('error: say from when on: --from TIME')
  const second = compare !== undefined || Object.keys(compareModel).length > 0
  if (options.out === undefined && !second && !options.actions)
    command.error('error: say where the predictions go: --out FILE, or ask for --actions')
  const first = await once(options, options.config, options.model, options.out)
  if (!second) {
    report(first, options)
    return
  }
  const other = await once(options, compare ?? options.config, { ...options.model, ...compareModel })
  reportDifference(first, other, options)
}

/** What one replay led to. */
interface Outcome {
  readonly summary: ReplaySummary
  readonly results: Results
  /** Undefined of a journal. */
  readonly report: ReadReport | undefined
  readonly seconds: number
}

async function once(
  options: ReplayOptions,
  file: string,
  versions: Readonly<Record<string, string>>,
  out?: string,
): Promise<Outcome> {
  const { config } = await loadOrExit(file)
  const progress = new Progress('replay')
  const results = await Results.open(out)
  const report = options.journal ? undefined : new ReadReport()
  const registry = monitorModels(config)
  const common = { config, versions, results: (records: readonly JournalRecord[]) => results.write(records) }
  try {
    const summary = options.journal
      ? await overJournal(file, options.actions === true, {
          ...common,
          registry,
          progress: (samples) => progress.show(samples, 'samples'),
        })
      : await overFile(options, { ...common, registry, progress, report: report! })
    await results.done()
    progress.end()
    return { summary, results, report, seconds: progress.seconds }
  } catch (error) {
    await results.discard()
    if (report && !options.json) console.error(readingText(report))
    throw error
  }
}

async function overJournal(
  file: string,
  acts: boolean,
  options: Omit<JournalReplayOptions, 'journal' | 'log'>,
): Promise<ReplaySummary> {
  let summary: ReplaySummary | undefined
  await withJournal(file, async (journal) => {
    const decider = acts && { decider: new Decisions(options.config, journal.tags) }
    summary = await replayJournal({ ...options, ...decider, journal, log: createLogger(options.config) })
  })
  return summary!
}

async function overFile(
  { data, influx, from, to, learn, keepModels, actions }: ReplayOptions,
  {
    config,
    versions,
    results,
    registry,
    progress,
    report,
  }: Pick<JournalReplayOptions, 'config' | 'versions' | 'results' | 'registry'> & {
    readonly progress: Progress
    readonly report: ReadReport
  },
): Promise<ReplaySummary> {
  const tags = new TagTable()
  const range = { from: from === undefined ? 0 : instant(from), to: to === undefined ? Date.now() : instant(to) }
  const arrivals = influx === undefined ? dataFile(config, data!, tags, { report, withoutLabels: true }) : watched(databaseHistory(config, influx, range, tags), report, tags) // prettier-ignore
  const summary = await replay({
    config,
    tags,
    arrivals,
    ...(!learn && { registry, ...(versions && { versions }) }),
    ...(keepModels && { keep: registry }),
    ...(actions && { decider: new Decisions(config, tags) }),
    results,
    progress: (samples) => progress.show(samples, 'samples'),
  })
  somethingRead(report, data?.join(', ') ?? 'the database')
  if (summary.assets === 0 && Object.keys(config.monitors).length > 0) throw nothingFits(config, report)
  return summary
}

async function* watched(arrivals: AsyncIterable<Arrival>, report: ReadReport, tags: TagTable): AsyncGenerator<Arrival> {
  for await (const arrival of arrivals) {
    report.take(arrival, tags)
    yield arrival
  }
}

/** What was read is of no asset that a monitor watches. */
function nothingFits({ assets }: Config, report: ReadReport): SourceError {
  const names = [...report.signals.keys()].slice(0, 5).join(', ')
  const patterns = Object.values(assets).map(({ tags }) => tags).join(', ') // prettier-ignore
  return new SourceError('SOURCE_DATA', `no signal that was read fits \`assets\`: there are ${names}; they are to look like ${patterns}`, { remedy: 'Name tags under `tag` of the csv source, such as `tag: "line1/pump7/{column}"`, or correct the pattern.' }) // prettier-ignore
}

function report({ summary, results, report: read, seconds }: Outcome, { json, out }: ReplayOptions): void {
  const { samples, models, kept } = summary
  const { predictions, alarms, steps, episodes, decisions } = results
  const all = episodes.all()
  if (json) {
    const rejected = Object.fromEntries(read?.refused ?? [])
    console.log(JSON.stringify({ samples, rejected, ...(decisions.length > 0 && { decisions }), predictions, alarms, episodes: all, models, steps, kept, seconds, out, ...(read && { read }) })) // prettier-ignore
    return
  }
  if (read) console.log(readingText(read))
  console.log(
    `${format(samples)} samples, ${format(predictions)} predictions, ${format(alarms)} alarm${alarms === 1 ? '' : 's'} raised in ${seconds.toFixed(1)} s -> ${out ?? ''}`,
  )
  for (const [monitor, version] of Object.entries(models)) {
    console.log(
      `  ${monitor}: ${version === undefined ? 'learned no model: the data is shorter than learn.after' : `model ${version}`}`,
    )
  }
  for (const [monitor, versions] of Object.entries(kept)) console.log(`  ${monitor}: kept as ${versions.join(', ')}`)
  for (const line of stepLines(steps)) console.log(line)
  for (const line of decisionLines(decisions)) console.log(line)
  for (const line of episodeTable(all.length > mostEpisodes ? `the first ${mostEpisodes} alarms` : 'alarms', all.slice(0, mostEpisodes))) console.log(line) // prettier-ignore
}

const mostEpisodes = 50

/** What was trained, refused and put to work, and why; of a journal it is what the agent did. */
function stepLines(steps: readonly ModelEvent[]): string[] {
  if (steps.length === 0) return []
  const rows = steps.map(({ time, monitor, step, version, detail }) => [new Date(time).toISOString(), monitor, stepWords[step], version, detail]) // prettier-ignore
  return ['', 'what was learned:', table(rows)]
}

/** What actions would have done, in order. */
function decisionLines(decisions: readonly DecisionEvent[]): string[] {
  if (decisions.length === 0) return []
  const rows = decisions.map(({ time, id, step, value, guard, detail }) => [new Date(time).toISOString(), id, step, value === undefined ? '' : String(value), guard ?? '', detail]) // prettier-ignore
  return ['', 'what the actions would have done:', table(rows)]
}

const stepWords: Readonly<Record<ModelEvent['step'], string>> = {
  training: 'training starts',
  shadow: 'trained, on trial',
  active: 'put to work',
  refused: 'refused',
  failed: 'training failed',
  retired: 'retired',
  rollback: 'taken back to',
}

/** Which alarms two replays raised both, and which one of them only. */
function reportDifference(first: Outcome, second: Outcome, { json }: ReplayOptions): void {
  const difference = compareAlarms(first.results.episodes.all(), second.results.episodes.all())
  const { both, onlyFirst, onlySecond } = difference
  const samples = first.summary.samples
  print(json, { samples, models: [first.summary.models, second.summary.models], ...difference }, () =>
    [
      `${format(samples)} samples: ${both.length} alarms in both, ${onlyFirst.length} only in the first, ${onlySecond.length} only in the second.`,
      ...episodeTable('only in the first', onlyFirst),
      ...episodeTable('only in the second', onlySecond),
      ...episodeTable(
        'in both, raised at another time',
        both.filter(([one, other]) => one.raised !== other.raised).map(([one]) => one),
      ),
    ].join('\n'),
  )
}

function episodeTable(title: string, episodes: readonly Episode[]): string[] {
  if (episodes.length === 0) return []
  const rows = episodes.map(({ monitor, asset, raised, cleared }) => [
    new Date(raised).toISOString(),
    cleared === undefined ? 'still raised' : lasting(cleared - raised),
    monitor,
    asset,
  ])
  return ['', `${title}:`, table(rows)]
}
