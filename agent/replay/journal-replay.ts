import type { Registry } from '../../models/registry.ts'
import type { Config } from '../settings/index.ts'
import { arrivalOf, type Entry, type Journal, type JournalRecord, type Logger, silentMetrics } from '../core/index.ts'
import { type Decider, Pipeline, detectorLoader } from '../pipeline/index.ts'
import type { ReplaySummary } from './replay.ts'

export interface JournalReplayOptions {
  readonly config: Config
  /** Opened to read; the agent may go on writing it. */
  readonly journal: Journal
  readonly registry: Registry
  readonly log: Logger
  /** The only version that a monitor works with, whatever the journal says. */
  readonly versions?: Readonly<Record<string, string>>
  /** Decides as the journal goes on; where it is given, it has been told of everything at the end. */
  readonly decider?: Decider
  /** ms since epoch: what came later is left out. */
  readonly to?: number
  /** Gets the results, in order; the replay waits for it. */
  results(records: readonly JournalRecord[]): void | Promise<void>
  /** `share`: of the journal, 0 to 1. */
  progress?(samples: number, share: number): void
}

/** Entries read at a time. */
const chunk = 256

/**
 * Runs the pipeline over what the journal holds: the models that worked live work at the same places, so the results are
 * those of the agent, to the bit, where the journal reaches back to its beginning. Where it was trimmed, the oldest
 * windows and the alarms that were open then are those of a pipeline that starts there.
 */
export async function replayJournal(options: JournalReplayOptions): Promise<ReplaySummary> {
  const { config, journal, registry, log, versions = {}, to = Infinity } = options
  const pipeline = await Pipeline.create({
    config,
    tags: journal.tags,
    metrics: silentMetrics,
    detector: detectorLoader(config, registry, log),
    keepSamples: true,
    decider: options.decider,
  })
  const { first, next: end } = journal.stats('samples')
  let samples = 0
  await options.results(await pipeline.handle(startingModels(options, first)))
  for (let next = first; next < end;) {
    const read = journal.read('samples', next, Math.min(chunk, end - next))
    const late = read.findIndex((entry) => arrivalOf(entry) > to)
    const entries = late < 0 ? read : read.slice(0, late)
    if (entries.length === 0) break
    const last = entries[entries.length - 1]
    next = last.offset + 1
    samples += entries.reduce((sum, entry) => sum + (entry.kind === 'samples' ? entry.batch.length : 0), 0)
    await options.results(await pipeline.handle(entries.filter((entry) => !isFixed(entry, versions))))
    options.progress?.(samples, (next - first) / (end - first))
  }
  const models = Object.fromEntries([...pipeline.monitors].map(([name, { model }]) => [name, model]))
  await pipeline.close()
  return { samples, rejected: 0, models, kept: {}, assets: pipeline.assets }
}

/** Steps of models that have no say, because the version was given. */
function isFixed(entry: Entry, versions: Readonly<Record<string, string>>): boolean {
  return entry.kind === 'event' && entry.event.type === 'model' && entry.event.monitor in versions
}

/** The models at work where the journal begins: those given, and where it was trimmed those of the oldest predictions. */
function startingModels({ config, journal, versions = {} }: JournalReplayOptions, first: number): Entry[] {
  const found = new Map(Object.entries(versions))
  if (first > 0) {
    for (const entry of journal.read('results', journal.stats('results').first, 4096)) {
      if (entry.kind !== 'predictions') continue
      for (const { monitor, model } of entry.predictions) if (!found.has(monitor)) found.set(monitor, model)
    }
  }
  return [...found]
    .filter(([monitor, version]) => monitor in config.monitors && version !== '')
    .map(([monitor, version]) => ({
      kind: 'event',
      event: { type: 'model', time: 0, monitor, step: 'active', version, detail: 'at work where the replay begins' },
      arrival: 0,
      offset: first,
    }))
}
