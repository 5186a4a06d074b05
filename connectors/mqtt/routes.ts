import { missingTest, type TagTable, type TagType, TimeReader } from '../../agent/core/index.ts'
import {
  binaryReader,
  createFormat,
  type Decode,
  type FormatOptions,
  type ItemReader,
  type PresetName,
  presets,
  ruleReader,
} from './formats/index.ts'
import { type Captures, fieldName, matchFilter, namesFields, tagName } from './patterns.ts'
import { type MqttSettings, templateOf, type TopicSettings } from './settings.ts'

/** Where the values of one field of one topic go. */
export interface Slot {
  /** Name of the tag. */
  readonly name: string
  /** Index in the tag table; -1 before the first value. */
  tag: number
  /** Type of the tag; absent before the first value where the configuration names none. */
  type: TagType | undefined
  /** The type that the configuration names. */
  readonly wanted: TagType | undefined
  /** Index of the tag as long as only words for missing have come; -1 where there is none. */
  bare: number
  /** Unit of the tag; absent where nobody has named one. */
  unit: string | undefined
  /** The newest time that was given to a value without one, µs. */
  stamp: number
  /** The user was told that values of another type come. */
  told: boolean
}

/** What to do with the messages of one topic. */
export interface Route {
  readonly topic: string
  readonly settings: TopicSettings
  readonly decode: Decode
  /** True: times in the payload are not looked at. */
  readonly arrivalOnly: boolean
  /** Whether a text stands for no value. */
  readonly missing: (text: string) => boolean
  /** The slot of the value that is the whole payload, once one was seen. */
  own: Slot | undefined
  /** What the messages of this topic call the thing that they speak of, once one did; and the bytes that say so. */
  said: string | undefined
  saidBytes: Buffer | undefined
  /** The retained message, as long as the same may come live. */
  kept: Buffer | undefined
  /** A message came at `arrival`. */
  begin(arrival: number): void
  /** The slot of a field; a text says why there is none. */
  slot(field: string): Slot | string
  /** Gives a slot its tag, `bare`: one without a type yet; a text says why it gets none. */
  resolve(slot: Slot, type: TagType, bare: boolean): string | undefined
}

export type Readers = Map<PresetName, ItemReader>

interface Rule {
  readonly settings: TopicSettings
  readonly decode: Decode
  readonly times: TimeReader | undefined
  readonly missing: (text: string) => boolean
}

/** Topics known at a time; beyond that all are forgotten and found anew. */
const maxRoutes = 50_000
const maxName = 500
const day = 86_400_000
const unprintable = /[\p{Cc}\p{Surrogate}]/u

/** Finds what to do with a topic; one look-up by text after the first time. */
export class Router {
  /** One reader for all topics of a preset: what it learns on one it needs on another. */
  readonly readers: Readers
  readonly #rules: readonly Rule[]
  readonly #tags: TagTable
  readonly #source: string
  readonly #settings: MqttSettings
  readonly #retyped: (tag: string, from: TagType, to: TagType) => void
  readonly #routes = new Map<string, Route | null>()
  /** Tags that got the type of the configuration: once each, lest two rules take turns. */
  readonly #converted = new Set<string>()
  #slots = 0
  /** Tags that may be made: `max_tags` at first, and that many a day. */
  #allowance: number
  #allowed = Number.NaN
  /** Tags made by this message. */
  #made = 0
  #generation = 0

  /** `retyped` is told when a tag gets another type because the configuration names it. */
  constructor(
    settings: MqttSettings,
    tags: TagTable,
    source: string,
    retyped: (tag: string, from: TagType, to: TagType) => void = () => undefined,
    readers: Readers = new Map(),
  ) {
    this.readers = readers
    this.#rules = (settings.topics ?? []).map((topic) => createRule(topic, settings.max_depth, readers))
    this.#tags = tags
    this.#source = source
    this.#settings = settings
    this.#retyped = retyped
    this.#allowance = settings.max_tags
  }

  /** `key`: the bytes of the topic as latin1, which costs less than UTF-8. Null where no filter matches. */
  find(key: string): Route | null {
    if (this.#generation !== this.#tags.retyped) this.#forget()
    const route = this.#routes.get(key)
    return route === undefined ? this.#learn(key) : route
  }

  #forget(): void {
    this.#generation = this.#tags.retyped
    this.#routes.clear()
    this.#slots = 0
  }

  #learn(key: string): Route | null {
    if (this.#routes.size >= maxRoutes || this.#slots >= this.#settings.max_tags * 2) this.#forget()
    const topic = Buffer.from(key, 'latin1').toString('utf8')
    let route: Route | null = null
    for (const rule of this.#rules) {
      const captures = matchFilter(rule.settings.filter, topic)
      if (captures) {
        route = this.#route(rule, topic, captures)
        break
      }
    }
    this.#routes.set(key, route)
    return route
  }

  #route({ settings, decode, times, missing }: Rule, topic: string, captures: Captures): Route {
    const slots = new Map<string, Slot | string>()
    const create = (field: string) => {
      const slot = this.#slot(settings, tagName(templateOf(settings), topic, captures, field), fieldName(field))
      // What names no tag is not remembered: keys that are never the same again must not fill the memory.
      if (typeof slot === 'string') return slot
      this.#slots++
      slots.set(field, slot)
      return slot
    }
    return {
      topic,
      settings,
      decode,
      missing,
      arrivalOnly: settings.time === 'arrival',
      own: undefined,
      said: undefined,
      saidBytes: undefined,
      kept: undefined,
      begin: (arrival) => {
        if (times) times.near = arrival
        this.#begin(arrival)
      },
      slot: (field) => slots.get(field) ?? create(field),
      resolve: (slot, type, bare) => this.#resolve(slot, type, bare),
    }
  }

  #begin(arrival: number): void {
    this.#made = 0
    const { max_tags } = this.#settings
    if (this.#allowance < max_tags && arrival > this.#allowed)
      this.#allowance = Math.min(max_tags, this.#allowance + ((arrival - this.#allowed) / day) * max_tags)
    this.#allowed = arrival
  }

  #slot(settings: TopicSettings, name: string | undefined, field: string): Slot | string {
    if (name === undefined) return `"${templateOf(settings)}" names something that topic and payload do not hold`
    if (name.length > maxName) return `a tag name of ${name.length} characters`
    if (unprintable.test(name)) return 'a tag name with characters that cannot be printed'
    const tag = this.#tags.find(name)
    const known = tag?.untyped ? undefined : tag
    const wanted = ofField<TagType>(settings.type, field)
    const usable = known && (wanted === undefined || known.type === wanted || this.#converted.has(name))
    return {
      name,
      tag: usable ? known.index : -1,
      type: usable ? known.type : wanted,
      wanted,
      bare: tag?.untyped ? tag.index : -1,
      unit: tag?.unit ?? ofField(settings.unit, field),
      stamp: -Infinity,
      told: false,
    }
  }

  #resolve(slot: Slot, type: TagType, bare: boolean): string | undefined {
    const { max_tags, max_new_tags } = this.#settings
    const { name, unit } = slot
    const before = this.#tags.find(name)
    if (!before) {
      if (this.#made >= max_new_tags) return `this message has made ${max_new_tags} tags (max_new_tags)`
      if (this.#allowance < 1) return `this source has made ${max_tags} tags (max_tags), which come back within a day`
      this.#allowance--
      this.#made++
    }
    const about = { name, type, source: this.#source, ...(unit !== undefined && { unit }) }
    let tag = this.#tags.resolve(bare ? { ...about, untyped: true } : about)
    if (bare && tag.untyped) {
      slot.bare = tag.index
      return undefined
    }
    if (tag.type !== type && slot.wanted === type && !this.#converted.has(name)) {
      this.#converted.add(name)
      this.#retyped(name, tag.type, type)
      tag = this.#tags.retype(name, type)!
      // All other routes look again; this one has the new tag already.
      this.#generation = this.#tags.retyped
      this.#routes.clear()
    }
    slot.tag = tag.index
    slot.type = tag.type
    return undefined
  }
}

/** What the configuration says of a field: the same for all, or by field. */
function ofField<T extends string>(said: T | Readonly<Record<string, T>> | undefined, field: string): T | undefined {
  if (typeof said !== 'object') return said
  return Object.hasOwn(said, field) ? said[field] : undefined
}

function createRule(settings: TopicSettings, maxDepth: number, readers: Readers): Rule {
  const { format, time, missing } = settings
  const { unit, format: pattern } = time === 'arrival' ? {} : time
  const times =
    time === 'arrival' ? undefined : new TimeReader({ ...(unit && { unit }), pattern, zone: settings.timezone })
  const { preset, items } = settings
  const reader = preset ? (readers.get(preset) ?? presets[preset].reader()) : items && ruleReader(items)
  if (preset && reader) readers.set(preset, reader)
  const decode = createFormat(format, optionsOf(settings, times, maxDepth, reader))
  return { settings, decode, times, missing: missingTest(missing) }
}

function optionsOf(
  settings: TopicSettings,
  times: TimeReader | undefined,
  maxDepth: number,
  list: ItemReader | undefined,
): FormatOptions {
  const { time, values, rate, type, decimal: mark, decode } = settings
  const paths = typeof values === 'string' ? ([['', values]] as const) : values && Object.entries(values)
  const field = time === 'arrival' ? undefined : time.field
  const numbers = decode && ('values' in decode ? Object.entries(decode.values) : ([['', decode]] as const))
  return {
    ...(field !== undefined && { timeField: field }),
    ...(times && { times }),
    ...(time !== 'arrival' && time.of === 'last' && { lastTimed: true }),
    ...(paths && { values: paths }),
    ...(list && { items: list }),
    ...(decode && numbers && { binary: binaryReader(decode.from, numbers) }),
    ...(rate !== undefined && { rate }),
    ...(mark !== undefined && { mark }),
    maxDepth,
    fieldwise: namesFields(templateOf(settings)),
    exactIntegers: type === 'integer' || (typeof type === 'object' && Object.values(type).includes('integer')),
  }
}
