import { join } from 'node:path'
import { createImageSource, PostedImages } from '../../connectors/images/index.ts'
import { readOwnImageModel } from '../../models/inspection/bundle.ts'
import { createFaceStripper } from '../../models/inspection/faces/pool.ts'
import { ImageRegistry } from '../../models/inspection/registry.ts'
import type { Config } from '../components.ts'
import type { Corrections } from '../corrections.ts'
import { folderName } from './image-store.ts'
import type {
  Batch,
  Clock,
  ConnectorContext,
  CorrectionEvent,
  FeatureBatch,
  Journal,
  JournalEvent,
  Logger,
  Metrics,
  Status,
} from '../core/index.ts'
import { Station } from './station.ts'
import { openMeasured } from './measured.ts'
import { openReject, plcOf } from './plc.ts'
import type { RejectSignal } from './reject.ts'
import { judgedSince } from './resume.ts'
import type { Gallery } from './gallery.ts'
import type { StationSettings } from './config.ts'
import { StationLearner } from './learner.ts'
import { StationLife } from './life.ts'
import { StationModels } from './models.ts'

/** What the stations get to work with. */
export interface InspectionParts {
  readonly config: Config
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly registry: ImageRegistry
  /** Where the models of the stations are in their lives, as the pipeline has it now. */
  readonly lives: () => ReadonlyMap<string, StationLife>
  /** Shows people what the stations see. */
  readonly gallery: Pick<Gallery, 'hold'>
}

/** Folder of all that a station keeps. */
export function stationFolder(data: string, station: string): string {
  return join(data, 'inspection', folderName(station))
}

interface Running {
  readonly settings: StationSettings
  readonly station: Station
  readonly models: StationModels
}

/** All stations of a configuration, at work. */
export class Inspections implements Corrections {
  readonly stations = new Map<string, Station>()
  /** How each source is, by station. */
  readonly statuses = new Map<string, Status>()
  /** The stations whose models the agent trains. */
  readonly learners = new Map<string, StationLearner>()
  /** How the link to each PLC is that is told which parts to reject, by station. */
  readonly signalStatuses = new Map<string, Status>()
  readonly #signals: RejectSignal[] = []
  /** Those that judge images. */
  readonly #running = new Map<string, Running>()
  readonly #posted = new Map<string, PostedImages>()
  readonly #faces = createFaceStripper()
  readonly #parts: InspectionParts
  #begun = false
  #stopping = () => false
  #starting: Promise<void> = Promise.resolve()
  #tellStarted: () => void = () => undefined
  readonly #started = new Promise<void>((resolve) => (this.#tellStarted = resolve))

  constructor(parts: InspectionParts) {
    this.#parts = parts
  }

  /** Settings by station. */
  get settings(): Config['inspections'] {
    return this.#parts.config.inspections
  }

  /** Bytes of the largest image that a station takes over HTTP; undefined where there is none of that name. */
  largest(station: string): number | undefined {
    return this.#posted.has(station) ? this.#parts.config.inspections[station].bounds.bytes : undefined
  }

  /** An image over HTTP; resolves when it has its verdict, or was dropped. */
  async post(station: string, image: Uint8Array, part: string | undefined): Promise<void> {
    await this.#started
    await this.#posted.get(station)?.post(image, `POST ${station}`, this.#parts.clock.now(), part)
  }

  /**
   * Makes the stations; from now on they take samples and windows. `from`: offset in `samples` from which on they come.
   */
  async open(from: number): Promise<void> {
    for (const [name, settings] of Object.entries(this.#parts.config.inspections)) await this.#add(name, settings, from)
  }

  /**
   * Loads models and starts the signals to PLCs and the sources, once the pipeline has caught up. A station without a usable
   * model leaves its parts to the operator.
   */
  start(): Promise<void> {
    return (this.#starting = this.#start())
  }

  async #start(): Promise<void> {
    if (this.#stopping()) return
    this.#begun = true
    for (const signal of this.#signals) signal.start()
    for (const [name, { settings, models }] of this.#running) {
      if (settings.model.type !== 'learned') {
        const own = settings.model
        await models.useOwn(() => readOwnImageModel(own, name))
      } else await this.#follow(name, await this.#newest(name))
    }
    // Loading may have taken longer than the agent lived.
    if (this.#stopping()) return
    for (const station of this.stations.values()) station.start()
    this.#tellStarted()
  }

  /** The model of a station has taken a step in its life. */
  stepped(name: string): void {
    if (this.#begun && this.#running.has(name)) void this.#follow(name)
  }

  /** Lets a station work with the versions that its life says now; with `first` where that says none. */
  async #follow(name: string, first?: string): Promise<void> {
    const { models } = this.#running.get(name)!
    const life = this.#parts.lives().get(name)
    await models.follow({ active: life?.model ?? first, rival: life?.rival?.version })
  }

  /** Takes samples, for measured values of parts. */
  measured(batch: Batch): void {
    for (const station of this.stations.values()) station.measured(batch)
  }

  /** Takes windows that closed, for the parts they belong to. */
  windowed(monitor: string, features: FeatureBatch): void {
    for (const station of this.stations.values()) station.windowed(monitor, features)
  }

  /** Monitors whose windows are joined to parts. */
  get joined(): ReadonlySet<string> {
    const stations = Object.values(this.#parts.config.inspections)
    return new Set(stations.flatMap(({ windows }) => Object.values(windows).map(({ monitor }) => monitor)))
  }

  /** See `Corrections`. */
  async admit(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    const station = this.stations.get(event.station)
    if (!station)
      return `there is no station ${event.station}; there are: ${[...this.stations.keys()].join(', ') || 'none'}`
    await this.#started
    return station.correct(event)
  }

  async stop(): Promise<void> {
    this.#stopping = () => true
    await this.#starting.catch(() => undefined)
    await Promise.allSettled([...this.stations.values()].map((station) => station.stop()))
    await Promise.allSettled([...this.#running.values()].map(({ models }) => models.close()))
    await Promise.allSettled(this.#signals.map((signal) => signal.stop()))
    await this.#faces.close()
  }

  /** What a station without a model begins with: the newest of the registry, as a record, so that it is known after a restart. */
  async #newest(name: string): Promise<string | undefined> {
    const { registry, clock, lives } = this.#parts
    if (lives().get(name)?.model !== undefined) return undefined
    const version = (await registry.versions(name)).at(-1)
    if (version === undefined) return undefined
    const event = { type: 'model', time: clock.now(), monitor: name, step: 'active', version } as const
    await this.#record({ ...event, detail: 'newest in the registry' })
    return version
  }

  async #add(name: string, settings: StationSettings, from: number): Promise<void> {
    const { config, journal, clock, log, metrics, gallery } = this.#parts
    const folder = stationFolder(config.data, name)
    const record = (event: JournalEvent) => this.#record(event)
    const signal = settings.reject && (await openReject(config, settings.reject, { station: name, clock, log, metrics, record, report: this.#reporter(name, this.signalStatuses) })) // prettier-ignore
    if (signal) this.#signals.push(signal)
    const { source: described, bounds } = settings
    const context = this.#context(name, folder)
    const source = described && createImageSource(described, context, bounds.bytes, (plc) => plcOf(config, plc))
    const measured = await openMeasured(folder, name, settings, log)
    if (source instanceof PostedImages) this.#posted.set(name, source)
    const station = new Station({
      name,
      settings,
      ...(source ? { source } : { judgedBefore: judgedSince(journal, from, name) }),
      ...(measured && { measured }),
      tags: journal.tags,
      clock,
      log,
      metrics,
      folder,
      strip: this.#faces.strip,
      record: (event, answer) => {
        if (event.type === 'inspection' && answer?.map) gallery.hold(event, answer.map, station.model?.manifest.input.region) // prettier-ignore
        return this.#record(event)
      },
      ...(signal && { signal }),
      reject: async (letter) => {
        await journal.append('dead', [{ kind: 'dead', letter }])
      },
    })
    this.stations.set(name, station)
    if (source) this.#addModels(name, settings, station)
  }

  #addModels(name: string, settings: StationSettings, station: Station): void {
    const { clock, log, registry, lives } = this.#parts
    const models = new StationModels({ name, settings, station, registry, log })
    this.#running.set(name, { settings, station, models })
    if (settings.model.type !== 'learned') return
    const life = () => lives().get(name) ?? new StationLife()
    this.learners.set(name, new StationLearner({ name, settings, life, models, clock }))
  }

  async #record(event: JournalEvent): Promise<void> {
    const { journal, clock } = this.#parts
    await journal.append('samples', [{ kind: 'event', event, arrival: clock.now() }])
  }

  #context(name: string, folder: string): ConnectorContext {
    const { config, log, metrics, clock, journal } = this.#parts
    const report = this.#reporter(name, this.statuses)
    return { name, site: config.site, log, metrics, clock, tags: journal.tags, folder, report }
  }

  /** Remembers how something is, and logs when its state changes. */
  #reporter(station: string, statuses: Map<string, Status>): (status: Status) => void {
    return (status) => {
      const { state, message, remedy } = status
      const level = state === 'down' ? 'error' : state === 'degraded' ? 'warn' : 'info'
      if (state !== statuses.get(station)?.state) this.#parts.log[level]({ station, state, ...(remedy !== undefined && { remedy }) }, message) // prettier-ignore
      statuses.set(station, status)
    }
  }
}
