import {
  type BatchBuilder,
  type CorrectionEvent,
  type DeadLetter,
  type DeadReason,
  type LabelEvent,
  type LabelMessage,
  Quality,
  type TagType,
  labelEventOf,
} from '../../agent/core/index.ts'
import { decimal } from './formats/plain.ts'
import type { Receiver } from './formats/index.ts'
import type { Route, Slot } from './routes.ts'

/** Before the year 2000 no plant was online: such a time comes from a clock that was never set. */
const earliest = Date.UTC(2000, 0, 1)
const furthestAhead = 24 * 3_600_000
/** Bytes of a payload that a dead letter keeps. */
const keptPayload = 256
const notFinite = /^[+-]?(?:nan|inf(?:inity)?)$/i
const truth: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  on: true,
  off: false,
  '1': true,
  '0': false,
}

type Draft = { -readonly [Key in keyof DeadLetter]: DeadLetter[Key] }

/** Puts the values of messages into a batch, each in its tag, and what cannot be used into dead letters. */
export class Collector implements Receiver {
  readonly #builder: BatchBuilder
  readonly #origin: string
  letters: Draft[] = []
  labels: (LabelEvent | CorrectionEvent)[] = []
  /** Samples whose time was absent or absurd, so far. */
  repaired = 0
  /** Arrival minus time of the newest sample that has its own time, ms. */
  skew = Number.NaN
  #route: Route | undefined
  #topic = ''
  #arrival = 0
  #worst: Quality = Quality.good
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #size = 0
  /** Letters before this message. */
  #before = 0

  constructor(builder: BatchBuilder, origin: string) {
    this.#builder = builder
    this.#origin = origin
  }

  /**
   * Takes a message. `stale`: the broker had kept it (retained): a value without a time of its own is as old as nobody
   * knows, so its quality is uncertain.
   */
  message(
    route: Route,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
    stale: boolean,
    maxPayload: number,
  ): void {
    this.#begin(route, route.topic, bytes, start, end, size, arrival)
    this.#worst = stale ? Quality.uncertain : Quality.good
    const rows = this.#builder.length + this.labels.length
    if (size === 0) {
      this.reject('empty', 'an empty payload')
      return
    }
    if (size > maxPayload) {
      this.reject('oversized', `${size} bytes; at most ${maxPayload} are read (max_payload)`)
      return
    }
    route.decode(bytes, start, end, this)
    if (this.#builder.length + this.labels.length === rows && this.letters.length === this.#before) {
      this.reject('empty', 'no value in the payload')
    }
  }

  /** Puts a message aside that no filter of the configuration matches. */
  unmapped(topic: string, bytes: Buffer, start: number, end: number, size: number, arrival: number): void {
    this.#begin(undefined, topic, bytes, start, end, size, arrival)
    this.reject('unmapped', 'no filter of the configuration matches the topic')
  }

  #begin(
    route: Route | undefined,
    topic: string,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
  ) {
    this.#route = route
    this.#topic = topic
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#size = size
    this.#arrival = arrival
    this.#before = this.letters.length
  }

  number(field: string, time: number, value: number, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    if (slot.tag >= 0 && slot.type === 'number' && value - value === 0) {
      this.#builder.add(slot.tag, this.#time(time), value, this.#quality(time, quality))
      return
    }
    this.#number(slot, field, time, value, quality)
  }

  #number(slot: Slot, field: string, time: number, value: number, quality: Quality): void {
    if (!Number.isFinite(value)) {
      this.reject('value', `${value} is not finite`, field)
      return
    }
    const type = slot.type ?? 'number'
    if (type === 'number') this.#add(slot, field, type, time, value, quality)
    else if (type === 'integer' && Number.isInteger(value)) this.integer(field, time, BigInt(value), quality)
    else if (type === 'boolean' && (value === 0 || value === 1) && this.#route!.settings.type === 'boolean') {
      this.#add(slot, field, type, time, value, quality)
    } else if (type === 'text' && this.#route!.settings.type === 'text') {
      this.#addText(slot, field, time, String(value), quality)
    } else this.#wrongType(slot, field, String(value))
  }

  integer(field: string, time: number, value: bigint, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    const type = slot.type ?? 'integer'
    if (type !== 'integer') {
      this.#number(slot, field, time, Number(value), quality)
      return
    }
    if (BigInt.asIntN(64, value) !== value) {
      this.reject('value', `${value} does not fit a signed 64-bit integer`, field)
      return
    }
    if (!this.#ensure(slot, field, type)) return
    this.#builder.addInteger(slot.tag, this.#time(time), value, this.#quality(time, quality))
  }

  boolean(field: string, time: number, value: boolean, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    const type = slot.type ?? 'boolean'
    const asked = this.#route!.settings.type === type
    if (type === 'boolean' || (type !== 'text' && asked)) this.#add(slot, field, type, time, value ? 1 : 0, quality)
    else if (type === 'text' && asked) this.#addText(slot, field, time, String(value), quality)
    else this.#wrongType(slot, field, String(value))
  }

  text(field: string, time: number, value: string, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    const type = slot.type ?? 'text'
    const text = value.trim()
    if (type === 'text' && (slot.type !== undefined || !notFinite.test(text))) {
      this.#addText(slot, field, time, value, quality)
      return
    }
    if (notFinite.test(text)) {
      this.reject('value', `"${text}" is not finite`, field)
      return
    }
    if (type === 'integer' && /^[+-]?\d+$/.test(text)) {
      this.integer(field, time, BigInt(text.replace('+', '')), quality)
      return
    }
    const number = type === 'number' ? decimal(text) : undefined
    if (number !== undefined) {
      this.number(field, time, number, quality)
      return
    }
    const lower = text.toLowerCase()
    if (type === 'boolean' && Object.hasOwn(truth, lower)) {
      this.boolean(field, time, truth[lower], quality)
      return
    }
    this.#wrongType(slot, field, JSON.stringify(value.slice(0, 60)))
  }

  waveform(field: string, time: number, step: number, values: ArrayLike<number>, quality: Quality): void {
    // Without a usable time the last number is the one that has just been taken.
    const usable = this.#isUsable(time)
    const first = usable ? time : this.#arrival - (values.length - 1) * step
    if (!usable && !this.#route!.arrivalOnly) this.repaired += values.length
    const worst = usable ? quality : Math.max(quality, this.#worst)
    for (let i = 0; i < values.length; i++) this.number(field, first + i * step, values[i], worst as Quality)
  }

  /** A bad sample, so that the gap is seen; nothing is known of its type, so it makes no tag. */
  absent(field: string, time: number): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    if (slot.type === undefined) {
      this.reject('empty', 'null for a tag that has had no value yet', field)
      return
    }
    if (slot.type === 'text') this.#addText(slot, field, time, '', Quality.bad)
    else this.#add(slot, field, slot.type, time, Number.NaN, Quality.bad)
  }

  label(message: LabelMessage): void {
    const event = labelEventOf(message, this.#arrival)
    if (event) this.labels.push(event)
    else this.reject('malformed', 'no label: the alarm is not named by its id')
  }

  reject(reason: DeadReason, detail: string, field = ''): void {
    const subject = field === '' ? this.#topic : `${this.#topic} ${field.replace('\0', ' ')}`
    const last = this.letters.length > this.#before ? this.letters[this.letters.length - 1] : undefined
    // A list of a thousand wrong values is one letter, not a thousand copies of the payload.
    if (last?.reason === reason && last.subject === subject) {
      last.rows++
      return
    }
    this.letters.push({
      time: this.#arrival,
      origin: this.#origin,
      reason,
      detail,
      subject,
      rows: 1,
      payload: Uint8Array.from(this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + keptPayload))),
      size: this.#size,
    })
  }

  #slot(field: string): Slot | undefined {
    const route = this.#route!
    if (field === '' && route.own) return route.own
    const slot = route.slot(field)
    if (typeof slot === 'string') {
      this.reject('unmapped', slot, field)
      return undefined
    }
    if (field === '') route.own = slot
    return slot
  }

  /** Makes the tag where this is its first value; false, and rejected, where it cannot be or has another type. */
  #ensure(slot: Slot, field: string, type: TagType): boolean {
    if (slot.tag >= 0) return true
    const problem = this.#route!.resolve(slot, type)
    if (problem !== undefined) this.reject('unmapped', problem, field)
    else if (slot.type !== type) this.#wrongType(slot, field, `a ${type}`)
    return slot.tag >= 0 && slot.type === type
  }

  #add(slot: Slot, field: string, type: TagType, time: number, value: number, quality: Quality): void {
    if (!this.#ensure(slot, field, type)) return
    this.#builder.add(slot.tag, this.#time(time), value, this.#quality(time, quality))
  }

  #addText(slot: Slot, field: string, time: number, text: string, quality: Quality): void {
    if (!this.#ensure(slot, field, 'text')) return
    this.#builder.addText(slot.tag, this.#time(time), text, this.#quality(time, quality))
  }

  #wrongType(slot: Slot, field: string, found: string): void {
    const since = slot.tag >= 0 ? 'is' : 'is configured as'
    this.reject('type', `${slot.name} ${since} ${slot.type ?? 'of no type'}; this is ${found}`, field)
  }

  #isUsable(time: number): boolean {
    return time >= earliest && time <= this.#arrival + furthestAhead
  }

  #time(time: number): number {
    if (time >= earliest && time <= this.#arrival + furthestAhead) {
      this.skew = this.#arrival - time
      return time
    }
    if (!this.#route!.arrivalOnly) this.repaired++
    return this.#arrival
  }

  #quality(time: number, quality: Quality): Quality {
    return this.#worst > quality && !this.#isUsable(time) ? this.#worst : quality
  }
}
