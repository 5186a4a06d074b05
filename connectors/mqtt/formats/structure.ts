import { Quality } from '../../../agent/core/index.ts'
import type { FormatOptions, Receiver } from './contract.ts'
import { itemEnd, type NamedItem } from './items.ts'
import { listOf, nameKeyOf, nameOf, remedyFor } from './named.ts'
import { at, isObject } from './path.ts'
import { readQuality } from './quality.ts'
import { show } from './show.ts'

const timeKeys = ['ts', 'timestamp', 'time'] as const
/** Characters of the keys that lead to a value, together. */
const longestField = 500
/** Characters that mark the parts of fields. */
const reserved = /[\0\u0001]/

/** What holds for a value because of where it stands in the payload. */
interface Place {
  readonly field: string
  readonly time: number
  readonly quality: Quality
  /** Samples per second of a list of numbers. */
  readonly rate: number | undefined
  readonly depth: number
}

/**
 * Finds the samples in decoded JSON or CBOR. Understood are: one value; `{ts, value, quality}`, other keys of which are
 * ignored; an object of values, nested or not; lists of `[ts, value]`, of `[ts, value, quality]` and of any of the
 * objects; a list of numbers with a `rate`, the time of which is that of its first number (absent: the last one is now).
 * A list of named values is read by the rule or preset of the options, and refused without one.
 */
export function readStructure(root: unknown, options: FormatOptions, receiver: Receiver): void {
  new StructureReader(root, options, receiver).read()
}

class StructureReader {
  readonly #root: unknown
  readonly #options: FormatOptions
  readonly #receiver: Receiver

  constructor(root: unknown, options: FormatOptions, receiver: Receiver) {
    this.#root = root
    this.#options = options
    this.#receiver = receiver
  }

  read(): void {
    const { rate, items, values, binary } = this.#options
    const top: Place = { field: '', time: Number.NaN, quality: Quality.good, rate, depth: 0 }
    if (items) this.#items(items, top)
    else if (values) this.#selected(top, values)
    else if (binary && typeof this.#root !== 'string') {
      this.#receiver.reject('malformed', 'decode needs values, the path of the text with the bytes')
    } else if (!this.#isNamed(listOf(this.#root, this.#options.maxDepth)?.list, '')) this.#any(this.#root, top)
  }

  /** The configured values, each at its path; what is not there is left out. */
  #selected(top: Place, values: NonNullable<FormatOptions['values']>): void {
    const root = this.#root
    const place = isObject(root) ? this.#enter(root, top) : top
    if (!place) return
    for (const [field, path] of values) {
      const value = at(root, path)
      if (value !== undefined) this.#any(value, { ...place, field })
    }
  }

  #items(read: NonNullable<FormatOptions['items']>, top: Place): void {
    const place = isObject(this.#root) ? this.#enter(this.#root, top) : top
    if (!place) return
    const known = read(this.#root, {
      now: this.#options.times?.near ?? Number.NaN,
      item: (item) => this.#item(item, place),
      reject: (reason, detail) => this.#receiver.reject(reason, detail),
    })
    if (!known) this.#receiver.reject('unmapped', 'the payload is not what the preset of the topic reads')
  }

  #item({ name, value, time, at: instant, quality, unit }: NamedItem, outer: Place): void {
    const field = `${name}${itemEnd}`
    let own = outer.time
    let worst = quality === undefined || quality === null ? outer.quality : (readQuality(quality) ?? Quality.uncertain)
    if (this.#options.times && instant !== undefined) own = instant
    else if (time !== undefined && time !== null) {
      const read = this.#time(time, field)
      if (read === undefined) return
      own = read
      worst = this.#worse(worst)
    }
    if (typeof unit === 'string' && unit !== '' && !this.#receiver.unit(field, unit)) return
    this.#any(value, { ...outer, field, time: own, quality: worst, depth: 1 })
  }

  #any(value: unknown, place: Place): void {
    if (typeof value !== 'object' || value === null || value instanceof Date) this.#scalar(value, place)
    else if (place.depth >= this.#options.maxDepth) {
      this.#receiver.reject('oversized', `nested deeper than ${this.#options.maxDepth} levels`, place.field)
    } else if (Array.isArray(value)) this.#list(value, place)
    else if (isNumbers(value)) this.#waveform(value, place)
    else if (ArrayBuffer.isView(value)) this.#bytes(value, place)
    else this.#object(value as Record<string, unknown>, place)
  }

  #object(object: Record<string, unknown>, outer: Place): void {
    const place = this.#enter(object, outer)
    if (!place) return
    const single = !this.#options.fieldwise && Object.hasOwn(object, 'value')
    if (place.depth === 1 && !this.#isAlone(object, single)) return
    if (single) {
      this.#any(object.value, place)
      return
    }
    const timeKey = this.#timeKey(object)
    const rated = this.#hasRate(object)
    for (const key of Object.keys(object)) {
      const value = object[key]
      if (key === timeKey || (key === 'rate' && rated)) continue
      if (key === 'quality' && readQuality(value) !== undefined && typeof value === 'string') continue
      if (place.field.length + key.length > longestField || reserved.test(key)) {
        const what = reserved.test(key) ? 'with characters that cannot be printed' : `of ${key.length} characters`
        this.#receiver.reject('unmapped', `a key ${what}`, place.field)
        continue
      }
      // `{ts, values: {temperature: 1}}`: the container has no name of its own.
      const field = key === 'values' ? place.field : joined(place.field, key)
      this.#any(value, { ...place, field })
    }
  }

  /** True, and rejected, where a list has names of its own: its values are not those of one tag. */
  #isNamed(list: readonly unknown[] | undefined, field: string): boolean {
    const named = list?.find((item) => nameKeyOf(item) !== undefined) as Record<string, unknown> | undefined
    if (!named) return false
    const key = nameKeyOf(named)!
    const what = `a list of named values (${key}: ${show(named[key])})`
    this.#receiver.reject('unmapped', `${what}; ${remedyFor(this.#root)}`, field)
    return true
  }

  /** False, and rejected, where the message names another thing than the ones before on its topic. */
  #isAlone(object: Record<string, unknown>, single: boolean): boolean {
    const name = nameOf(object, single)
    if (name === undefined || object !== this.#root || this.#receiver.same(name)) return true
    const said = name.slice(0, 60).trim().replace('\n', ', ')
    const remedy = remedyFor(this.#root)
    this.#receiver.reject('unmapped', `it speaks of ${said}, earlier messages on this topic of another; ${remedy}`)
    return false
  }

  /** The place of what is inside `object`; undefined, and rejected, where its time or rate is none. */
  #enter(object: Record<string, unknown>, outer: Place): Place | undefined {
    const time = this.#time(this.#rawTime(object), outer.field)
    if (time === undefined) return undefined
    const quality = readQuality(object.quality)
    const named = typeof object.quality === 'string' || Object.hasOwn(object, 'value')
    return {
      field: outer.field,
      time: Number.isNaN(time) ? outer.time : time,
      quality: this.#worse(named && quality !== undefined ? quality : outer.quality),
      rate: this.#hasRate(object) ? object.rate : outer.rate,
      depth: outer.depth + 1,
    }
  }

  /** NaN where there is none or none is wanted; undefined, and rejected, where it is no time. */
  #time(raw: unknown, field: string): number | undefined {
    const { times } = this.#options
    if (!times) return Number.NaN
    const time = times.read(raw)
    if (time === undefined) {
      const why = times.problem === '' ? '' : `: ${times.problem}`
      this.#receiver.reject('time', `${show(raw)} is no time (${times.unit})${why}`, field)
    }
    return time
  }

  /** A time that may be one of two instants makes what is of it uncertain. */
  #worse(quality: Quality): Quality {
    return this.#options.times?.ambiguous && quality === Quality.good ? Quality.uncertain : quality
  }

  #rawTime(object: Record<string, unknown>): unknown {
    const field = this.#options.timeField
    if (field !== undefined) return at(object, field)
    const key = this.#timeKey(object)
    return key === undefined ? undefined : object[key]
  }

  #timeKey(object: Record<string, unknown>): string | undefined {
    const field = this.#options.timeField
    if (field !== undefined) return Object.hasOwn(object, field) ? field : undefined
    return timeKeys.find((key) => Object.hasOwn(object, key))
  }

  #list(items: readonly unknown[], place: Place): void {
    if (items.length === 0) {
      this.#receiver.reject('empty', 'an empty list', place.field)
      return
    }
    if (items.every((item) => typeof item === 'number')) {
      this.#waveform(items, place)
      return
    }
    // Elsewhere it was looked for before anything was read.
    if (this.#options.values && this.#isNamed(items, place.field)) return
    for (const item of items) {
      if (Array.isArray(item)) this.#pair(item, place)
      else if (typeof item === 'object' && item !== null) this.#any(item, { ...place, depth: place.depth + 1 })
      else {
        const detail = `${show(item)} in a list is neither [time, value] nor an object`
        this.#receiver.reject('malformed', detail, place.field)
      }
    }
  }

  #pair(pair: readonly unknown[], place: Place): void {
    const raw = pair[0]
    const value = pair[1]
    if (pair.length < 2 || pair.length > 3 || Array.isArray(raw) || (typeof value === 'object' && value !== null)) {
      this.#receiver.reject('malformed', `${show(pair)} is not [time, value]`, place.field)
      return
    }
    const time = this.#time(raw, place.field)
    if (time === undefined) return
    const quality = this.#worse(pair.length === 3 ? (readQuality(pair[2]) ?? Quality.uncertain) : place.quality)
    if (typeof value === 'number') this.#receiver.number(place.field, time, value, quality)
    else this.#scalar(value, { ...place, time, quality })
  }

  #waveform(values: ArrayLike<number>, place: Place): void {
    const { rate, field } = place
    if (rate === undefined || !(rate > 0 && Number.isFinite(rate))) {
      const why = rate === undefined ? 'has no rate (samples per second)' : `has the impossible rate ${rate}`
      this.#receiver.reject('malformed', `a list of ${values.length} numbers ${why}`, field)
      return
    }
    const step = 1_000 / rate
    const first = this.#options.lastTimed ? place.time - (values.length - 1) * step : place.time
    this.#receiver.waveform(field, first, step, values, place.quality)
  }

  #bytes(value: ArrayBufferView, { field, time, quality }: Place): void {
    const { binary } = this.#options
    if (binary && Buffer.isBuffer(value)) binary.read(value, field, time, quality, this.#receiver)
    else this.#receiver.reject('malformed', 'bytes are no value; see decode', field)
  }

  #scalar(value: unknown, { field, time, quality }: Place): void {
    const receiver = this.#receiver
    if (typeof value === 'number') receiver.number(field, time, value, quality)
    else if (typeof value === 'boolean') receiver.boolean(field, time, value, quality)
    else if (typeof value === 'string') {
      if (this.#options.binary) this.#options.binary.read(value, field, time, quality, receiver)
      else receiver.text(field, time, value, quality)
    } else if (typeof value === 'bigint') receiver.integer(field, time, value, quality)
    else if (value instanceof Date) receiver.text(field, time, value.toJSON(), quality)
    else if (value === null || value === undefined) receiver.absent(field, time)
    else receiver.reject('malformed', `${show(value)} is no value`, field)
  }

  /** A `rate` beside lists of numbers, nested or not, says how fast they were taken; beside other values it is one of them. */
  #hasRate(object: Record<string, unknown>): object is Record<string, unknown> & { rate: number } {
    return typeof object.rate === 'number' && holdsNumbers(object, this.#options.maxDepth)
  }
}

/** The name of a value inside another. */
function joined(field: string, key: string): string {
  return field === '' || field.endsWith(itemEnd) ? `${field}${key}` : `${field}/${key}`
}

/** Whether a list of numbers is somewhere inside, as far as the depth allows. */
function holdsNumbers(object: Record<string, unknown>, depth: number): boolean {
  for (const key in object) {
    const value = object[key]
    if (typeof value !== 'object' || value === null) continue
    if (Array.isArray(value) ? typeof value[0] === 'number' : isNumbers(value)) return true
    if (depth > 1 && isObject(value) && holdsNumbers(value, depth - 1)) return true
  }
  return false
}

function isNumbers(value: object): value is Float64Array {
  return value instanceof Float64Array
}
