import { loadDetector, trainModel, type ModelBundle } from '../../models/index.ts'
import type { Registry } from '../../models/registry.ts'
import type { Config } from '../settings/index.ts'
import {
  type Arrival,
  type Entry,
  type JournalEvent,
  type JournalRecord,
  type ModelStep,
  type TagTable,
  describeError,
  silentMetrics,
  sliceRows,
} from '../core/index.ts'
import { Collector, Labels, signalsOf, trainingInput } from '../training/index.ts'
import { SignalStudy } from '../signals/index.ts'
import { type Decider, type Monitor, MonitorLearner, Pipeline } from '../pipeline/index.ts'

export interface ReplayOptions {
  readonly config: Config
  readonly tags: TagTable
  /** What came in, in order. */
  readonly arrivals: AsyncIterable<Arrival> | Iterable<Arrival>
  /** Models trained earlier: a monitor that has one works with it throughout. Without, it learns as it would live. */
  readonly registry?: Registry
  /** The version that a monitor works with; the newest of the registry where absent. */
  readonly versions?: Readonly<Record<string, string>>
  /** Where the models that it learned and put to work are kept, in that order. */
  readonly keep?: Registry
  /** Decides by what the pipeline concludes. */
  readonly decider?: Decider
  /** Gets the results, in order; the replay waits for it. */
  results(records: readonly JournalRecord[]): void | Promise<void>
  progress?(samples: number): void
}

export interface ReplaySummary {
  readonly samples: number
  readonly rejected: number
  /** Version in use at the end, by monitor; undefined where none was learned. */
  readonly models: Readonly<Record<string, string | undefined>>
  /** Versions under which `keep` has what was learned, by monitor, the newest last. */
  readonly kept: Readonly<Record<string, readonly string[]>>
  /** Assets of which there was data. */
  readonly assets: number
}

/** The live pipeline on a virtual clock: event time alone drives it, as fast as the machine goes. */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const run = await Replay.start(options)
  for await (const arrival of options.arrivals) await run.take(arrival)
  return run.finish()
}

/** Rows handled at a time while a monitor learns: what is decided takes effect there. */
const learningStep = 32

/** What a monitor that learns in a replay learns from. */
interface Learner {
  readonly monitor: Monitor
  readonly collector: Collector
}

class Replay {
  readonly #options: ReplayOptions
  readonly #pipeline: Pipeline
  readonly #bundles: Map<string, ModelBundle>
  readonly #learners: Learner[] = []
  readonly #labels = new Labels()
  readonly #study: SignalStudy
  /** Versions as they were put to work. */
  readonly #worked: { readonly name: string; readonly version: string }[] = []
  #offset = 0
  #samples = 0
  #rejected = 0
  #arrival = 0

  private constructor(options: ReplayOptions, pipeline: Pipeline, bundles: Map<string, ModelBundle>) {
    this.#options = options
    this.#pipeline = pipeline
    this.#bundles = bundles
    this.#study = new SignalStudy(options.tags)
  }

  static async start(options: ReplayOptions): Promise<Replay> {
    const bundles = new Map<string, ModelBundle>()
    const pipeline = await Pipeline.create({
      config: options.config,
      tags: options.tags,
      metrics: silentMetrics,
      decider: options.decider,
      keepSamples: true,
      detector: (monitor, version) => {
        const { model } = options.config.monitors[monitor]
        return loadDetector(model.type === 'onnx' ? model : bundles.get(`${monitor}/${version}`)!)
      },
    })
    const run = new Replay(options, pipeline, bundles)
    for (const monitor of pipeline.monitors.values()) await run.#prepare(monitor)
    return run
  }

  async take(arrival: Arrival): Promise<void> {
    const { batch, rejected = [], events = [] } = arrival
    this.#rejected += rejected.reduce((rows, letter) => rows + letter.rows, 0)
    this.#arrival = batch.arrival
    // Of a file with labels alone: time passes with its rows all the same.
    if (batch.length === 0 && batch.paced) await this.#handle({ kind: 'samples', batch, offset: this.#offset++ })
    for (let from = 0; from < batch.length;) {
      const step = this.#learners.length > 0 ? learningStep - (this.#samples % learningStep) : batch.length
      const to = Math.min(from + step, batch.length)
      await this.#handle({ kind: 'samples', batch: sliceRows(batch, from, to), offset: this.#offset++ })
      this.#samples += to - from
      // Where the rows are, not where a batch ends, decides when something is learned.
      if (this.#samples % learningStep === 0) for (const learner of this.#learners) await this.#learn(learner)
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
    const kept = await this.#keep()
    return { samples: this.#samples, rejected: this.#rejected, models, kept, assets: this.#pipeline.assets }
  }

  /** In the order in which they went to work: the newest in the registry is the one at work at the end. */
  async #keep(): Promise<Record<string, string[]>> {
    const { keep } = this.#options
    const kept: Record<string, string[]> = {}
    for (const { monitor } of keep ? this.#learners : []) {
      const worked = this.#worked.filter(({ name }) => name === monitor.name).map(({ version }) => version)
      for (const [at, version] of worked.entries()) {
        if (worked.lastIndexOf(version) > at) continue
        const stored = await keep!.register(this.#bundles.get(`${monitor.name}/${version}`)!)
        ;(kept[monitor.name] ??= []).push(stored)
      }
    }
    return kept
  }

  async #prepare(monitor: Monitor): Promise<void> {
    const { name, settings } = monitor
    if (!monitor.learns) return this.#step(monitor, 'active', 'file', 'named in the configuration')
    const { registry, versions } = this.#options
    const version = versions?.[name] ?? (await registry?.versions(name))?.at(-1)
    if (version !== undefined && registry) {
      this.#bundles.set(`${name}/${version}`, await registry.load(name, version))
      return this.#step(monitor, 'active', version, 'from the registry')
    }
    const collector = new Collector(settings.min_coverage)
    if (this.#learners.length === 0) this.#pipeline.cleaned.subscribe((batch) => this.#study.take(batch))
    this.#learners.push({ monitor, collector })
    monitor.vectors.subscribe((vectors) => collector.add(vectors))
  }

  /** The next step in the life of the monitor's model, as it would come live; a training takes no time here. */
  async #learn({ monitor, collector }: Learner): Promise<void> {
    const decision = new MonitorLearner(monitor).decide()
    if (!decision) return
    if (decision.step !== 'train') return this.#step(monitor, decision.step, decision.version, decision.why)
    const { standing, name, settings } = monitor
    await this.#step(monitor, 'training', standing.model ?? '', decision.why)
    try {
      collector.forget(standing.newest - settings.learn.history)
      const signals = signalsOf(this.#pipeline, settings, this.#options.config, this.#study)
      const meta = { created: this.#arrival, parent: standing.model, why: decision.why, signals }
      const bundle = await trainModel(settings.model, trainingInput(name, settings, collector, this.#labels, meta))
      const { version, training } = bundle.manifest
      this.#bundles.set(`${name}/${version}`, bundle)
      await this.#step(
        monitor,
        standing.working ? 'shadow' : 'active',
        version,
        `trained from ${training.used} windows`,
      )
    } catch (error) {
      await this.#step(monitor, 'failed', '', describeError(error))
    }
  }

  #step(monitor: Monitor, step: ModelStep, version: string, detail: string): Promise<void> {
    const { newest } = monitor.standing
    if (step === 'active' || step === 'rollback') this.#worked.push({ name: monitor.name, version })
    const time = Number.isNaN(newest) ? this.#arrival : newest
    return this.#event({ type: 'model', time, monitor: monitor.name, step, version, detail })
  }

  #event(event: JournalEvent): Promise<void> {
    if (event.type === 'label') this.#labels.add(event)
    return this.#handle({ kind: 'event', event, arrival: this.#arrival, offset: this.#offset++ })
  }

  async #handle(entry: Entry): Promise<void> {
    const records = await this.#pipeline.handle([entry])
    if (records.length > 0) await this.#options.results(records)
  }
}
