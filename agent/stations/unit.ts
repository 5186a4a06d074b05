import { plcOf } from '../connections/index.ts'
import { createImageSource, PostedImages } from '../../connectors/images/index.ts'
import type { ImageAnswer } from '../../models/inspection/inspector.ts'
import type { Studio } from '../../models/inspection/studio/studio.ts'
import { type Config, namesOf, type StationSettings } from '../settings/index.ts'
import type {
  ConnectorContext,
  InHand,
  InspectionEvent,
  Journal,
  Logger,
  Metrics,
  OpinionEvent,
  Status,
} from '../core/index.ts'
import type { Gallery } from './gallery.ts'
import { folderName } from './images/image-store.ts'
import { imageLine, valuesLine, type LineParts, type ModelLine } from './life/model-line.ts'
import { pastVerdict } from './past.ts'
import { openReject } from './reject/plc.ts'
import type { RejectSignal } from './reject/reject.ts'
import { judgedSince } from './resume.ts'
import { Station } from './station.ts'
import { join } from 'node:path'

/** What a station gets to work with. */
export interface UnitParts extends LineParts {
  readonly config: Config
  readonly journal: Journal
  readonly metrics: Metrics
  /** Of the images that are read; absent where there is nothing to mark. */
  readonly inHand?: InHand
  /** Takes metadata and faces out of images that are stored. */
  readonly studio: Pick<Studio, 'strip'>
  /** Shows people what the stations see. */
  readonly gallery: Pick<Gallery, 'hold'>
}

/** Folder of all that a station keeps. */
export function stationFolder(data: string, station: string): string {
  return join(data, 'inspection', folderName(station))
}

/** A station with all that belongs to it: source, models, the signal to a PLC. */
export class StationUnit {
  readonly name: string
  readonly settings: StationSettings
  readonly station: Station
  /** How the source is, and the link to the PLC that is told which parts to reject. */
  readonly source: Watched
  readonly link: Watched
  /** Where images over HTTP go; undefined where they come otherwise. */
  readonly posted: PostedImages | undefined
  readonly lines: readonly ModelLine[]
  readonly #signal: RejectSignal | undefined

  private constructor(name: string, parts: UnitParts, from: number, link: Watched, signal: RejectSignal | undefined) {
    const { config, journal, log, gallery, record } = parts
    const settings = config.inspections[name]
    this.name = name
    this.settings = settings
    this.source = new Watched(name, log)
    if (!settings.source && namesOf(settings).length === 0) log.warn({ station: name }, 'the station has no source and no values: nothing is judged there') // prettier-ignore
    this.link = link
    this.#signal = signal
    const folder = stationFolder(config.data, name)
    const { source: described, bounds } = settings
    const context = contextOf(name, parts, folder, this.source.report)
    const source = described && createImageSource(described, context, bounds.bytes, (plc) => plcOf(config, plc))
    this.posted = source instanceof PostedImages ? source : undefined
    this.station = new Station({
      ...{ ...parts, name, settings, folder, tags: journal.tags, strip: parts.studio.strip },
      ...(source ? { source } : { judgedBefore: judgedSince(journal, from, name) }),
      ...(signal && { signal }),
      record: (event: InspectionEvent | OpinionEvent, answer?: ImageAnswer) => {
        const region = this.station.model?.manifest.input.region
        if (event.type === 'inspection' && answer?.map) void gallery.hold(event, answer.map, region)
        return record(event)
      },
      recall: (part, time) => pastVerdict(journal, name, part, time),
      reject: async (letter) => {
        await journal.append('dead', [{ kind: 'dead', letter }])
      },
    })
    this.lines = [
      ...(source ? [imageLine(name, settings, this.station, parts)] : []),
      ...(settings.measured ? [valuesLine(name, settings, this.station.valuesJudge, parts)] : []),
    ]
  }

  /** Makes the station; from now on it takes samples and windows. `from`: offset in `samples` from which on they come. */
  static async open(name: string, parts: UnitParts, from: number): Promise<StationUnit> {
    const { config, log } = parts
    const { reject } = config.inspections[name]
    const link = new Watched(name, log)
    const signal = reject && (await openReject(config, reject, { ...parts, station: name, report: link.report }))
    const unit = new StationUnit(name, parts, from, link, signal)
    for (const line of unit.lines) await line.open()
    return unit
  }

  /** Starts the signal and loads models, once the pipeline has caught up. */
  async prepare(): Promise<void> {
    this.#signal?.start()
    for (const line of this.lines) await line.start()
  }

  /** Lets images come. */
  start(): void {
    this.station.start()
  }

  /** Resolves when the parts in hand have their verdicts, and all is closed. */
  async stop(): Promise<void> {
    await Promise.allSettled([this.station.stop()])
    await Promise.allSettled([...this.lines.map((line) => line.close()), this.#signal?.stop()])
  }
}

/** How something of a station is: remembered, and logged when its state changes. */
class Watched {
  readonly #station: string
  readonly #log: Logger
  #status: Status | undefined

  constructor(station: string, log: Logger) {
    this.#station = station
    this.#log = log
  }

  /** Undefined until it has said something. */
  get status(): Status | undefined {
    return this.#status
  }

  readonly report = (status: Status): void => {
    const { state, message, remedy } = status
    const level = state === 'down' ? 'error' : state === 'degraded' ? 'warn' : 'info'
    const fields = { station: this.#station, state, ...(remedy !== undefined && { remedy }) }
    if (state !== this.#status?.state) this.#log[level](fields, message)
    this.#status = status
  }
}

function contextOf(
  name: string,
  { config, log, metrics, clock, journal, inHand }: UnitParts,
  folder: string,
  report: (status: Status) => void,
): ConnectorContext {
  const common = { name, site: config.site, log, metrics, clock, tags: journal.tags, folder, report }
  return { ...common, ...(inHand && { inHand: inTheNameOf(`station ${name}`, inHand) }) }
}

/** What a source of images has in hand is in the hand of its station, whatever kind of source it is. */
function inTheNameOf(station: string, inHand: InHand): InHand {
  return {
    take: (_, key) => inHand.take(station, key),
    done: () => inHand.done(station),
    suspects: () => inHand.suspects(station),
  }
}
