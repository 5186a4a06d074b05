// Longer than others: everything that works on one journal is made, started and stopped in sight of each other.
import { join } from 'node:path'
import { ModelTrials, type Registry } from '../../models/index.ts'
import { createStudio } from '../../models/inspection/studio/studio.ts'
import { createConnections, pkiFolders, Trust, type Connection } from '../connections/index.ts'
import {
  describeError,
  lasting,
  settingsEnvironment,
  streams,
  valuesModel,
  type Clock,
  type InHand,
  type Journal,
  type JournalEvent,
  type Logger,
} from '../core/index.ts'
import { Desk, Executor, farSides, StopFile } from '../decisions/index.ts'
import { Ingest } from '../ingest/index.ts'
import { Learning, ModelRequests, type Learner } from '../learning/index.ts'
import { Letters } from '../letters/index.ts'
import { MonitorLearner, pipelineCursor } from '../pipeline/index.ts'
import { Marks, Starts } from '../process/index.ts'
import { type Config, monitorModels, secretsOf, stationModels } from '../settings/index.ts'
import { Gallery, Inspections } from '../stations/index.ts'
import { shelfOf, trainingScript } from '../training/index.ts'
import { Annals, HealthTrends, HistoryReader, InspectionsView, Newest, View, type ViewParts } from '../view/index.ts'
import type { Changes } from './changes.ts'
import { Deliveries } from './deliveries.ts'
import { DiskWatch } from './disk.ts'
import { Flow, type Onlookers } from './flow.ts'
import { LeftOut } from './left-out.ts'
import type { MetricsRegistry } from './metrics.ts'
import { openWithCare } from './opening.ts'
import { Readings } from './readings.ts'
import { SilenceWatch } from './silence.ts'
import { Stops } from './stops.ts'
import { tickFor, trim } from './upkeep.ts'

/** The configuration of a unit, and what it was read from, for the training process. */
export interface Setting {
  /** `data` is the folder of the unit alone. */
  readonly config: Config
  readonly text: string
  readonly args: readonly string[]
}

export interface UnitOptions {
  readonly setting: Setting
  readonly log: Logger
  readonly clock: Clock
  readonly counted: MetricsRegistry
  /** A simulated plant that the page may inject faults into. */
  readonly plant?: ViewParts['plant']
  /** Aborted where the start is given up. */
  readonly signal?: AbortSignal
}

/** What earlier processes left behind. */
interface Past {
  readonly starts: Starts
  readonly leftOut: LeftOut
  readonly inHand?: InHand
}

/**
 * One journal with all that works on it: pipeline, learning, stations, deliveries, view. Units know nothing of each other,
 * and hold all of their state in their own folder: a plant may be cut by asset into several, in one process or in many.
 */
export class Unit {
  readonly view: View
  readonly ingest: Ingest
  readonly journal: Journal
  /** The configured connectors, as this unit has them; their sources are the router's. */
  readonly connections: Connection[]
  readonly #options: UnitOptions
  readonly #stations: Inspections
  readonly #gallery: Gallery
  readonly #learning: Learning
  readonly #deliveries: Deliveries
  readonly #readings: Readings
  readonly #disk: DiskWatch
  readonly #executor: Executor
  readonly #annals: Annals
  readonly #newest: Newest
  readonly #registry: Registry
  readonly #stopping = new AbortController()
  readonly #stops: Stops
  readonly #past: Past
  #flow!: Flow
  #setting: Setting
  /** ms that the clock was set forward: by a wrong one nothing is too old. */
  #ahead = 0
  #failure: string | undefined
  #stationsStarted: Promise<void> = Promise.resolve()
  #done: Promise<void> = Promise.resolve()

  /**
   * Opens the journal, on a full disk as soon as there is room, and loads what was there at the last checkpoint; nothing works
   * yet. Rejects with a JournalError, or with the reason of the signal.
   */
  static async open(options: UnitOptions): Promise<Unit> {
    const { setting, log, counted, signal } = options
    const { config } = setting
    const starts = new Starts(config.data)
    const journal = await openWithCare({ config, starts, metrics: counted.metrics, log, signal })
    // The folder is this process's own from here on.
    const marks = new Marks(config.data, starts.unclean)
    const leftOut = new LeftOut({ config, starts, marks, log, metrics: counted.metrics })
    starts.enter('start')
    const stops = new Stops(log)
    stops.add('the word of a stop', () => {
      marks.close()
      starts.stopped()
    })
    stops.add('the journal', () => journal.close())
    try {
      const unit = new Unit(options, journal, stops, { starts, leftOut, ...(marks.needed && { inHand: marks }) })
      await unit.#load()
      return unit
    } catch (error) {
      await stops.run().catch(() => undefined)
      throw error
    }
  }

  private constructor(options: UnitOptions, journal: Journal, stops: Stops, past: Past) {
    const { setting, log, clock, counted } = options
    const { config } = setting
    const { metrics } = counted
    const { inHand } = past
    const parts = { journal, metrics, log, clock, ...(inHand && { inHand }) }
    const studio = createStudio()
    stops.add('the images in hand', () => studio.close())
    this.#options = options
    this.#setting = setting
    this.#stops = stops
    this.#past = past
    this.journal = journal
    this.connections = createConnections(config, { ...parts, tags: journal.tags })
    this.#newest = new Newest(journal.tags)
    this.#registry = monitorModels(config)
    this.#gallery = new Gallery(
      journal,
      Object.keys(config.inspections),
      {
        imageOf: (station, part, time) => this.#stations.units.get(station)?.station.imageOf(part, time),
        shownOf: (station) => this.#stations.units.get(station)?.station.shown,
      },
      () => this.#changed(),
      studio,
    )
    this.#stations = new Inspections({
      ...{ ...parts, config, studio, gallery: this.#gallery },
      registry: stationModels(config),
      lives: () => this.#flow.lives,
    })
    this.ingest = new Ingest({ ...parts, corrections: this.#stations, tickFor: () => (this.#flow.decisions?.waits ? Infinity : tickFor(this.#setting.config)) }) // prettier-ignore
    this.#learning = new Learning({
      script: trainingScript,
      learners: () => this.#learners(),
      source: () => ({ text: this.#setting.text, args: this.#setting.args }),
      environment: () => settingsEnvironment(this.#setting.text, secretsOf(this.#setting.config)),
      log,
      clock,
      end: () => journal.stats('samples').next,
      handled: () => this.#flow.live.next,
      record: (event) => this.#record(event),
      changed: () => this.#changed(),
    })
    this.#deliveries = new Deliveries(parts)
    this.#executor = new Executor({
      ...{ clock, log, stop: new StopFile(config.data), ...farSides(() => this.#setting.config, log) },
      config: () => this.#setting.config,
      engine: () => this.#flow.decisions,
      record: (event) => this.#record(event),
    })
    journal.spare(() => ({
      samples: journal.cursor(pipelineCursor)?.offset ?? 0,
      results: this.#deliveries.owedFrom,
    }))
    this.#disk = new DiskWatch({
      ...{ folder: config.data, clock, metrics },
      journal: () => ({ bytes: bytesOf(journal), limit: config.journal.size }),
      full: () => journal.holding,
      record: (event) => this.#note(event),
    })
    this.#annals = new Annals(journal, (event) => this.#gallery.told(event))
    this.view = new View(this.#viewParts())
    this.#readings = new Readings({
      ...{ clock, log, journal, ingest: this.ingest, connections: this.connections },
      deliveries: () => this.#deliveries.readings(),
      lag: () => this.#flow.lag,
      disk: () => this.#disk.state,
      openAlarms: () => this.#flow.pipeline.alarms.open().length,
      leftOut: () => past.leftOut.size,
      skew: (source) => counted.value('clock_skew_seconds', { source }),
      record: (event) => this.#record(event),
    })
  }

  /** Rejects when the unit cannot go on; otherwise settles with the stop. */
  get done(): Promise<void> {
    return this.#done
  }

  async #load(): Promise<void> {
    const { counted, log, clock } = this.#options
    const { config } = this.#setting
    const parts = { journal: this.journal, registry: this.#registry, metrics: counted.metrics, log, clock }
    const { inHand, leftOut } = this.#past
    const trials = new ModelTrials(join(config.data, 'models'))
    const precautions = { inHand, trials, leftOut: (monitor: string) => leftOut.has(`monitor ${monitor}`) }
    this.#flow = await Flow.open(config, this.#hasSinks, { ...parts, onlookers: this.#onlookers(), precautions })
    this.#stops.add('the pipeline', () => this.#flow.pipeline.close())
    await this.#stations.open(this.#flow.from)
  }

  /** Lets it work: what is in the journal is handled, results are delivered, models learn, stations judge. Sources come after. */
  start(): void {
    const { log, clock } = this.#options
    const { starts, leftOut } = this.#past
    starts.enter('work')
    for (const { name, sink } of this.connections) {
      if (sink && leftOut.has(`sink ${name}`)) this.#deliveries.leaveOut(name, leftOut.status)
      else if (sink) this.#deliveries.start(name, sink)
    }
    this.#done = this.#flow.live.run(this.#stopping.signal).catch((error: unknown) => {
      this.#failure = `the pipeline stopped: ${describeError(error)}`
      log.error({ error }, this.#failure)
      throw error
    })
    const following = this.#annals.follow(this.#stopping.signal)
    this.#stops.add('the deliveries', () => this.#deliveries.stop())
    this.#stops.add('the pipeline at work', async () => {
      this.#stopping.abort()
      await Promise.allSettled([this.#done, following])
    })
    this.#stops.add('the way to the disk', () => {
      this.journal.hurry()
      return this.ingest.drained()
    })
    const trimming = setInterval(() => void trim(this.journal, clock.now() - this.#ahead, log), 60_000)
    this.#stops.add('trimming the journal', () => clearInterval(trimming))
    this.#disk.start()
    this.#stops.add('the watch over the disk', () => this.#disk.stop())
    const silence = new SilenceWatch({
      pipeline: () => this.#flow.pipeline,
      newest: this.#newest,
      tell: (silent) => this.#note({ type: 'silence', time: clock.now(), ...silent }),
    })
    silence.start()
    this.#stops.add('the watch for silence', () => silence.stop())
    if (this.#hasSinks) this.#readings.start()
    this.#stops.add('the readings of the agent', () => this.#readings.stop())
    this.#stops.add('learning', () => this.#learning.stop())
    this.ingest.start()
    this.#stops.add('the stations', () => this.#stations.stop())
    this.#stops.add('the sources', () => this.ingest.stop())
    this.#stops.add('the actions', () => this.#executor.stop())
    void this.#begin('actions did not start', () => this.#executor.start(starts.unclean))
    void this.#begin('learning did not start', async () => {
      await this.#flow.putToWork(this.#setting.config, (event) => this.#record(event))
      if (!this.#stopping.signal.aborted) this.#learning.start()
    })
    this.#stationsStarted = this.#begin('stations did not start', () =>
      this.#stations.start((name) => leftOut.has(`station ${name}`)),
    )
  }

  /** The clock is about to be set forward by `step` ms. */
  stepped(step: number): void {
    const { log, clock } = this.#options
    const way = `${lasting(Math.abs(step))} ${step > 0 ? 'forward' : 'back'}`
    log.warn({ step }, `the clock was set ${way}: samples stamped by their arrival before are of another time`)
    if (step < 0) this.#newest.setBack()
    this.#ahead = Math.max(0, this.#ahead + step)
    const told = (error: unknown) => log.error({}, `the step of the clock is not stored: ${describeError(error)}`)
    this.ingest.stepped(step).catch(told)
    for (const { source } of this.connections) source?.stepped?.(step)
    const from = new Date(clock.now()).toISOString()
    this.view.note({ by: 'the clock', action: 'set', subject: way, detail: `from ${from}` }).catch(told)
  }

  /** Reads what the page shows of the past; resolves when it is there. */
  remember(): Promise<void> {
    return this.#gallery.fill()
  }

  /**
   * Goes on by other settings: what differs is stopped and started, all else is left alone. `made`: connectors that are new or
   * changed, of which the sources begin with the router.
   */
  async reload(next: Setting, changes: Changes, made: readonly Connection[]): Promise<void> {
    const { config } = next
    this.#past.leftOut.changed(changes)
    const [ended, begun] = [
      [...changes.stations.removed, ...changes.stations.changed],
      [...changes.stations.changed, ...changes.stations.added],
    ]
    if (ended.length + begun.length > 0) await this.#stationsStarted
    await this.#stations.close(ended)
    const kept = this.#hasSinks
    for (const name of [...changes.removed, ...changes.changed]) await this.#disconnect(name)
    this.#setting = next
    this.connections.push(...made)
    if (changes.pipeline.length + ended.length + begun.length > 0 || this.#hasSinks !== kept) {
      await this.#flow.live.caughtUp
      const names = [...this.#flow.pipeline.monitors.keys()].filter((name) =>
        changes.pipeline.includes(`monitors.${name}`),
      )
      for (const name of [...names, ...ended, ...ended.map(valuesModel)])
        this.#learning.cancel(name, 'its configuration has changed')
      await this.#flow.swap(config, this.#hasSinks)
      await this.#flow.putToWork(config, (event) => this.#record(event))
    }
    this.#gallery.show(Object.keys(config.inspections))
    await this.#executor.release([...changes.changed, ...changes.removed])
    await this.#stations.reopen(config, begun, this.#flow.live.next)
    for (const { name, sink } of made) if (sink) this.#deliveries.start(name, sink)
    this.#changed()
  }

  /** Stops sources, finishes what is in hand, writes a checkpoint; all of it, whatever becomes of a part. */
  stop(): Promise<void> {
    return this.#stops.run()
  }

  /** What this process does without. */
  get leftOut(): LeftOut {
    return this.#past.leftOut
  }

  get #hasSinks(): boolean {
    return this.connections.some(({ sink }) => sink)
  }

  /** Begins a part of the unit once everything is handled that was in the journal at the start; says where it cannot. */
  async #begin(failure: string, work: () => Promise<void>): Promise<void> {
    try {
      await this.#flow.live.caughtUp
      await work()
    } catch (error) {
      this.#options.log.error({ error }, `${failure}: ${describeError(error)}`)
    }
  }

  async #disconnect(name: string): Promise<void> {
    await this.#deliveries.end(name)
    const at = this.connections.findIndex((connection) => connection.name === name)
    if (at >= 0) this.connections.splice(at, 1)
  }

  #changed(): void {
    this.view.changes.next()
  }

  #record(event: JournalEvent): Promise<void> {
    return this.ingest.record([{ kind: 'event', event, arrival: this.#options.clock.now() }])
  }

  /** Records without waiting for it. */
  #note(event: JournalEvent): void {
    this.#record(event).catch((error: unknown) => this.#options.log.debug({}, describeError(error)))
  }

  #learners(): ReadonlyMap<string, Learner> {
    const monitors = [...this.#flow.pipeline.monitors]
    return new Map<string, Learner>([
      ...monitors.map(([name, monitor]) => [name, new MonitorLearner(monitor)] as const),
      ...this.#stations.learners,
    ])
  }

  #onlookers(): Onlookers {
    return {
      cleaned: (batch) => {
        this.#newest.take(batch)
        this.#stations.measured(batch)
      },
      predicted: (predictions) => {
        this.#newest.predicted(predictions)
        this.view.predicted(predictions)
      },
      windowed: (monitor, features) => this.#stations.windowed(monitor, features),
      stepped: (model) => this.#stations.stepped(model),
      decided: (events) => {
        const { metrics } = this.#options.counted
        for (const { action, step } of events) metrics.count('decisions_total', 1, { action, step })
        this.#executor.decided(events)
        this.#changed()
      },
    }
  }

  #viewParts(): ViewParts {
    const { clock, counted, plant } = this.#options
    const { site, journal: settings } = this.#setting.config
    const shelf = (name: string) => shelfOf(this.#setting.config, name)
    const learners = () => this.#learners()
    const pipeline = () => this.#flow.pipeline
    const stationLearners = () => this.#stations.learners
    const trust = () => new Trust(pkiFolders(this.#setting.config))
    return {
      ...{ site, clock, shelf, journal: this.journal, journalLimit: settings.size, tags: this.journal.tags },
      ...{ ingest: this.ingest, connections: this.connections, learning: this.#learning, newest: this.#newest },
      ...{ annals: this.#annals, history: new HistoryReader(this.journal), trends: new HealthTrends() },
      ...{ camera: this.#stations, corrections: this.#stations },
      actions: new Desk({
        ...{ clock, executor: this.#executor, stop: new StopFile(this.#setting.config.data) },
        config: () => this.#setting.config,
        engine: () => this.#flow.decisions,
        record: (events) => this.ingest.record(events.map((event) => ({ kind: 'event', event, arrival: clock.now() }))),
      }),
      letters: new Letters({
        ...{ clock, journal: this.journal },
        sink: (name) => this.#deliveries.find(name),
        source: (name) => this.connections.find((connection) => connection.name === name)?.source,
        take: (name, arrival) => this.ingest.takeAgain(name, arrival),
      }),
      modelRequests: new ModelRequests({ learners, learning: this.#learning, shelf }),
      inspection: new InspectionsView(this.#stations, this.#gallery, clock, (name) => this.#learning.training(name)),
      get pipeline() {
        return pipeline()
      },
      get stationLearners() {
        return stationLearners()
      },
      get trust() {
        return trust()
      },
      skew: (source) => counted.value('clock_skew_seconds', { source }),
      metricsText: () => counted.text(),
      deliveries: () => this.#deliveries.readings(),
      lag: () => this.#flow.lag,
      disk: () => this.#disk.state,
      failure: () => this.#failure,
      leftOut: () => this.#past.leftOut.reasons,
      ...(plant && { plant }),
    }
  }
}

function bytesOf(journal: Journal): number {
  return streams.reduce((sum, stream) => sum + journal.stats(stream).bytes, 0)
}
