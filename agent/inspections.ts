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
  type FeatureBatch,
  type Journal,
  type JournalEvent,
  type Logger,
  type Metrics,
  type Status,
} from './core/index.ts'
import { Station } from './inspection.ts'
import { openMeasured } from './inspection-measured.ts'
import { openReject, plcOf } from './inspection-plc.ts'
import type { RejectSignal } from './inspection-reject.ts'
import { judgedSince } from './inspection-resume.ts'
import type { StationSettings } from './inspection-config.ts'

/** What the stations get to work with. */
export interface InspectionParts {
  readonly config: Config
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
}

/** Folder of all that a station keeps. */
export function stationFolder(data: string, station: string): string {
  return join(data, 'inspection', encodeURIComponent(station).replace(/^\./, '%2E'))
}

/** Folder of a station's trained model. */
export function stationModelFolder(data: string, station: string): string {
  return join(stationFolder(data, station), 'model')
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
  /** How the link to each PLC is that is told which parts to reject, by station. */
  readonly signalStatuses = new Map<string, Status>()
  readonly #signals: RejectSignal[] = []
  readonly #posted = new Map<string, PostedImages>()
  readonly #parts: InspectionParts

  constructor(parts: InspectionParts) {
    this.#parts = parts
  }

  /** Bytes of the largest image that a station takes over HTTP; undefined where there is none of that name. */
  largest(station: string): number | undefined {
    return this.#posted.has(station) ? this.#parts.config.inspections[station].bounds.bytes : undefined
  }

  /** An image over HTTP; resolves when it has its verdict, or was dropped. */
  async post(station: string, image: Uint8Array, part: string | undefined): Promise<void> {
    await this.#posted.get(station)?.post(image, `POST ${station}`, this.#parts.clock.now(), part)
  }

  /**
   * Makes the stations and loads their models; from now on they take samples and windows. `from`: offset in `samples`
   * from which on they come. A station without a usable model leaves its parts to the operator.
   */
  async open(from: number): Promise<void> {
    for (const [name, settings] of Object.entries(this.#parts.config.inspections)) await this.#add(name, settings, from)
  }

  /** Starts the sources and the signals to PLCs. */
  start(): void {
    for (const station of this.stations.values()) station.start()
    for (const signal of this.#signals) signal.start()
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
    if (station) return station.correct(event)
    return `there is no station ${event.station}; there are: ${[...this.stations.keys()].join(', ') || 'none'}`
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.stations.values()].map((station) => station.stop()))
    await Promise.allSettled(this.#signals.map((signal) => signal.stop()))
  }

  async #add(name: string, settings: StationSettings, from: number): Promise<void> {
    const { config, journal, clock, log, metrics } = this.#parts
    const folder = stationFolder(config.data, name)
    const record = async (event: JournalEvent) => {
      await journal.append('samples', [{ kind: 'event', event, arrival: clock.now() }])
    }
    const signal = settings.reject && (await openReject(config, settings.reject, { station: name, clock, log, metrics, record, report: this.#reporter(name, this.signalStatuses) })) // prettier-ignore
    if (signal) this.#signals.push(signal)
    const context: ConnectorContext = {
      name,
      site: config.site,
      log,
      metrics,
      clock,
      tags: journal.tags,
      folder,
      report: this.#reporter(name, this.statuses),
    }
    const { source: described, bounds } = settings
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
      record,
      ...(signal && { signal }),
      reject: async (letter) => {
        await journal.append('dead', [{ kind: 'dead', letter }])
      },
    })
    if (source) station.use(await openModel(config.data, name, settings, log))
    this.stations.set(name, station)
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

async function openModel(data: string, name: string, settings: StationSettings, log: Logger) {
  try {
    const bundle = await stationModel(data, name, settings)
    const inspector = await openInspectorPool(bundle, settings.bounds, settings.workers)
    return { version: bundle.manifest.version, inspector, output: bundle.manifest.output }
  } catch (error) {
    const remedy = error instanceof DetectorError ? error.remedy : undefined
    log.error({ station: name, ...(remedy !== undefined && { remedy }) }, `no model: ${describeError(error)}`)
    return undefined
  }
}
