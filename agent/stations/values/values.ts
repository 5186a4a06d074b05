import { Subject } from 'rxjs'
import { type Batch, type FeatureBatch, Quality, type TagTable } from '../../core/index.ts'
import { type StationSettings, namesOf } from '../../settings/index.ts'
import { Presence, type Stay } from './part-presence.ts'
import { endOf, Timeline } from './part-timeline.ts'

/** Samples of one value, and windows, that are remembered; more are forgotten, oldest first. */
const mostSamples = 4096
/** The place of parts that no tag names. */
const here = ''

/** Measured values and features of windows, by name. */
export type Measured = Readonly<Record<string, number>>

/** A part without an image, that came to a station. */
export interface Opened {
  readonly part: string
  /** Event time, ms since epoch. */
  readonly time: number
}

interface PartWindow {
  readonly end: number
  readonly values: Measured
}

/** What a tag is for. */
type Use = { readonly place: string } | { readonly name: string }

interface Waiting {
  readonly part: string
  readonly time: number
  readonly tell: () => void
}

type Settings = Pick<StationSettings, 'source' | 'values' | 'windows' | 'timeout' | 'part_tag'>

/**
 * Measured values and windows by part, by event time: what belongs to a part depends on the times of the data and not on
 * the order in which they came, except where times are equal. A value belongs to the part that its tag names at that time, the newest in a stay; a window
 * to the part that was there when it began, the first of a stay. Without such a tag, they are those of the part's own time.
 */
export class PartValues {
  /** Parts that came to a station without images. */
  readonly opened = new Subject<Opened>()
  readonly #settings: Settings
  readonly #tags: TagTable
  readonly #presence = new Presence()
  readonly #values = new Map<string, Timeline<number>>()
  readonly #windows = new Map<string, Timeline<PartWindow>>()
  readonly #waiting = new Set<Waiting>()
  #order = 0
  /** By index of the tag; undefined: not looked at yet. */
  readonly #uses: (readonly Use[] | undefined)[] = []
  /** No tag names the parts: values that come together are one. */
  readonly #gathers: boolean
  #gathered: { readonly time: number; readonly names: Set<string> } | undefined

  constructor(settings: Settings, tags: TagTable) {
    this.#settings = settings
    this.#tags = tags
    const inputs = [...Object.values(settings.values), ...Object.values(settings.windows)]
    this.#gathers = settings.source === undefined && inputs.every(({ part }) => part === undefined)
    for (const name of Object.keys(settings.values)) this.#values.set(name, new Timeline(mostSamples))
    for (const name of Object.keys(settings.windows)) this.#windows.set(name, new Timeline(mostSamples))
  }

  /** Names of all that belongs to a part. */
  get names(): string[] {
    return namesOf(this.#settings)
  }

  /** Takes samples. */
  take(batch: Batch): void {
    let news = false
    for (let row = 0; row < batch.length; row++) {
      const uses = (this.#uses[batch.tag[row]] ??= this.#usesOf(batch.tag[row]))
      if (uses.length === 0 || batch.quality[row] === Quality.bad) continue
      news = true
      for (const use of uses) {
        if ('place' in use) this.#arrived(use.place, batch.time[row], textOf(batch, row))
        else this.#measured(use.name, batch.time[row], batch.value[row])
      }
    }
    if (news) this.#tell()
  }

  /** Takes the windows of a monitor that closed. */
  takeWindows(monitor: string, features: FeatureBatch): void {
    let news = false
    for (const [name, settings] of Object.entries(this.#settings.windows)) {
      if (settings.monitor !== monitor) continue
      for (let row = 0; row < features.length; row++) {
        if (settings.asset !== undefined && settings.asset !== features.asset[row]) continue
        const values = featuresOf(features, row, name, settings.features)
        this.#windows.get(name)!.add(endOf(features.start[row]), { end: features.end[row], values })
        news = true
      }
    }
    if (news) this.#tell()
  }

  /** The part that was before the camera, as the tag of it told; undefined where there is no such tag, or it told nothing. */
  partAt(time: number): string | undefined {
    const { part_tag } = this.#settings
    return part_tag === undefined ? undefined : this.#presence.at(part_tag, endOf(time))
  }

  /** What belongs to a part: as soon as all of it is there, or what is there when `patience` resolves. */
  async of(part: string, time: number, patience: Promise<void>): Promise<Measured> {
    if (!this.#complete(part, time)) {
      let tell: () => void = () => undefined
      const complete = new Promise<void>((resolve) => (tell = resolve))
      const waiting = { part, time, tell }
      this.#waiting.add(waiting)
      await Promise.race([complete, patience])
      this.#waiting.delete(waiting)
    }
    return this.#collect(part, time)
  }

  /** Nobody waits any longer. */
  release(): void {
    for (const { tell } of this.#waiting) tell()
  }

  #usesOf(index: number): readonly Use[] {
    const { name: tag } = this.#tags.at(index)
    const { values, windows, part_tag: camera } = this.#settings
    const named = [...Object.values(values), ...Object.values(windows)].map(({ part }) => part)
    const places = new Set([camera, ...named].filter((place) => place !== undefined))
    const names = Object.keys(values).filter((name) => values[name].tag === tag)
    return [...(places.has(tag) ? [{ place: tag }] : []), ...names.map((name) => ({ name }))]
  }

  #arrived(place: string, time: number, part: string): void {
    const news = this.#presence.arrived(place, { time, order: this.#order++ }, part)
    if (news && this.#settings.source === undefined) this.opened.next({ part, time })
  }

  #measured(name: string, time: number, value: number): void {
    if (!Number.isFinite(value)) return
    if (this.#gathers) this.#gather(name, time)
    this.#values.get(name)!.add({ time, order: this.#order++ }, value)
  }

  /** A part begins with the first value after the one before was complete, when a value comes again, or after a time. */
  #gather(name: string, time: number): void {
    const open = this.#gathered
    if (!open || open.names.has(name) || Math.abs(time - open.time) > this.#settings.timeout) {
      this.#gathered = { time, names: new Set() }
      this.#arrived(here, time, new Date(time).toISOString())
    }
    const { names } = this.#gathered!
    names.add(name)
    if (names.size === this.#values.size) this.#gathered = undefined
  }

  #tell(): void {
    for (const { part, time, tell } of this.#waiting) if (this.#complete(part, time)) tell()
  }

  #complete(part: string, time: number): boolean {
    const { values, windows } = this.#settings
    return (
      Object.keys(values).every((name) => this.#valueOf(name, part, time) !== undefined) &&
      Object.keys(windows).every((name) => this.#windowOf(name, part, time) !== undefined)
    )
  }

  #collect(part: string, time: number): Measured {
    const { values, windows } = this.#settings
    const found = Object.keys(values).flatMap((name) => {
      const value = this.#valueOf(name, part, time)
      return value === undefined ? [] : [[name, value] as const]
    })
    const joined = Object.keys(windows).map((name) => this.#windowOf(name, part, time)?.values ?? {})
    return Object.assign(Object.fromEntries(found), ...joined) as Measured
  }

  #valueOf(name: string, part: string, time: number): number | undefined {
    const timeline = this.#values.get(name)!
    const stay = this.#stayOf(this.#settings.values[name].part, part)
    if (stay === 'anywhere') return timeline.at(endOf(time))
    return stay && timeline.last(stay.from, stay.until)
  }

  #windowOf(name: string, part: string, time: number): PartWindow | undefined {
    const timeline = this.#windows.get(name)!
    const place = this.#settings.windows[name].part
    const stay = place === undefined ? 'anywhere' : this.#stayOf(place, part)
    if (stay !== 'anywhere') return stay && timeline.first(stay.from, stay.until)
    const open = timeline.at(endOf(time))
    return open && open.end >= time ? open : undefined
  }

  /** `anywhere`: no tag names the part where this is measured. */
  #stayOf(place: string | undefined, part: string): Stay | 'anywhere' | undefined {
    if (place === undefined && !this.#gathers) return 'anywhere'
    return this.#presence.stay(place ?? here, part)
  }
}

function featuresOf({ names, values }: FeatureBatch, row: number, window: string, wanted: readonly string[]): Measured {
  const pairs = wanted.map((feature): [string, number] => {
    const column = names.indexOf(feature)
    return [`${window}.${feature}`, column < 0 ? NaN : values[row * names.length + column]]
  })
  return Object.fromEntries(pairs.filter(([, value]) => Number.isFinite(value)))
}

function textOf({ value, texts }: Batch, row: number): string {
  return texts?.[value[row]] ?? String(value[row])
}
