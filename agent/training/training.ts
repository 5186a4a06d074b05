import type { Config } from '../settings/index.ts'
import { kindOf, trainModel, type ModelBundle, type TrainingInput } from '../../models/index.ts'
import {
  type Arrival,
  DetectorError,
  type Entry,
  type FeatureBatch,
  type TagTable,
  silentMetrics,
} from '../core/index.ts'
import { SignalStudy, naturesOf } from '../signals/index.ts'
import { Labels } from './labels.ts'
import { learnableFeatures, type Signals } from './signals.ts'
import { type MonitorSettings, Pipeline, joinFeatures } from '../pipeline/index.ts'

export interface TrainingJob {
  readonly config: Pick<Config, 'clean' | 'assets' | 'monitors'>
  readonly monitor: string
  readonly tags: TagTable
  /** Chunks of the samples stream, or of a file. */
  readonly entries: AsyncIterable<readonly Entry[]> | Iterable<readonly Entry[]>
  /** Written into the bundle; ms since epoch. */
  readonly created: number
  /** The version that is active now. */
  readonly parent?: string
  /** Why it is trained, in words. */
  readonly why?: string
  /** Event time before which windows are left out, ms since epoch. */
  readonly since?: number
  /** Event time after which windows are left out, ms since epoch. */
  readonly until?: number
  /** ms of wall time for the candidates; infinite where absent. */
  readonly budget?: number
  /** The entries are all there will ever be: windows that are open at their end are learned from as well. */
  readonly ends?: boolean
  /** `share`: 0 to 1 of the whole, NaN while it is not known. */
  progress?(share: number, step: string): void
}

/** Learns a monitor's model from entries, through the same pipeline that scores them live. Throws a DetectorError. */
export async function learn(job: TrainingJob, signal: AbortSignal): Promise<ModelBundle> {
  const { monitor, config, tags, since, until, created } = job
  const settings = config.monitors[monitor]
  const pipeline = await Pipeline.create({
    config: { ...config, monitors: { [monitor]: settings } },
    tags,
    metrics: silentMetrics,
    detector: () => Promise.resolve(undefined),
    keepSamples: false,
  })
  const study = new SignalStudy(tags)
  pipeline.cleaned.subscribe((batch) => study.take(batch))
  const collector = new Collector(settings.min_coverage, { since, until })
  const labels = new Labels()
  pipeline.monitors.get(monitor)!.vectors.subscribe((vectors) => collector.add(vectors))
  for await (const chunk of job.entries) {
    signal.throwIfAborted()
    // Steps in the life of models are of no matter here: features do not depend on them.
    const entries = chunk.filter((entry) => entry.kind !== 'event' || entry.event.type === 'label')
    for (const entry of entries) if (entry.kind === 'event' && entry.event.type === 'label') labels.add(entry.event)
    await pipeline.handle(entries)
    job.progress?.(NaN, `${collector.length} windows collected`)
  }
  if (job.ends) await pipeline.finish(0, created)
  const { budget, parent, why } = job
  const signals = signalsOf(pipeline, settings, config, study)
  return trainModel(
    settings.model,
    trainingInput(monitor, settings, collector, labels, { created, parent, why, signals }),
    {
      signal,
      ...(budget !== undefined && { budget }),
      progress: (share, step) => job.progress?.(share, step),
    },
  )
}

/** What came in as journal entries: samples, and the labels among the events, in order. */
export async function* entriesFrom(arrivals: AsyncIterable<Arrival>): AsyncGenerator<readonly Entry[]> {
  let offset = 0
  for await (const { batch, events = [] } of arrivals) {
    const samples: Entry[] = batch.length > 0 || batch.paced ? [{ kind: 'samples', batch, offset: offset++ }] : []
    const others = events.map((event): Entry => ({ kind: 'event', event, arrival: batch.arrival, offset: offset++ }))
    yield [...samples, ...others]
  }
}

/** What kind of signal each role of a monitor's assets is, by what was seen of it and what the configuration says. */
export function signalsOf(
  { classes, tags }: Pipeline,
  settings: MonitorSettings,
  { assets }: Pick<Config, 'assets'>,
  study: SignalStudy,
): Signals {
  const seen = classes.get(settings.assets)
  return seen ? naturesOf(seen, tags, study, assets[settings.assets].signals) : new Map()
}

/** What was collected, with what labels say of it. Throws a DetectorError where there is nothing. */
export function trainingInput(
  monitor: string,
  { model, alarm }: MonitorSettings,
  collector: Collector,
  labels: Labels,
  {
    created,
    parent,
    why,
    signals,
  }: { created: number; parent?: string | undefined; why?: string | undefined; signals: Signals },
): TrainingInput {
  const features = learnableFeatures(monitor, model, collector.peek(), signals)
  const targets = labels.targetsFor(kindOf(model), monitor, features)
  const unusedLabels = labels.unusedFor(monitor, features)
  return {
    features,
    monitor,
    created,
    signals,
    dwell: alarm.dwell,
    ...(targets && { targets }),
    ...(unusedLabels > 0 && { unusedLabels }),
    ...(parent !== undefined && { parent }),
    ...(why !== undefined && { why }),
  }
}

/** Gathers the windows a model may learn from: well covered, and with the columns of the newest one. */
export class Collector {
  readonly #minCoverage: number
  #since: number
  readonly #until: number
  #batches: FeatureBatch[] = []
  #length = 0

  /** Windows that begin before `since` or end after `until` are left out; event times, ms since epoch. */
  constructor(
    minCoverage: number,
    { since = -Infinity, until = Infinity }: { since?: number | undefined; until?: number | undefined } = {},
  ) {
    this.#minCoverage = minCoverage
    this.#since = since
    this.#until = until
  }

  get length(): number {
    return this.#length
  }

  add(vectors: FeatureBatch): void {
    this.#batches.push(vectors)
    this.#length += vectors.length
  }

  /** Lets go of windows that begin before this event time, ms since epoch. */
  forget(before: number): void {
    if (before > this.#since) this.#since = before
    this.#batches = this.#batches.filter(({ start }) => start.some((time) => time >= before))
  }

  /** All of it as one batch, ascending by end. Throws a DetectorError where there is nothing. */
  peek(): FeatureBatch {
    const names = this.#batches.at(-1)?.names
    if (!names) {
      throw new DetectorError('TRAINING_DATA', 'there is no window to learn from', {
        remedy:
          'Check that the asset pattern matches tags that have data, and that the data spans more than one window.',
      })
    }
    const all = joinFeatures(this.#batches.map((batch) => withColumns(batch, names)))
    return newestRevisions(
      all,
      (row) => all.coverage[row] >= this.#minCoverage && all.start[row] >= this.#since && all.end[row] <= this.#until,
    )
  }
}

/** The same rows under the columns `names`; NaN where a batch lacks one, because its role appeared later. */
function withColumns(batch: FeatureBatch, names: readonly string[]): FeatureBatch {
  if (batch.names.length === names.length && names.every((name, column) => batch.names[column] === name)) return batch
  const values = new Float64Array(batch.length * names.length).fill(NaN)
  names.forEach((name, column) => {
    const from = batch.names.indexOf(name)
    if (from < 0) return
    for (let row = 0; row < batch.length; row++) {
      values[row * names.length + column] = batch.values[row * batch.names.length + from]
    }
  })
  return { ...batch, names, values }
}

/** The wanted rows, the newest revision of each window only, ascending by (end, asset). */
function newestRevisions(batch: FeatureBatch, wanted: (row: number) => boolean): FeatureBatch {
  const newest = new Map<string, number>()
  for (let row = 0; row < batch.length; row++) newest.set(`${batch.asset[row]} ${batch.end[row]}`, row)
  const rows = [...newest.values()].filter(wanted)
  rows.sort((a, b) => batch.end[a] - batch.end[b] || (batch.asset[a] < batch.asset[b] ? -1 : 1))
  const width = batch.names.length
  const values = new Float64Array(rows.length * width)
  rows.forEach((row, to) => values.set(batch.values.subarray(row * width, (row + 1) * width), to * width))
  return {
    length: rows.length,
    names: batch.names,
    values,
    asset: rows.map((row) => batch.asset[row]),
    start: Float64Array.from(rows, (row) => batch.start[row]),
    end: Float64Array.from(rows, (row) => batch.end[row]),
    coverage: Float64Array.from(rows, (row) => batch.coverage[row]),
    revision: Uint16Array.from(rows, (row) => batch.revision[row]),
  }
}
