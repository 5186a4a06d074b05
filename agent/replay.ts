import { loadDetector, trainModel, type ModelBundle } from '../models/index.ts'
import type { Registry } from '../models/registry.ts'
import type { Config } from './components.ts'
import {
  silentMetrics,
  sliceRows,
  type Arrival,
  type DeadLetter,
  type Entry,
  type JournalEvent,
  type JournalRecord,
  type TagTable,
} from './core/index.ts'
import { Pipeline } from './pipeline.ts'
import { Collector } from './training.ts'

export interface ReplayOptions {
  readonly config: Config
  readonly tags: TagTable
  /** What came in, in order. */
  readonly arrivals: AsyncIterable<Arrival> | Iterable<Arrival>
  /** Models trained earlier. Without it, or where it has none, a monitor learns from the data as it would live. */
  readonly registry?: Registry
  /** Gets the results, in order; the replay waits for it. */
  results(records: readonly JournalRecord[]): void | Promise<void>
  rejected?(letters: readonly DeadLetter[]): void
  progress?(samples: number): void
}

export interface ReplaySummary {
  readonly samples: number
  readonly rejected: number
  /** Version in use at the end, by monitor; undefined where none was learned. */
  readonly models: Readonly<Record<string, string | undefined>>
}

/** The live pipeline on a virtual clock: event time alone drives it, as fast as the machine goes. */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const run = await Replay.start(options)
  for await (const arrival of options.arrivals) await run.take(arrival)
  return run.finish()
}

/** Rows handled at a time while a monitor learns. */
const learningStep = 32

class Replay {
  readonly #options: ReplayOptions
  readonly #pipeline: Pipeline
  readonly #bundles: Map<string, ModelBundle>
  readonly #collectors = new Map<string, Collector>()
  /** Span of event time at which a monitor is tried next, ms. */
  readonly #due = new Map<string, number>()
  #offset = 0
  #samples = 0
  #rejected = 0
  #arrival = 0

  private constructor(options: ReplayOptions, pipeline: Pipeline, bundles: Map<string, ModelBundle>) {
    this.#options = options
    this.#pipeline = pipeline
    this.#bundles = bundles
  }

  static async start(options: ReplayOptions): Promise<Replay> {
    const bundles = new Map<string, ModelBundle>()
    const pipeline = await Pipeline.create({
      config: options.config,
      tags: options.tags,
      metrics: silentMetrics,
      keepSamples: true,
      detector: (monitor, version) => {
        const { model } = options.config.monitors[monitor]
        return loadDetector(model.type === 'onnx' ? model : bundles.get(`${monitor}/${version}`)!)
      },
    })
    const run = new Replay(options, pipeline, bundles)
    for (const name of pipeline.monitors.keys()) await run.#prepare(name)
    return run
  }

  async take(arrival: Arrival): Promise<void> {
    const { batch, rejected = [], events = [] } = arrival
    this.#samples += batch.length
    this.#rejected += rejected.reduce((rows, letter) => rows + letter.rows, 0)
    if (rejected.length > 0) this.#options.rejected?.(rejected)
    this.#arrival = batch.arrival
    for (let from = 0; from < batch.length;) {
      // In small steps while a monitor learns, so that its training ends where it would have ended live.
      const to = this.#collectors.size > 0 ? from + learningStep : batch.length
      await this.#handle({ kind: 'samples', batch: sliceRows(batch, from, to), offset: this.#offset++ })
      for (const [name, collector] of this.#collectors) await this.#learnIfDue(name, collector)
      from = to
    }
    for (const event of events) await this.#event(event)
    arrival.settled?.(true)
    this.#options.progress?.(this.#samples)
  }

  async finish(): Promise<ReplaySummary> {
    await this.#options.results(await this.#pipeline.finish(this.#offset, this.#arrival))
    const models = Object.fromEntries([...this.#pipeline.monitors].map(([name, { model }]) => [name, model]))
    await this.#pipeline.close()
    return { samples: this.#samples, rejected: this.#rejected, models }
  }

  async #prepare(name: string): Promise<void> {
    const monitor = this.#pipeline.monitors.get(name)!
    if (!monitor.learns) return this.#activate(name, 'file', 'named in the configuration')
    const version = (await this.#options.registry?.versions(name))?.at(-1)
    if (version !== undefined) {
      this.#bundles.set(`${name}/${version}`, await this.#options.registry!.load(name, version))
      return this.#activate(name, version, 'newest in the registry')
    }
    const collector = new Collector(monitor.settings.min_coverage)
    this.#collectors.set(name, collector)
    monitor.vectors.subscribe((vectors) => collector.add(vectors))
  }

  async #learnIfDue(name: string, collector: Collector): Promise<void> {
    const { settings, collected } = this.#pipeline.monitors.get(name)!
    if (collected.span < (this.#due.get(name) ?? settings.learn.after)) return
    this.#due.set(name, collected.span + settings.learn.after / 4)
    const features = collector.peek()
    const signal = new AbortController().signal
    try {
      const bundle = await trainModel(settings.model, { features, monitor: name, created: this.#arrival }, { signal })
      this.#bundles.set(`${name}/${bundle.manifest.version}`, bundle)
      this.#collectors.delete(name)
      await this.#activate(name, bundle.manifest.version, `trained from ${features.length} windows`)
    } catch (error) {
      await this.#event({
        type: 'model',
        time: this.#arrival,
        monitor: name,
        step: 'failed',
        version: '',
        detail: String(error),
      })
    }
  }

  #activate(monitor: string, version: string, detail: string): Promise<void> {
    return this.#event({ type: 'model', time: this.#arrival, monitor, step: 'active', version, detail })
  }

  #event(event: JournalEvent): Promise<void> {
    return this.#handle({ kind: 'event', event, arrival: this.#arrival, offset: this.#offset++ })
  }

  async #handle(entry: Entry): Promise<void> {
    const records = await this.#pipeline.handle([entry])
    if (records.length > 0) await this.#options.results(records)
  }
}
