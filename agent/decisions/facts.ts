import {
  type AlarmState,
  AssetClass,
  type Batch,
  type FeatureBatch,
  type InspectionEvent,
  type Prediction,
  Quality,
  type TagTable,
} from '../core/index.ts'

/** The newest of a tag. Times in ms since epoch. */
export interface Newest {
  time: number
  arrival: number
  value: number | string | boolean
  quality: Quality
  source: string
  /** Silence means that it still holds. */
  readonly holds: boolean
  readonly type: 'number' | 'boolean' | 'text'
}

/** Something of the newest window of a monitor on an asset, and when it was known. */
interface Known<What> {
  readonly at: number
  readonly what: What
}

interface Saved {
  readonly tags: readonly (readonly [number, Newest])[]
  readonly sources: readonly (readonly [string, number])[]
  readonly located: Readonly<Record<string, readonly number[]>>
  readonly predictions: readonly (readonly [string, Known<Prediction>])[]
  readonly features: readonly (readonly [string, Known<Readonly<Record<string, number>>>])[]
  readonly verdicts: readonly (readonly [string, Known<InspectionEvent>])[]
  readonly alarms: readonly (readonly [string, AlarmState])[]
  readonly states: readonly (readonly [string, string])[]
}

export const keyOf = (of: string, asset: string): string => `${of}\n${asset}`

/** What conditions read, as the journal has it so far: the newest of everything that some condition names. */
export class Facts {
  readonly tags: TagTable
  readonly classes: ReadonlyMap<string, AssetClass>
  /** By tag. */
  readonly newest: (Newest | undefined)[] = []
  /** When a source last sent anything. */
  readonly sources = new Map<string, number>()
  readonly predictions = new Map<string, Known<Prediction>>()
  readonly features = new Map<string, Known<Readonly<Record<string, number>>>>()
  readonly verdicts = new Map<string, Known<InspectionEvent>>()
  readonly alarms = new Map<string, AlarmState>()
  readonly states = new Map<string, string>()

  /** ms between two conclusions of a monitor, by name. */
  readonly intervals: ReadonlyMap<string, number>

  /** `patterns`: of the classes that actions are for, by name. */
  constructor(tags: TagTable, patterns: Readonly<Record<string, string>>, intervals: ReadonlyMap<string, number>) {
    this.tags = tags
    this.intervals = intervals
    this.classes = new Map(
      Object.entries(patterns).map(([name, pattern]) => [name, new AssetClass(name, pattern, tags)]),
    )
  }

  /** Takes a sample; false where one that is newer is known. */
  take(batch: Batch, row: number): boolean {
    const tag = batch.tag[row]
    const time = batch.time[row]
    const known = this.newest[tag] ?? this.#meet(tag, batch.source)
    if (known.time > time) return false
    const raw = batch.value[row]
    known.time = time
    known.arrival = batch.paced ? time : batch.arrival
    known.quality = batch.quality[row] as Quality
    known.source = batch.source
    if (known.type === 'number') known.value = raw
    else if (known.type === 'boolean') known.value = Number.isFinite(raw) ? raw !== 0 : NaN
    else {
      const text = batch.texts?.[raw]
      known.value = text ?? ''
      if (text === undefined) known.quality = Quality.bad
    }
    return true
  }

  #meet(tag: number, source: string): Newest {
    const { type, reporting } = this.tags.at(tag)
    const kind = type === 'text' || type === 'boolean' ? type : 'number'
    return (this.newest[tag] = { time: -Infinity, arrival: -Infinity, value: NaN, quality: Quality.bad, source, holds: reporting === 'change', type: kind }) // prettier-ignore
  }

  takeFeatures(monitor: string, { length, names, values, asset }: FeatureBatch, now: number): void {
    for (let row = 0; row < length; row++) {
      const what = Object.fromEntries(names.map((name, column) => [name, values[row * names.length + column]]))
      this.features.set(keyOf(monitor, asset[row]), { at: now, what })
    }
  }

  /** The clock was set: what is remembered is as old as it was. */
  shift(ms: number): void {
    for (const one of this.newest) {
      if (!one) continue
      one.time += ms
      one.arrival += ms
    }
    for (const [source, at] of this.sources) this.sources.set(source, at + ms)
    for (const known of [this.predictions, this.features, this.verdicts])
      for (const [key, { at, what }] of known) (known as Map<string, Known<unknown>>).set(key, { at: at + ms, what })
  }

  save(): unknown {
    const saved: Saved = {
      tags: this.newest.flatMap((one, tag) => (one ? [[tag, { ...one }] as const] : [])),
      sources: [...this.sources],
      located: Object.fromEntries([...this.classes].map(([name, { located }]) => [name, [...located]])),
      predictions: [...this.predictions],
      features: [...this.features],
      verdicts: [...this.verdicts],
      alarms: [...this.alarms],
      states: [...this.states],
    }
    return saved
  }

  load(from: unknown): void {
    const saved = from as Saved
    const fill = <Key, What>(into: Map<Key, What>, all: readonly (readonly [Key, What])[]) => all.forEach(([key, what]) => into.set(key, what)) // prettier-ignore
    for (const [tag, one] of saved.tags) this.newest[tag] = { ...one }
    fill(this.sources, saved.sources)
    for (const [name, located] of Object.entries(saved.located)) for (const tag of located) this.classes.get(name)?.locate(tag) // prettier-ignore
    fill(this.predictions, saved.predictions)
    fill(this.features, saved.features)
    fill(this.verdicts, saved.verdicts)
    fill(this.alarms, saved.alarms)
    fill(this.states, saved.states)
  }
}
