import type { Config } from './components.ts'
import { trainModel, type ModelBundle } from '../models/index.ts'
import { DetectorError, silentMetrics, type Entry, type FeatureBatch, type TagTable } from './core/index.ts'
import { joinFeatures } from './monitor.ts'
import { Pipeline } from './pipeline.ts'

export interface TrainingJob {
  readonly config: Pick<Config, 'clean' | 'assets' | 'monitors'>
  readonly monitor: string
  readonly tags: TagTable
  /** Chunks of the samples stream, or of a file. */
  readonly entries: AsyncIterable<readonly Entry[]> | Iterable<readonly Entry[]>
  /** Written into the bundle; ms since epoch. */
  readonly created: number
  /** Called with the number of windows collected so far. */
  progress?(windows: number): void
}

/** Learns a monitor's model from entries, through the same pipeline that scores them live. Throws a DetectorError. */
export async function learn(job: TrainingJob, signal: AbortSignal): Promise<ModelBundle> {
  const { monitor, config, tags } = job
  const settings = config.monitors[monitor]
  const pipeline = await Pipeline.create({
    config: { ...config, monitors: { [monitor]: settings } },
    tags,
    metrics: silentMetrics,
    detector: () => Promise.resolve(undefined),
    keepSamples: false,
  })
  const collector = new Collector(settings.min_coverage)
  pipeline.monitors.get(monitor)!.vectors.subscribe((vectors) => collector.add(vectors))
  for await (const chunk of job.entries) {
    signal.throwIfAborted()
    await pipeline.handle(chunk)
    job.progress?.(collector.length)
  }
  return trainModel(settings.model, { features: collector.peek(), monitor, created: job.created }, { signal })
}

/** Gathers the windows a model may learn from: well covered, and with the columns of the newest one. */
export class Collector {
  readonly #minCoverage: number
  #batches: FeatureBatch[] = []
  #length = 0

  constructor(minCoverage: number) {
    this.#minCoverage = minCoverage
  }

  get length(): number {
    return this.#length
  }

  add(vectors: FeatureBatch): void {
    this.#batches.push(vectors)
    this.#length += vectors.length
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
    return newestRevisions(joinFeatures(this.#batches.map((batch) => withColumns(batch, names))), this.#minCoverage)
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

/** Well-covered rows, the newest revision of each window only, ascending by (end, asset). */
function newestRevisions(batch: FeatureBatch, minCoverage: number): FeatureBatch {
  const newest = new Map<string, number>()
  for (let row = 0; row < batch.length; row++) newest.set(`${batch.asset[row]} ${batch.end[row]}`, row)
  const rows = [...newest.values()].filter((row) => batch.coverage[row] >= minCoverage)
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
