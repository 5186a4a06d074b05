// Longer than others: the data flow is read in one go.
import { Subject, share } from 'rxjs'
import type { Config } from '../settings/index.ts'
import { aggregate } from './aggregate.ts'
import { Alarms } from './alarms.ts'
import { carryOver, fingerprints } from './carry-over.ts'
import { Checkpoint } from './checkpoint.ts'
import { clean } from './clean.ts'
import { isForDecider, type Decider } from './decider.ts'
import {
  AssetClass,
  type Batch,
  type ConditionEvent,
  type CorrectionEvent,
  type DecisionEvent,
  type Detector,
  type Entry,
  type InspectionEvent,
  type JournalEvent,
  type JournalRecord,
  type Metrics,
  type ModelEvent,
  type OpinionEvent,
  type Prediction,
  type TagTable,
  arrivalOf,
  emptyBatch,
  valuesModel,
} from '../core/index.ts'
import { markBeyond } from '../operators/index.ts'
import { postsAfter } from '../learning/index.ts'
import { Monitor } from './monitor.ts'
import type { Rival } from './rival.ts'
import { SignalWatch } from '../signals/index.ts'

export interface PipelineOptions {
  readonly config: Pick<Config, 'clean' | 'assets' | 'monitors'> & Partial<Pick<Config, 'aggregates'>>
  readonly tags: TagTable
  readonly metrics: Metrics
  /** The detector of a model version, when a record puts it to work. Undefined where it cannot be had: no opinion then. */
  detector(monitor: string, version: string): Promise<Detector | undefined>
  /** Lives of models that judge outside the pipeline, fresh: it tells them what the journal says, and keeps them. By name. */
  readonly lives?: ReadonlyMap<string, ModelLife>
  /** Decides by what it concludes, fresh. */
  readonly decider?: Decider | undefined
  /** Whether the cleaned samples, and what `aggregates` make of them, are results too. */
  readonly keepSamples: boolean
  /** What `save` returned at an earlier time. */
  readonly saved?: unknown
}

/** Versions of a monitor's models. */
interface SavedModels {
  readonly active: string
  readonly rival?: { readonly version: string; readonly role: Rival['role'] }
}

/** What follows the events of the journal, and is kept in the checkpoint. */
export interface ModelLife {
  take(event: OpinionEvent | CorrectionEvent | InspectionEvent | ModelEvent): void
  save(): unknown
  load(saved: unknown): void
}

interface Saved {
  readonly states: Record<string, unknown>
  readonly located: Record<string, readonly number[]>
  readonly models: Record<string, SavedModels>
  readonly alarms: unknown
  /** The settings it was made with, see `carryOver`. */
  readonly made?: Record<string, string>
}

/**
 * The data flow: samples -> clean -> each monitor's (clean -> window -> features -> score) -> alarms -> results.
 * A deterministic function of the entries it is given: live, replay and training run this same code.
 */
export class Pipeline {
  readonly monitors: ReadonlyMap<string, Monitor>
  readonly alarms: Alarms
  /** See `PipelineOptions`. */
  readonly lives: ReadonlyMap<string, ModelLife>
  /** Names of models of `lives` that have just taken a step. */
  readonly steps = new Subject<string>()
  /** Cleaned samples, as they pass. */
  readonly cleaned = new Subject<Batch>()
  /** What the decider decided. */
  readonly decided = new Subject<readonly DecisionEvent[]>()
  /** Predictions, as they are made. */
  readonly predictions = new Subject<readonly Prediction[]>()
  readonly #options: PipelineOptions
  readonly #input = new Subject<Batch>()
  readonly #classes = new Map<string, AssetClass>()
  readonly #checkpoint: Checkpoint
  #records: Batch[] = []
  /** What is wrong with signals, since the last conclusion. */
  readonly #conditions: ConditionEvent[] = []

  private constructor(options: PipelineOptions, saved: Saved | undefined) {
    const { config, tags, metrics } = options
    this.#options = options
    this.#checkpoint = new Checkpoint(saved?.states)
    this.alarms = new Alarms(
      Object.fromEntries(Object.entries(config.monitors).map(([key, value]) => [key, value.alarm])),
    )
    if (saved) this.alarms.load(saved.alarms)
    const context = { tags, metrics, keeper: this.#checkpoint }
    const cleaned = this.#input.pipe(
      markBeyond({ ...context, name: 'range' }),
      clean(config.clean, 'clean', context),
      share(),
    )
    cleaned.subscribe((batch) => {
      if (options.keepSamples && batch.length > 0) this.#records.push(batch)
      this.cleaned.next(batch)
    })
    const monitors = Object.entries(config.monitors).map(([name, settings]) => {
      const assets = this.#assetClass(settings.assets, saved)
      const keeper = this.#checkpoint.within(`monitors/${name}`)
      return [name, new Monitor(name, settings, cleaned, { tags, metrics, assets, keeper })] as const
    })
    this.monitors = new Map(monitors)
    this.#watchSignals()
    for (const [name, settings] of Object.entries(options.keepSamples ? (config.aggregates ?? {}) : {})) {
      const assets = this.#assetClass(settings.assets, saved)
      const keeper = this.#checkpoint.within(`aggregates/${name}`)
      aggregate(name, settings, cleaned, { tags, metrics, assets, keeper }).subscribe((batch) => {
        if (batch.length > 0) this.#records.push(batch)
      })
    }
    this.lives = options.lives ?? new Map()
    for (const [name, life] of this.lives) this.#checkpoint.keep(lifeKey(name), life)
    if (options.decider) this.#attach(options.decider)
  }

  static async create(options: PipelineOptions): Promise<Pipeline> {
    const saved = carryOver(options.saved as Saved | undefined, options.config)
    const pipeline = new Pipeline(options, saved)
    for (const [name, { active, rival }] of Object.entries(saved?.models ?? {})) {
      const monitor = pipeline.monitors.get(name)
      if (!monitor) continue
      await monitor.use(active, await options.detector(name, active), { resumed: true })
      if (rival) await monitor.challenge(rival.version, await options.detector(name, rival.version), rival.role)
    }
    return pipeline
  }

  get tags(): TagTable {
    return this.#options.tags
  }

  /** Classes of assets seen by the monitors, by name. */
  get classes(): ReadonlyMap<string, AssetClass> {
    return this.#classes
  }

  /** Number of assets seen. */
  get assets(): number {
    return [...this.#classes.values()].reduce((sum, { assets }) => sum + assets.length, 0)
  }

  /** Handles entries in order; resolves with what they led to. The last entry's offset is the origin of all of it. */
  async handle(entries: readonly Entry[]): Promise<JournalRecord[]> {
    const { decider } = this.#options
    const predictions: Prediction[] = []
    const events: JournalEvent[] = []
    for (const entry of entries) {
      const [made, told] = [predictions.length, events.length]
      if (entry.kind === 'samples') this.#input.next(entry.batch)
      else if (entry.kind === 'event') {
        await this.#conclude(predictions, events)
        events.push(...(await this.#apply(entry.event)))
      }
      if (!decider) continue
      // What is decided at an entry must not depend on which entries are handled together.
      await this.#conclude(predictions, events)
      const decided = decider.take(entry, predictions.slice(made), events.slice(told))
      events.push(...decided)
      if (decided.length > 0) this.decided.next(decided)
    }
    await this.#conclude(predictions, events)
    const last = entries.at(-1)
    return last ? this.#collect(predictions, events, last.offset, arrivalOf(last)) : []
  }

  /** Closes every open window: the data has ended. */
  async finish(origin: number, arrival: number): Promise<JournalRecord[]> {
    this.#input.complete()
    const predictions: Prediction[] = []
    const events: JournalEvent[] = []
    await this.#conclude(predictions, events)
    return this.#collect(predictions, events, origin, arrival)
  }

  /** Everything that the next entries' results depend on, CBOR-encodable. Call it between two `handle`. */
  save(): unknown {
    const located = Object.fromEntries([...this.#classes].map(([name, { located }]) => [name, located]))
    const saved: Saved = {
      states: this.#checkpoint.save(),
      located,
      models: this.#models(),
      alarms: this.alarms.save(),
      made: fingerprints(this.#options.config),
    }
    return saved
  }

  async close(): Promise<void> {
    for (const monitor of this.monitors.values()) await monitor.use(undefined, undefined)
  }

  #attach(decider: Decider): void {
    decider.begin(this.alarms.open())
    this.#checkpoint.keep('decisions', decider)
    this.cleaned.subscribe((batch) => decider.samples(batch))
    for (const [name, { vectors }] of this.monitors)
      if (decider.monitors.has(name)) vectors.subscribe((features) => decider.windows(name, features))
  }

  /** The signals of each class that is to be watched, by the windows of its first monitor. */
  #watchSignals(): void {
    const { config, tags } = this.#options
    for (const [name, { watch, signals }] of Object.entries(config.assets)) {
      const monitor = [...this.monitors.values()].find(({ settings }) => settings.assets === name)
      if (!watch || !monitor) continue
      const watcher = new SignalWatch(this.#classes.get(name)!, tags, signals)
      this.#checkpoint.within(`monitors/${monitor.name}`).keep('signals', watcher)
      monitor.windows.subscribe((windows) => this.#conditions.push(...watcher.take(windows)))
    }
  }

  async #conclude(predictions: Prediction[], events: JournalEvent[]): Promise<void> {
    for (const condition of this.#conditions.splice(0)) events.push(...this.alarms.meet(condition))
    for (const monitor of this.monitors.values()) {
      const made = await monitor.conclude()
      for (const prediction of made) {
        predictions.push(prediction)
        for (const event of this.alarms.update(prediction)) events.push(event)
      }
      if (made.length > 0) this.predictions.next(made)
    }
  }

  async #apply(event: JournalEvent): Promise<JournalEvent[]> {
    if (event.type === 'action') return this.alarms.act(event)
    if (event.type === 'clock') {
      this.#input.next({ ...emptyBatch('', event.time), stepped: event.step })
      this.alarms.stepped(event.step)
    }
    if (event.type === 'condition') return this.alarms.meet(event)
    if (event.type === 'label') for (const monitor of this.monitors.values()) monitor.label(event)
    if (event.type === 'model') await this.#step(event)
    if (event.type === 'inspection' || event.type === 'correction' || event.type === 'opinion') {
      for (const name of [event.station, valuesModel(event.station)]) this.lives.get(name)?.take(event)
    }
    return event.type === 'opinion' || isForDecider(event) ? [] : [event]
  }

  /** A step in the life of a model. */
  async #step(event: ModelEvent): Promise<void> {
    const { monitor: name, step, version, time } = event
    const life = this.lives.get(name)
    life?.take(event)
    if (life) this.steps.next(name)
    const monitor = this.monitors.get(name)
    if (!monitor) return
    if (step === 'training') monitor.training(time)
    const before = { model: monitor.model, rival: monitor.rival }
    const posts = postsAfter(before, event)
    if (posts === before) return
    const load = () => this.#options.detector(name, version)
    if (posts.rival?.role === 'challenger') await monitor.challenge(version, await load())
    else if (posts.model === version) {
      const known = before.rival?.version === version ? before.rival.detector : undefined
      await monitor.use(version, known ?? (await load()), { predecessor: posts.rival !== undefined })
    } else await monitor.dismiss()
  }

  #models(): Record<string, SavedModels> {
    const models: Record<string, SavedModels> = {}
    for (const [name, { model, rival }] of this.monitors) {
      if (model === undefined) continue
      models[name] = { active: model, ...(rival && { rival: { version: rival.version, role: rival.role } }) }
    }
    return models
  }

  #collect(predictions: Prediction[], events: JournalEvent[], origin: number, arrival: number): JournalRecord[] {
    const records: JournalRecord[] = this.#records.map((batch) => ({ kind: 'samples', batch, origin }))
    this.#records = []
    if (predictions.length > 0) records.push({ kind: 'predictions', predictions, origin })
    for (const event of events) {
      if (event.type === 'alarm') {
        this.#options.metrics.count('alarms_total', 1, { monitor: event.monitor, change: event.change })
      }
      records.push({ kind: 'event', event, arrival, origin })
    }
    return records
  }

  #assetClass(name: string, saved: Saved | undefined): AssetClass {
    let assets = this.#classes.get(name)
    if (!assets) {
      assets = new AssetClass(name, this.#options.config.assets[name].tags, this.#options.tags)
      for (const tag of saved?.located[name] ?? []) assets.locate(tag)
      this.#classes.set(name, assets)
    }
    return assets
  }
}

/** Key of a life in a saved state. */
function lifeKey(name: string): string {
  return `stations/${name}`
}

/** Gives a life the state it had, by what `save` returned. */
export function loadLife(saved: unknown, name: string, life: ModelLife): void {
  const state = (saved as Saved | undefined)?.states[lifeKey(name)]
  if (state !== undefined) life.load(state)
}
