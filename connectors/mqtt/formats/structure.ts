import { Quality } from '../../../agent/core/index.ts'
import type { FormatOptions, Receiver } from './contract.ts'
import { readQuality } from './quality.ts'
import { readTime } from './times.ts'

const timeKeys = ['ts', 'timestamp', 'time'] as const

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
 */
export function readStructure(root: unknown, options: FormatOptions, receiver: Receiver): void {
  const top: Place = { field: '', time: Number.NaN, quality: Quality.good, rate: options.rate, depth: 0 }
  const reader = new StructureReader(options, receiver)
  if (options.values) reader.selected(root, top, options.values)
  else reader.any(root, top)
}

class StructureReader {
  readonly #options: FormatOptions
  readonly #receiver: Receiver

  constructor(options: FormatOptions, receiver: Receiver) {
    this.#options = options
    this.#receiver = receiver
  }

  /** The configured values, each at its path; what is not there is left out. */
  selected(root: unknown, top: Place, values: NonNullable<FormatOptions['values']>): void {
    const place = isObject(root) ? this.#enter(root, top) : top
    if (!place) return
    for (const [field, path] of values) {
      const value = at(root, path)
      if (value !== undefined) this.any(value, { ...place, field })
    }
  }

  any(value: unknown, place: Place): void {
    if (typeof value !== 'object' || value === null || value instanceof Date) this.#scalar(value, place)
    else if (place.depth >= this.#options.maxDepth) {
      this.#receiver.reject('oversized', `nested deeper than ${this.#options.maxDepth} levels`, place.field)
    } else if (Array.isArray(value)) this.#list(value, place)
    else if (isNumbers(value)) this.#waveform(value, place)
    else if (ArrayBuffer.isView(value)) this.#receiver.reject('malformed', 'bytes are no value', place.field)
    else this.#object(value as Record<string, unknown>, place)
  }

  #object(object: Record<string, unknown>, outer: Place): void {
    const place = this.#enter(object, outer)
    if (!place) return
    const single = !this.#options.fieldwise && Object.hasOwn(object, 'value')
    if (single) {
      this.any(object.value, place)
      return
    }
    const timeKey = this.#timeKey(object)
    for (const key of Object.keys(object)) {
      const value = object[key]
      if (key === timeKey || (key === 'rate' && hasRate(object))) continue
      if (key === 'quality' && readQuality(value) !== undefined && typeof value === 'string') continue
      // `{ts, values: {temperature: 1}}`: the container has no name of its own.
      const field = key === 'values' ? place.field : place.field === '' ? key : `${place.field}/${key}`
      this.any(value, { ...place, field })
    }
  }

  /** The place of what is inside `object`; undefined, and rejected, where its time or rate is none. */
  #enter(object: Record<string, unknown>, outer: Place): Place | undefined {
    const raw = this.#rawTime(object)
    const time = readTime(raw, this.#options.timeUnit)
    if (time === undefined) {
      this.#receiver.reject('time', `${show(raw)} is no time (${this.#options.timeUnit})`, outer.field)
      return undefined
    }
    const rate = hasRate(object) ? object.rate : outer.rate
    const quality = readQuality(object.quality)
    const named = typeof object.quality === 'string' || Object.hasOwn(object, 'value')
    return {
      field: outer.field,
      time: Number.isNaN(time) ? outer.time : time,
      quality: named && quality !== undefined ? quality : outer.quality,
      rate,
      depth: outer.depth + 1,
    }
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
    for (const item of items) {
      if (Array.isArray(item)) this.#pair(item, place)
      else if (typeof item === 'object' && item !== null) this.any(item, { ...place, depth: place.depth + 1 })
      else
        this.#receiver.reject(
          'malformed',
          `${show(item)} in a list is neither [time, value] nor an object`,
          place.field,
        )
    }
  }

  #pair(pair: readonly unknown[], place: Place): void {
    const raw = pair[0]
    const value = pair[1]
    if (pair.length < 2 || pair.length > 3 || Array.isArray(raw) || (typeof value === 'object' && value !== null)) {
      this.#receiver.reject('malformed', `${show(pair)} is not [time, value]`, place.field)
      return
    }
    const time = readTime(raw, this.#options.timeUnit)
    if (time === undefined) {
      this.#receiver.reject('time', `${show(raw)} is no time (${this.#options.timeUnit})`, place.field)
      return
    }
    const quality = pair.length === 3 ? (readQuality(pair[2]) ?? Quality.uncertain) : place.quality
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
    this.#receiver.waveform(field, place.time, 1_000 / rate, values, place.quality)
  }

  #scalar(value: unknown, { field, time, quality }: Place): void {
    if (typeof value === 'number') this.#receiver.number(field, time, value, quality)
    else if (typeof value === 'boolean') this.#receiver.boolean(field, time, value, quality)
    else if (typeof value === 'string') this.#receiver.text(field, time, value, quality)
    else if (typeof value === 'bigint') this.#receiver.integer(field, time, value, quality)
    else if (value instanceof Date) this.#receiver.text(field, time, value.toJSON(), quality)
    else if (value === null || value === undefined) this.#receiver.absent(field, time)
    else this.#receiver.reject('malformed', `${show(value)} is no value`, field)
  }
}

/** What stands at a path such as `data.motor.0.speed`; undefined where nothing does. */
export function at(root: unknown, path: string): unknown {
  let here: unknown = root
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Record<string, unknown>)[key]
  }
  return here
}

/** A value as it looks in a message for the user. */
export function show(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) as
    string | undefined
  return (text ?? String(value)).slice(0, 80)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A `rate` beside a list or a nested object says how fast its numbers were taken; beside plain values it is one of them. */
function hasRate(object: Record<string, unknown>): object is Record<string, unknown> & { rate: number } {
  return typeof object.rate === 'number' && Object.values(object).some((value) => typeof value === 'object')
}

function isNumbers(value: object): value is Float64Array {
  return (
    ArrayBuffer.isView(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof DataView) &&
    !(value instanceof BigInt64Array) &&
    !(value instanceof BigUint64Array)
  )
}
