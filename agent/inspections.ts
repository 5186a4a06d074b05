import { join } from 'node:path'
import { createImageSource, PostedImages } from '../connectors/images/index.ts'
import { readOwnImageModel } from '../models/inspection/bundle.ts'
import { ImageRegistry } from '../models/inspection/registry.ts'
import type { Config } from './components.ts'
import type { Corrections } from './corrections.ts'
import { folderName } from './image-store.ts'
import type {
  Batch,
  Clock,
  ConnectorContext,
  CorrectionEvent,
  InspectionEvent,
  Journal,
  Logger,
  Metrics,
  ModelEvent,
  OpinionEvent,
  Status,
} from './core/index.ts'
import { Station } from './inspection.ts'
import type { Gallery } from './inspection-gallery.ts'
import type { StationSettings } from './inspection-config.ts'
import { StationLearner } from './station-learner.ts'
import { StationLife } from './station-life.ts'
import { StationModels } from './station-models.ts'

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

/** Folder of a station's images. */
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
  readonly #running = new Map<string, Running>()
  readonly #posted = new Map<string, PostedImages>()
  readonly #parts: InspectionParts
  #begun = false
  #tellStarted: () => void = () => undefined
  readonly #started = new Promise<void>((resolve) => (this.#tellStarted = resolve))

  constructor(parts: InspectionParts) {
    this.#parts = parts
    for (const [name, settings] of Object.entries(parts.config.inspections)) this.#add(name, settings)
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
   * Loads models and starts the sources, once the pipeline has caught up. A station without a usable model leaves its parts
   * to the operator.
   */
  async start(): Promise<void> {
    this.#begun = true
    for (const [name, { settings, models }] of this.#running) {
      if (settings.model.type !== 'learned') {
        const own = settings.model
        await models.useOwn(() => readOwnImageModel(own, name))
      } else await this.#follow(name, await this.#newest(name))
    }
    for (const station of this.stations.values()) station.start()
    this.#tellStarted()
  }

  /** The model of a station has taken a step in its life. */
  stepped(name: string): void {
    if (this.#begun) void this.#follow(name)
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

  /** See `Corrections`. */
  async admit(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    const station = this.stations.get(event.station)
    if (!station)
      return `there is no station ${event.station}; there are: ${[...this.stations.keys()].join(', ') || 'none'}`
    await this.#started
    return station.correct(event)
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.stations.values()].map((station) => station.stop()))
    await Promise.allSettled([...this.#running.values()].map(({ models }) => models.close()))
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

  #add(name: string, settings: StationSettings): void {
    const { config, journal, clock, log, metrics, registry, lives, gallery } = this.#parts
    const folder = stationFolder(config.data, name)
    const context = this.#context(name, folder)
    const source = createImageSource(settings.source, context, settings.bounds.bytes)
    if (source instanceof PostedImages) this.#posted.set(name, source)
    const station = new Station({
      name,
      settings,
      source,
      tags: journal.tags,
      clock,
      log,
      metrics,
      folder,
      record: (event, answer) => {
        if (event.type === 'inspection' && answer?.map) gallery.hold(event, answer.map, station.model?.manifest.input.region) // prettier-ignore
        return this.#record(event)
      },
      reject: async (letter) => {
        await journal.append('dead', [{ kind: 'dead', letter }])
      },
    })
    const models = new StationModels({ name, settings, station, registry, log })
    this.stations.set(name, station)
    this.#running.set(name, { settings, station, models })
    if (settings.model.type !== 'learned') return
    const life = () => lives().get(name) ?? new StationLife()
    this.learners.set(name, new StationLearner({ name, settings, life, models, clock }))
  }

  async #record(event: InspectionEvent | OpinionEvent | ModelEvent): Promise<void> {
    const { journal, clock } = this.#parts
    await journal.append('samples', [{ kind: 'event', event, arrival: clock.now() }])
  }

  #context(name: string, folder: string): ConnectorContext {
    const { config, log, metrics, clock, journal } = this.#parts
    const report = (status: Status) => {
      if (status.state !== this.statuses.get(name)?.state) log.info({ station: name, state: status.state }, status.message) // prettier-ignore
      this.statuses.set(name, status)
    }
    return { name, site: config.site, log, metrics, clock, tags: journal.tags, folder, report }
  }
}
