import type { Registry } from '../../models/index.ts'
import type {
  Batch,
  Clock,
  DecisionEvent,
  FeatureBatch,
  Journal,
  JournalEvent,
  Logger,
  Metrics,
  Prediction,
} from '../core/index.ts'
import { detectorLoader, fileVersion, Live, Pipeline, pipelineCursor, type Precautions } from '../pipeline/index.ts'
import { decisionsOf, type Decisions } from '../decisions/index.ts'
import type { Config } from '../settings/index.ts'
import { joinedMonitors, stationLives, type StationLife } from '../stations/index.ts'

/** Who looks on while the pipeline works. */
export interface Onlookers {
  cleaned(batch: Batch): void
  predicted(predictions: readonly Prediction[]): void
  /** Windows of a monitor that closed, where stations want them. */
  windowed(monitor: string, features: FeatureBatch): void
  /** A model of a station has taken a step in its life. */
  stepped(model: string): void
  /** What was decided. */
  decided(events: readonly DecisionEvent[]): void
}

export interface FlowParts {
  readonly journal: Journal
  readonly registry: Registry
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  readonly onlookers: Onlookers
  readonly precautions?: Precautions
}

/**
 * ms between checkpoints. What they hold is as large as the open windows, megabytes on a busy gateway, and its disk is
 * often flash; computing a minute again takes a second.
 */
const checkpointEvery = 60_000

/** The pipeline at work over the journal, with all who look on. A reload puts another in its place. */
export class Flow {
  readonly live: Live
  /** Offset in `samples` from which on entries come. */
  readonly from: number
  readonly #parts: FlowParts
  #pipeline: Pipeline
  #lives: ReadonlyMap<string, StationLife>
  #decisions: Decisions | undefined
  #settings: FlowSettings

  private constructor(parts: FlowParts, made: Made, from: number, settings: FlowSettings) {
    const { journal, metrics, log, clock, precautions } = parts
    const inHand = precautions?.inHand
    this.#parts = parts
    this.#pipeline = made.pipeline
    this.#lives = made.lives
    this.#decisions = made.decisions
    this.from = from
    this.#settings = settings
    const remake = (saved: unknown) => this.#make(saved)
    this.live = new Live({
      journal,
      pipeline: made.pipeline,
      remake,
      from,
      metrics,
      log,
      clock,
      checkpointEvery,
      inHand,
    })
  }

  /** Goes on from the checkpoint. `keepSamples`: whether cleaned samples are results, for sinks. */
  static async open(config: Config, keepSamples: boolean, parts: FlowParts): Promise<Flow> {
    const checkpoint = parts.journal.cursor(pipelineCursor)
    const made = await make(config, keepSamples, parts, checkpoint?.state)
    const from = checkpoint?.offset ?? parts.journal.stats('samples').first
    return new Flow(parts, made, from, { config, keepSamples })
  }

  get pipeline(): Pipeline {
    return this.#pipeline
  }

  /** Where the models of stations are in their lives, by name: of a station, or `valuesModel` of it. */
  get lives(): ReadonlyMap<string, StationLife> {
    return this.#lives
  }

  /** What actions decide; undefined where there are none. */
  get decisions(): Decisions | undefined {
    return this.#decisions
  }

  /** Entries that the pipeline has not handled. */
  get lag(): number {
    return this.#parts.journal.stats('samples').next - this.live.next
  }

  /** Goes on by other settings from the next entry on. */
  async swap(config: Config, keepSamples: boolean): Promise<void> {
    await this.live.swap((saved) => {
      this.#settings = { config, keepSamples }
      return this.#make(saved)
    })
  }

  async #make(saved: unknown): Promise<Pipeline> {
    const { config, keepSamples } = this.#settings
    const made = await make(config, keepSamples, this.#parts, saved)
    this.#lives = made.lives
    this.#decisions = made.decisions
    return (this.#pipeline = made.pipeline)
  }

  /** Monitors without a model get the newest of the registry, or the user's file: as a record, so that a replay knows. */
  async putToWork(config: Config, record: (event: JournalEvent) => Promise<void>): Promise<void> {
    const { registry, clock } = this.#parts
    for (const [monitor, { model }] of this.#pipeline.monitors) {
      const settings = config.monitors[monitor].model
      const file = settings.type === 'onnx' ? await fileVersion(settings.file) : undefined
      const version = file ?? (model === undefined ? (await registry.versions(monitor)).at(-1) : undefined)
      if (version === undefined || version === model) continue
      const detail = file === undefined ? 'newest in the registry' : 'named in the configuration'
      await record({ type: 'model', time: clock.now(), monitor, step: 'active', version, detail })
    }
  }
}

interface FlowSettings {
  readonly config: Config
  /** Whether cleaned samples are results. */
  readonly keepSamples: boolean
}

interface Made {
  readonly pipeline: Pipeline
  readonly lives: ReadonlyMap<string, StationLife>
  readonly decisions: Decisions | undefined
}

async function make(config: Config, keepSamples: boolean, parts: FlowParts, saved: unknown): Promise<Made> {
  const { journal, registry, metrics, log, onlookers, precautions } = parts
  const lives = stationLives(config.inspections)
  const detector = detectorLoader(config, registry, log, precautions)
  const decisions = decisionsOf(config, journal.tags, saved)
  const made = { config, tags: journal.tags, metrics, detector, lives, keepSamples, saved, decider: decisions }
  const pipeline = await Pipeline.create(made)
  pipeline.cleaned.subscribe((batch) => onlookers.cleaned(batch))
  pipeline.predictions.subscribe((predictions) => onlookers.predicted(predictions))
  pipeline.steps.subscribe((model) => onlookers.stepped(model))
  pipeline.decided.subscribe((events) => onlookers.decided(events))
  for (const monitor of joinedMonitors(config)) {
    pipeline.monitors.get(monitor)?.vectors.subscribe((features) => onlookers.windowed(monitor, features))
  }
  return { pipeline, lives, decisions }
}
