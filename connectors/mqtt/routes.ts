import type { TagTable, TagType } from '../../agent/core/index.ts'
import { createFormat, type Decode } from './formats/index.ts'
import { type Captures, matchFilter, namesFields, tagName } from './patterns.ts'
import type { MqttSettings, TopicSettings } from './settings.ts'

/** Where the values of one field of one topic go. */
export interface Slot {
  /** Name of the tag. */
  readonly name: string
  /** Index in the tag table; -1 before the first value. */
  tag: number
  /** Type of the tag; absent before the first value where the configuration names none. */
  type: TagType | undefined
}

/** What to do with the messages of one topic. */
export interface Route {
  readonly topic: string
  readonly settings: TopicSettings
  readonly decode: Decode
  /** True: times in the payload are not looked at. */
  readonly arrivalOnly: boolean
  /** The slot of the value that is the whole payload, once one was seen. */
  own: Slot | undefined
  /** The slot of a field; a text says why there is none. */
  slot(field: string): Slot | string
  /** Gives a slot its tag; a text says why it gets none. */
  resolve(slot: Slot, type: TagType): string | undefined
}

interface Rule {
  readonly settings: TopicSettings
  readonly decode: Decode
}

/** Topics known at a time; beyond that all are forgotten and found anew. */
const maxRoutes = 50_000
const maxName = 500

/** Finds what to do with a topic; one look-up by text after the first time. */
export class Router {
  readonly #rules: readonly Rule[]
  readonly #tags: TagTable
  readonly #source: string
  readonly #maxTags: number
  readonly #routes = new Map<string, Route | null>()
  #slots = 0
  #created = 0

  constructor(settings: MqttSettings, tags: TagTable, source: string) {
    this.#rules = (settings.topics ?? []).map((topic) => createRule(topic, settings.max_depth))
    this.#tags = tags
    this.#source = source
    this.#maxTags = settings.max_tags
  }

  /** `key`: the bytes of the topic as latin1, which costs less than UTF-8. Null where no filter matches. */
  find(key: string): Route | null {
    const route = this.#routes.get(key)
    return route === undefined ? this.#learn(key) : route
  }

  #learn(key: string): Route | null {
    if (this.#routes.size >= maxRoutes || this.#slots >= this.#maxTags * 2) {
      this.#routes.clear()
      this.#slots = 0
    }
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

  #route({ settings, decode }: Rule, topic: string, captures: Captures): Route {
    const slots = new Map<string, Slot | string>()
    const create = (field: string) => {
      const slot = this.#slot(settings, tagName(settings.tag, topic, captures, field))
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
      arrivalOnly: settings.time === 'arrival',
      own: undefined,
      slot: (field) => slots.get(field) ?? create(field),
      resolve: (slot, type) => this.#resolve(settings, slot, type),
    }
  }

  #slot(settings: TopicSettings, name: string | undefined): Slot | string {
    if (name === undefined) return `"${settings.tag}" names something that topic and payload do not hold`
    if (name.length > maxName) return `a tag name of ${name.length} characters`
    const tag = this.#tags.find(name)
    if (tag === undefined && this.#created >= this.#maxTags) return `this source has ${this.#maxTags} tags (max_tags)`
    return { name, tag: tag?.index ?? -1, type: tag?.type ?? settings.type }
  }

  #resolve(settings: TopicSettings, slot: Slot, type: TagType): string | undefined {
    const size = this.#tags.size
    if (this.#created >= this.#maxTags && !this.#tags.find(slot.name)) {
      return `this source has ${this.#maxTags} tags (max_tags)`
    }
    const { unit } = settings
    const tag = this.#tags.resolve({ name: slot.name, type, source: this.#source, ...(unit !== undefined && { unit }) })
    if (this.#tags.size > size) this.#created++
    slot.tag = tag.index
    slot.type = tag.type
    return undefined
  }
}

function createRule(settings: TopicSettings, maxDepth: number): Rule {
  const { format, time, values, rate, tag, type } = settings
  const paths = typeof values === 'string' ? ([['', values]] as const) : values && Object.entries(values)
  const decode = createFormat(format, {
    ...(time !== 'arrival' && time.field !== undefined && { timeField: time.field }),
    timeUnit: time === 'arrival' ? 'arrival' : time.unit,
    ...(paths && { values: paths }),
    ...(rate !== undefined && { rate }),
    maxDepth,
    fieldwise: namesFields(tag),
    exactIntegers: type === 'integer',
  })
  return { settings, decode }
}
