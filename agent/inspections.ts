import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createImageSource, PostedImages } from '../connectors/images/index.ts'
import { readImageBundle, readOwnImageModel } from '../models/inspection/bundle.ts'
import type { ImageBundle } from '../models/inspection/manifest.ts'
import { openInspectorPool } from '../models/inspection/pool.ts'
import type { Config } from './components.ts'
import type { Corrections } from './corrections.ts'
import {
  describeError,
  DetectorError,
  type Batch,
  type Clock,
  type CorrectionEvent,
  type ConnectorContext,
  type Journal,
  type Logger,
  type Metrics,
  type Status,
} from './core/index.ts'
import { Station } from './inspection.ts'
import type { JudgingModel } from './inspection-model.ts'
import type { Gallery } from './inspection-gallery.ts'
import type { StationSettings } from './inspection-config.ts'

/** What the stations get to work with. */
export interface InspectionParts {
  readonly config: Config
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  /** Shows people what the stations see. */
  readonly gallery: Pick<Gallery, 'hold'>
}

/** ms between two looks for the model of a station that has none. */
const lookEvery = 2_000

/** Folder of a station's trained model. */
export function stationModelFolder(data: string, station: string): string {
  return join(data, 'inspection', encodeURIComponent(station).replace(/^\./, '%2E'), 'model')
}

/** The model of a station: the trained one, or the user's own. Rejects with a DetectorError. */
export function stationModel(data: string, station: string, { model }: StationSettings): Promise<ImageBundle> {
  return model.type === 'onnx' ? readOwnImageModel(model, station) : readImageBundle(stationModelFolder(data, station))
}

/** All stations of a configuration, at work. */
export class Inspections implements Corrections {
  readonly stations = new Map<string, Station>()
  /** How each source is, by station. */
  readonly statuses = new Map<string, Status>()
  readonly #posted = new Map<string, PostedImages>()
  readonly #parts: InspectionParts
  /** Stamp of the model that was tried last, by station: one that is broken is not tried again. */
  readonly #tried = new Map<string, number | undefined>()
  #looking: NodeJS.Timeout | undefined

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
    await this.#posted.get(station)?.post(image, `POST ${station}`, this.#parts.clock.now(), part)
  }

  /** Loads models and starts the sources. A station without a usable model leaves its parts to the operator. */
  async start(): Promise<void> {
    for (const [name, settings] of Object.entries(this.#parts.config.inspections)) await this.#add(name, settings)
    for (const station of this.stations.values()) station.start()
    if (this.stations.size > 0) this.#looking = setTimeout(() => void this.#look(), lookEvery)
  }

  /** Takes samples, for measured values of parts. */
  measured(batch: Batch): void {
    for (const station of this.stations.values()) station.measured(batch)
  }

  /** See `Corrections`. */
  async admit(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    const station = this.stations.get(event.station)
    if (station) return station.correct(event)
    return `there is no station ${event.station}; there are: ${[...this.stations.keys()].join(', ') || 'none'}`
  }

  async stop(): Promise<void> {
    clearTimeout(this.#looking)
    const stations = [...this.stations.values()]
    await Promise.allSettled(stations.map((station) => station.stop()))
    await Promise.allSettled(stations.map(async ({ model }) => model?.inspector.close()))
  }

  async #add(name: string, settings: StationSettings): Promise<void> {
    const { config, journal, clock, log, metrics, gallery } = this.#parts
    const folder = join(config.data, 'inspection', encodeURIComponent(name))
    const report = (status: Status) => {
      if (status.state !== this.statuses.get(name)?.state) log.info({ station: name, state: status.state }, status.message) // prettier-ignore
      this.statuses.set(name, status)
    }
    const context: ConnectorContext = {
      name,
      site: config.site,
      log,
      metrics,
      clock,
      tags: journal.tags,
      folder,
      report,
    }
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
      record: async (event, answer) => {
        if (event.type === 'inspection' && answer?.map) gallery.hold(event, answer.map, station.model?.manifest.input.region) // prettier-ignore
        await journal.append('samples', [{ kind: 'event', event, arrival: clock.now() }])
      },
      reject: async (letter) => {
        await journal.append('dead', [{ kind: 'dead', letter }])
      },
    })
    station.use(await this.#openModel(name))
    this.stations.set(name, station)
  }

  /** The model of a station, where it has one that can be used. */
  async #openModel(name: string): Promise<JudgingModel | undefined> {
    const { config, log } = this.#parts
    const settings = config.inspections[name]
    this.#tried.set(name, await this.#stamp(name))
    try {
      const { manifest, ...bundle } = await stationModel(config.data, name, settings)
      const inspector = await openInspectorPool({ manifest, ...bundle }, settings.bounds, settings.workers)
      return { version: manifest.version, inspector, output: manifest.output, manifest }
    } catch (error) {
      const { remedy, code } = error instanceof DetectorError ? error : {}
      log[code === 'MODEL_MISSING' ? 'warn' : 'error'](
        { station: name, ...(remedy !== undefined && { remedy }) },
        `no model: ${describeError(error)}`,
      )
      return undefined
    }
  }

  /** When the model in a station's folder was written, ms since epoch; undefined where there is none. */
  async #stamp(station: string): Promise<number | undefined> {
    const path = join(stationModelFolder(this.#parts.config.data, station), 'manifest.json')
    return (await stat(path).catch(() => undefined))?.mtimeMs
  }

  /** Stations without a model get the one that was trained in the meantime. */
  async #look(): Promise<void> {
    for (const [name, station] of this.stations) {
      const stamp = station.model ? undefined : await this.#stamp(name)
      if (stamp === undefined || stamp === this.#tried.get(name)) continue
      station.use(await this.#openModel(name))
    }
    const waiting = [...this.stations.values()].some(({ model }) => !model)
    if (waiting) this.#looking = setTimeout(() => void this.#look(), lookEvery)
  }
}
