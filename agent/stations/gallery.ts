import { createHash } from 'node:crypto'
import type { Region } from '../../models/inspection/decode.ts'
import type { AnomalyMap } from '../../models/inspection/inspector.ts'
import type { Studio } from '../../models/inspection/studio/studio.ts'
import {
  type CorrectionEvent,
  type InspectionEvent,
  type Journal,
  type JournalEvent,
  type RejectEvent,
  readWhole,
} from '../core/index.ts'
import { Hold } from './images/image-hold.ts'
import { Darkroom } from './darkroom.ts'
import { mapExists, readMap, writeMap, type HeldMap } from './images/map-file.ts'
import { Corrections, HourTally, noVerdicts, type Confusion, type VerdictCounts } from './tally.ts'
import { isOfPart, pastEvents, type PartEvent } from './past.ts'

/** Verdicts of a station that are remembered; and those of parts that did not pass, which are worth more. */
export const newestKept = 100
const troubleKept = 50
/** Bytes of the newest anomaly maps of a station. */
const mostBytes = 8e6

/** The image of a part that was judged, while it is in memory. `time`: when it was taken, ms since epoch. */
export type ImageLookup = (station: string, part: string, time: number) => Uint8Array | undefined

/** What there is to see of a station: its images, and the region of them that may be; undefined: all of them. */
export interface Sights {
  readonly imageOf: ImageLookup
  readonly shownOf: (station: string) => Region | undefined
}

/** A verdict that is remembered. */
export interface Remembered {
  /** Names the image in addresses. */
  readonly id: string
  readonly event: InspectionEvent
  readonly hasImage: boolean
  readonly hasMap: boolean
  readonly correction?: CorrectionEvent
  /** What became of the signal to the PLC. */
  readonly reject?: RejectEvent
}

interface Shot {
  readonly id: string
  readonly event: InspectionEvent
}

interface Wall {
  /** Oldest first. */
  readonly newest: Shot[]
  /** Those that did not pass, oldest first. */
  readonly trouble: Shot[]
  readonly maps: Hold<HeldMap>
  /** Ids of those whose map is on disk, beside the image. */
  readonly mapped: Set<string>
  readonly hour: HourTally
  readonly corrections: Corrections
  /** By id of the verdict. */
  readonly corrected: Map<string, CorrectionEvent>
  readonly signalled: Map<string, RejectEvent>
  revision: number
}

/**
 * What the stations saw and said last, for people: verdicts, images with their anomaly maps, corrections. Bounded in
 * number and bytes; pictures are made when somebody looks.
 */
export class Gallery {
  readonly #journal: Journal
  /** What is before it in the results was concluded before the start. */
  readonly #began: number
  readonly #walls = new Map<string, Wall>()
  readonly #darkroom = new Darkroom()
  readonly #imageOf: ImageLookup
  readonly #shownOf: (station: string) => Region | undefined
  readonly #changed: () => void
  readonly #studio: Pick<Studio, 'preview' | 'map'>
  /** Events that came before the past was read. */
  #early: PartEvent[] | undefined = []

  constructor(
    journal: Journal,
    stations: readonly string[],
    { imageOf, shownOf }: Sights,
    changed: () => void,
    studio: Pick<Studio, 'preview' | 'map'>,
  ) {
    this.#journal = journal
    this.#studio = studio
    this.#imageOf = imageOf
    this.#shownOf = shownOf
    this.#began = journal.stats('results').next
    this.#changed = changed
    this.show(stations)
  }

  /** Shows these stations; what it knows of others is forgotten. */
  show(stations: readonly string[]): void {
    for (const name of this.#walls.keys()) if (!stations.includes(name)) this.#walls.delete(name)
    for (const name of stations) if (!this.#walls.has(name)) this.#walls.set(name, newWall())
  }

  /** Reads the newest verdicts of before the start; what `told` has said since comes after them. */
  async fill(): Promise<void> {
    const past: PartEvent[] = []
    if (this.#walls.size > 0) for await (const event of pastEvents(this.#journal, this.#began)) past.push(event)
    const events = [...past.reverse(), ...(this.#early ?? [])]
    this.#early = undefined
    for (const event of events) this.#take(event)
    await Promise.all([...this.#walls.values()].map(findMaps))
    this.#changed()
  }

  /** Takes what is newly among the results. */
  told(event: JournalEvent): void {
    if (!isOfPart(event)) return
    if (this.#early) this.#early.push(event)
    else this.#take(event)
    this.#changed()
  }

  /**
   * Holds the anomaly map of a verdict that will be told, as long as there is room, and stores it beside an image that is
   * kept. Resolves when it is there, or the disk refuses: the image is shown without it then.
   */
  async hold(event: InspectionEvent, map: AnomalyMap, region?: Region): Promise<void> {
    const wall = this.#walls.get(event.station)
    const { image, threshold } = event
    const id = idOf(event)
    wall?.maps.set(id, { map, region })
    if (!wall || image === undefined || threshold === null || threshold <= 0) return
    const stored = await writeMap(image, { map, region }, threshold).then(
      () => true,
      () => false,
    )
    if (stored) wall.mapped.add(id)
  }

  /** Newest first, or only those that did not pass; undefined where there is no such station. */
  newest(station: string, limit: number, only?: 'trouble'): Remembered[] | undefined {
    const wall = this.#walls.get(station)
    return wall?.[only ?? 'newest'].slice(-limit).reverse().map(({ id, event }) => this.#remembered(wall, id, event)) // prettier-ignore
  }

  /** Counts verdicts and corrections: what is said of a station is new where this is. */
  revision(station: string): number {
    return this.#walls.get(station)?.revision ?? 0
  }

  /** Verdicts among the newest, and of the hour up to `now`, ms since epoch. */
  verdicts(station: string, now: number): { readonly last: VerdictCounts; readonly hour: VerdictCounts } {
    const wall = this.#walls.get(station)
    const last = noVerdicts()
    for (const { event } of wall?.newest ?? []) last[event.verdict]++
    return { last, hour: wall?.hour.at(now) ?? noVerdicts() }
  }

  confusion(station: string): Confusion[] {
    return this.#walls.get(station)?.corrections.cells() ?? []
  }

  /** A JPEG of an image, from memory or from where it was kept. */
  async image(station: string, id: string): Promise<Uint8Array | 'unknown' | 'busy'> {
    const event = this.#find(station, id)
    if (!event || !this.#hasImage(event)) return 'unknown'
    return this.#picture(`image ${station} ${id}`, async () =>
      this.#studio.preview(await this.#bytesOf(event), this.#shownOf(station)),
    )
  }

  /** A PNG of an anomaly map, to lay over the image. */
  async map(station: string, id: string): Promise<Uint8Array | 'unknown' | 'busy'> {
    const event = this.#find(station, id)
    const wall = this.#walls.get(station)
    if (!event || !wall || event.threshold === null || !this.#hasMap(wall, id, event)) return 'unknown'
    const { threshold, image } = event
    return this.#picture(`map ${station} ${id}`, async () => {
      const { map, region } = wall.maps.get(id) ?? (await readMap(image!, threshold))
      return this.#studio.map(map, threshold, await this.#bytesOf(event), region)
    })
  }

  #find(station: string, id: string): InspectionEvent | undefined {
    const wall = this.#walls.get(station)
    return (wall?.newest.find((each) => each.id === id) ?? wall?.trouble.find((each) => each.id === id))?.event
  }

  #hasImage({ station, part, time, image, verdict }: InspectionEvent): boolean {
    return verdict !== 'unusable' && (image !== undefined || this.#imageOf(station, part, time) !== undefined)
  }

  #hasMap(wall: Wall, id: string, event: InspectionEvent): boolean {
    return event.threshold !== null && (wall.maps.has(id) || wall.mapped.has(id)) && this.#hasImage(event)
  }

  /** From memory, else from where it was kept: that path is the journal's, never a client's. */
  async #bytesOf({ station, part, time, image }: InspectionEvent): Promise<Uint8Array> {
    return this.#imageOf(station, part, time) ?? readWhole(image!)
  }

  /** A file that has gone, or is not a picture any more, is no picture. */
  async #picture(name: string, make: () => Promise<Uint8Array>): Promise<Uint8Array | 'unknown' | 'busy'> {
    return this.#darkroom.picture(name, make).catch(() => 'unknown' as const)
  }

  #remembered(wall: Wall, id: string, event: InspectionEvent): Remembered {
    const hasImage = this.#hasImage(event)
    const hasMap = this.#hasMap(wall, id, event)
    const correction = wall.corrected.get(id)
    const reject = wall.signalled.get(id)
    return { id, event, hasImage, hasMap, ...(correction && { correction }), ...(reject && { reject }) }
  }

  #take(event: PartEvent): void {
    if (event.type === 'inspection') this.#judged(event)
    else if (event.type === 'correction') this.#corrected(event)
    else this.#signalled(event)
  }

  #judged(event: InspectionEvent): void {
    const wall = this.#walls.get(event.station)
    if (!wall) return
    wall.revision++
    const shot = { id: idOf(event), event }
    wall.newest.push(shot)
    if (event.verdict !== 'pass') wall.trouble.push(shot)
    const gone = [...wall.newest.splice(0, wall.newest.length - newestKept), ...wall.trouble.splice(0, wall.trouble.length - troubleKept)] // prettier-ignore
    for (const { id } of gone) {
      if (this.#find(event.station, id)) continue
      wall.corrected.delete(id)
      wall.signalled.delete(id)
      wall.mapped.delete(id)
    }
    wall.hour.add(event.verdict, event.time)
    wall.corrections.judged(event.part, event.time, event.verdict)
  }

  #corrected(event: CorrectionEvent): void {
    const wall = this.#walls.get(event.station)
    if (!wall) return
    wall.revision++
    const { part, of } = event
    wall.corrections.corrected(part, of, event.class)
    const meant = shotOf(wall, part, of)
    if (meant) wall.corrected.set(meant.id, event)
  }

  /** Signals follow their verdicts: it is that of the newest verdict on the part. */
  #signalled(event: RejectEvent): void {
    const wall = this.#walls.get(event.station)
    const meant = wall && shotOf(wall, event.part)
    if (!meant) return
    wall.revision++
    wall.signalled.set(meant.id, event)
  }
}

function newWall(): Wall {
  return {
    newest: [],
    trouble: [],
    maps: new Hold(mostBytes, ({ map }) => map.values.byteLength),
    mapped: new Set(),
    hour: new HourTally(),
    corrections: new Corrections(),
    corrected: new Map(),
    signalled: new Map(),
    revision: 0,
  }
}

/** Looks which maps are on disk, of verdicts from before the start. */
async function findMaps({ newest, trouble, mapped }: Wall): Promise<void> {
  const look = async ({ id, event }: Shot) => {
    if (event.image !== undefined && (await mapExists(event.image))) mapped.add(id)
  }
  await Promise.all([...newest, ...trouble].map(look))
}

/** The newest verdict on a part, or that of a time. */
function shotOf({ trouble, newest }: Wall, part: string, time?: number): Shot | undefined {
  return [...trouble, ...newest].findLast(({ event }) => event.part === part && (time ?? event.time) === event.time)
}

/** The same after a restart; says nothing of the part. */
function idOf({ time, part }: Pick<InspectionEvent, 'time' | 'part'>): string {
  return createHash('sha256').update(`${time} ${part}`).digest('hex').slice(0, 16)
}
