import { performance } from 'node:perf_hooks'
import {
  type AuditEvent,
  type BatchBuilder,
  type CorrectionEvent,
  type DeadLetter,
  type DeadReason,
  labelEventOf,
  type LabelEvent,
  type LabelMessage,
  needsMark,
  Quality,
  readMeasured,
  readNumber,
  sameUnit,
  type TagType,
  unitName,
  clockUnsetBefore,
} from '../../agent/core/index.ts'
import type { Receiver } from './formats/index.ts'
import { fieldName } from './patterns.ts'
import type { Route, Slot } from './routes.ts'
import type { MqttSettings } from './settings.ts'

/** Before the year 2000 no plant was online: such a time comes from a clock that was never set. */
const earliest = Date.UTC(2000, 0, 1)
const furthestAhead = 24 * 3_600_000
/** Bytes of a payload that a dead letter keeps. */
const keptPayload = 256
/** Characters of a topic and field that a dead letter keeps. */
const keptSubject = 300
/** Letters of one message; what is wrong with the rest of it is counted in them. */
const mostLetters = 20
/** Values after which the time of a message is looked at. */
const glance = 0x0fff
/** Bytes of a retained message that is compared with live ones. */
const mostKept = 4_096
/** How far the times of a burst of values without their own may run ahead of the clock, µs. */
const furthestBurst = 1_000_000
const infinite = /^[+-]?inf(?:inity)?$/i
const truth: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  on: true,
  off: false,
  yes: true,
  no: false,
  '1': true,
  '0': false,
}

type Draft = { -readonly [Key in keyof DeadLetter]: DeadLetter[Key] }

/** A message holds more than one may; what was read of it so far stays. */
class TooMuch extends Error {}

/** Puts the values of messages into a batch, each in its tag, and what cannot be used into dead letters. */
export class Collector implements Receiver {
  readonly #builder: BatchBuilder
  readonly #origin: string
  readonly #bounds: Pick<MqttSettings, 'max_payload' | 'max_samples' | 'max_text' | 'max_decode'>
  letters: Draft[] = []
  events: (LabelEvent | CorrectionEvent | AuditEvent)[] = []
  /** Samples whose time was absent or absurd, so far. */
  repaired = 0
  /** Live messages that were the retained one again, so far. */
  duplicates = 0
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
  /** Values and rejections of this message. */
  #count = 0
  #deadline = Infinity
  /** The name of this message, found by `sameBytes` and not yet by `same`. */
  #saidBytes: Buffer | undefined

  constructor(
    builder: BatchBuilder,
    origin: string,
    bounds: Pick<MqttSettings, 'max_payload' | 'max_samples' | 'max_text' | 'max_decode'>,
  ) {
    this.#builder = builder
    this.#origin = origin
    this.#bounds = bounds
  }

  /**
   * Takes a message; never throws. `stale`: the broker had kept it: a value without a time of its own is as old as nobody
   * knows, so its quality is uncertain. `retained`: for new subscribers, so that it may come live as well.
   */
  message(
    route: Route,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
    stale: boolean,
    retained = false,
  ): void {
    this.#begin(route, route.topic, bytes, start, end, size, arrival)
    this.#worst = stale || this.#arrival < clockUnsetBefore ? Quality.uncertain : Quality.good
    const rows = this.#builder.length + this.events.length
    const { repaired } = this
    if (route.kept !== undefined && this.#isKept(route, retained)) return
    try {
      route.begin(arrival)
      this.#read(route)
    } catch (error) {
      if (error instanceof TooMuch) this.#letter('oversized', error.message, '')
      else this.#letter('internal', words(error), '')
    }
    const taken = this.#builder.length + this.events.length - rows
    if (taken === 0 && this.letters.length === this.#before && route.settings.preset === undefined) {
      this.#letter('empty', 'no value in the payload', '')
    }
    if (retained && taken > 0 && this.repaired === repaired && !route.arrivalOnly && size <= mostKept)
      route.kept = Buffer.from(bytes.subarray(start, end))
  }

  #read(route: Route): void {
    const { max_payload, max_decode } = this.#bounds
    if (this.#size > max_payload) {
      this.reject('oversized', `${this.#size} bytes; at most ${max_payload} are read (max_payload)`)
      return
    }
    if (this.#size === 0) {
      // A topic that had one value has none now; with others it only says that nothing is retained any more.
      if (route.own !== undefined && route.own.tag >= 0) this.absent('', Number.NaN)
      else this.reject('empty', 'an empty payload')
      return
    }
    this.#deadline = this.#size > mostKept ? performance.now() + max_decode : Infinity
    route.decode(this.#bytes, this.#start, this.#end, this)
  }

  /** Whether this is the retained message once more: then its samples are there already, with their own times. */
  #isKept(route: Route, retained: boolean): boolean {
    const same = route.kept!.equals(this.#bytes.subarray(this.#start, this.#end))
    if (!retained) route.kept = undefined
    if (same) this.duplicates++
    return same
  }

  /** Puts a message aside that no filter of the configuration matches. */
  unmapped(topic: string, bytes: Buffer, start: number, end: number, size: number, arrival: number): void {
    this.#begin(undefined, topic, bytes, start, end, size, arrival)
    this.#letter('unmapped', 'no filter of the configuration matches the topic', '')
  }

  /** Puts a message aside at which something of ours failed. */
  failed(
    error: unknown,
    topic: string,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
  ): void {
    this.#begin(undefined, topic, bytes, start, end, size, arrival)
    this.#letter('internal', words(error), '')
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
    this.#count = 0
    this.#saidBytes = undefined
  }

  number(field: string, time: number, value: number, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    if (slot.tag >= 0 && slot.type === 'number' && value - value === 0) {
      this.#builder.add(slot.tag, this.#time(slot, time), value, this.#quality(time, quality))
      return
    }
    this.#number(slot, field, time, value, quality)
  }

  #number(slot: Slot, field: string, time: number, value: number, quality: Quality): void {
    if (!Number.isFinite(value)) {
      this.#absent(slot, field, time)
      return
    }
    const type = slot.type ?? 'number'
    if (type === 'number') this.#add(slot, field, type, time, value, quality)
    else if (type === 'integer' && Number.isInteger(value)) this.#integer(slot, field, time, BigInt(value), quality)
    else if (type === 'boolean' && (value === 0 || value === 1) && slot.wanted === 'boolean') {
      this.#add(slot, field, type, time, value, quality)
    } else if (type === 'text' && slot.wanted === 'text') {
      this.#addText(slot, field, time, String(value), quality)
    } else this.#wrongType(slot, field, 'number', String(value))
  }

  integer(field: string, time: number, value: bigint, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#integer(slot, field, time, value, quality)
  }

  #integer(slot: Slot, field: string, time: number, value: bigint, quality: Quality): void {
    const type = slot.type ?? 'integer'
    if (type !== 'integer') {
      this.#number(slot, field, time, Number(value), quality)
      return
    }
    if (BigInt.asIntN(64, value) !== value) {
      this.reject('value', `${String(value).slice(0, 40)} does not fit a signed 64-bit integer`, field)
      return
    }
    if (!this.#ensure(slot, field, type)) return
    this.#builder.addInteger(slot.tag, this.#time(slot, time), value, this.#quality(time, quality))
  }

  boolean(field: string, time: number, value: boolean, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#boolean(slot, field, time, value, quality)
  }

  #boolean(slot: Slot, field: string, time: number, value: boolean, quality: Quality): void {
    const type = slot.type ?? 'boolean'
    const asked = slot.wanted === type
    if (type === 'boolean' || (type !== 'text' && asked)) this.#add(slot, field, type, time, value ? 1 : 0, quality)
    else if (type === 'text' && asked) this.#addText(slot, field, time, String(value), quality)
    else this.#wrongType(slot, field, 'boolean', String(value))
  }

  text(field: string, time: number, value: string, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    if (value.length > this.#bounds.max_text) {
      this.reject('oversized', `a text of ${value.length} characters (max_text)`, field)
      return
    }
    const { type } = slot
    const literal = slot.wanted === 'text' && this.#route!.settings.missing === undefined
    if (!literal && this.#route!.missing(value)) this.#absent(slot, field, time)
    else if (type === 'text') this.#addText(slot, field, time, value, quality)
    else this.#written(slot, field, time, value, quality)
  }

  /** A text in a tag of numbers or booleans, or in one that has no type yet. */
  #written(slot: Slot, field: string, time: number, value: string, quality: Quality): void {
    const { type } = slot
    const text = value.trim()
    const mark = this.#route!.settings.decimal
    if (infinite.test(text)) {
      this.#absent(slot, field, time)
      return
    }
    if (type === 'integer' && /^[+-]?\d{1,400}$/.test(text)) {
      if (text.length > 40) this.reject('value', `an integer of ${text.length} digits does not fit 64 bits`, field)
      else this.#integer(slot, field, time, BigInt(text.replace('+', '')), quality)
      return
    }
    const lower = type === 'boolean' ? text.toLowerCase() : ''
    if (type === 'boolean' && Object.hasOwn(truth, lower)) {
      this.#boolean(slot, field, time, truth[lower], quality)
      return
    }
    // Without a type and a mark a text of digits may be a number of a part: it stays a text.
    const number = type === undefined && mark === undefined ? undefined : readNumber(text, mark)
    if (number !== undefined && type !== 'boolean') this.#number(slot, field, time, number, quality)
    else if (type === 'boolean' || !this.#measured(slot, field, time, text, quality)) {
      if (type === undefined) this.#addText(slot, field, time, value, quality)
      else this.#wrongType(slot, field, 'text', JSON.stringify(value.slice(0, 60)))
    }
  }

  /** A number with its unit, or one that cannot be read without being told its mark; false where it is neither. */
  #measured(slot: Slot, field: string, time: number, text: string, quality: Quality): boolean {
    const mark = this.#route!.settings.decimal
    const measured = readMeasured(text, mark, slot.unit)
    if (measured?.value !== undefined) {
      if (this.#unit(slot, field, measured.unit)) this.#number(slot, field, time, measured.value, quality)
      return true
    }
    if (measured === undefined && !(mark === undefined && needsMark(text))) return false
    const shown = JSON.stringify(text.slice(0, 40))
    this.reject('value', `${shown} has a mark that may mean two things: set decimal to "," or "." for the topic`, field)
    return true
  }

  unit(field: string, unit: string): boolean {
    const slot = this.#slot(field)
    return slot !== undefined && this.#unit(slot, field, unit.slice(0, 40))
  }

  #unit(slot: Slot, field: string, unit: string): boolean {
    slot.unit ??= unitName(unit)
    if (slot.unit === unit || sameUnit(slot.unit, unit)) return true
    this.reject(
      'unit',
      `${slot.name} is in ${slot.unit}; this is in ${unit}: state the right unit for the topic`,
      field,
    )
    return false
  }

  waveform(field: string, time: number, interval: number, values: ArrayLike<number>, quality: Quality): void {
    // Without a usable time the last number is the one that has just been taken.
    const usable = this.#isUsable(time)
    const first = usable ? time : this.#arrival - (values.length - 1) * interval
    if (!usable && !this.#route!.arrivalOnly) this.repaired += values.length
    const worst = usable ? quality : Math.max(quality, this.#worst)
    for (let i = 0; i < values.length; i++) this.number(field, first + i * interval, values[i], worst as Quality)
  }

  /** A bad sample, so that the gap is seen. Where nothing is known of its type yet, neither is that of its tag. */
  absent(field: string, time: number): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#absent(slot, field, time)
  }

  #absent(slot: Slot, field: string, time: number): void {
    const { type } = slot
    if (type === 'text') this.#addText(slot, field, time, '', Quality.bad)
    else if (type !== undefined) this.#add(slot, field, type, time, Number.NaN, Quality.bad)
    else if (slot.bare >= 0 || this.#ensure(slot, field, 'number', true)) {
      const tag = slot.tag >= 0 ? slot.tag : slot.bare
      this.#builder.add(tag, this.#time(slot, time), Number.NaN, Quality.bad)
    }
  }

  same(name: string): boolean {
    const route = this.#route!
    route.said ??= name
    if (route.said !== name) return false
    if (this.#saidBytes) route.saidBytes = Buffer.from(this.#saidBytes)
    return true
  }

  sameBytes(bytes: Buffer, from: number, to: number): boolean {
    const said = this.#route!.saidBytes
    if (said?.length === to - from && isSame(said, bytes, from)) return true
    this.#saidBytes = bytes.subarray(from, to)
    return false
  }

  label(message: LabelMessage): void {
    this.#bound()
    const event = labelEventOf(message, this.#arrival)
    if (event) this.events.push(event)
    else this.reject('malformed', 'no label: the alarm is not named by its id')
  }

  reject(reason: DeadReason, detail: string, field = ''): void {
    this.#bound()
    this.#letter(reason, detail, field)
  }

  #letter(reason: DeadReason, detail: string, field: string): void {
    const name = fieldName(field.slice(0, keptSubject))
    const subject = `${this.#topic.slice(0, keptSubject)}${name === '' ? '' : ` ${name}`}`
    const own = this.letters.length - this.#before
    const last = own > 0 ? this.letters[this.letters.length - 1] : undefined
    // A list of a thousand wrong values is one letter, not a thousand copies of the payload.
    if (last && ((last.reason === reason && last.subject === subject) || own >= mostLetters)) {
      last.rows++
      return
    }
    this.letters.push({
      time: this.#arrival,
      origin: this.#origin,
      reason,
      detail: detail.slice(0, 500),
      subject,
      rows: 1,
      payload: Uint8Array.from(this.#bytes.subarray(this.#start, Math.min(this.#end, this.#start + keptPayload))),
      size: this.#size,
    })
  }

  /** Counts what comes out of the message. Throws TooMuch where that is more than one may hold, or takes too long. */
  #bound(): void {
    const { max_samples, max_decode } = this.#bounds
    if (++this.#count > max_samples) throw new TooMuch(`more than ${max_samples} values in a message (max_samples)`)
    if ((this.#count & glance) === 0 && performance.now() > this.#deadline)
      throw new TooMuch(`reading it took more than ${max_decode} ms (max_decode)`)
  }

  #slot(field: string): Slot | undefined {
    this.#bound()
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
  #ensure(slot: Slot, field: string, type: TagType, bare = false): boolean {
    if (slot.tag >= 0) return true
    const problem = this.#route!.resolve(slot, type, bare)
    if (problem !== undefined) this.reject('unmapped', problem, field)
    else if (bare) return true
    else if (slot.type !== type) this.#wrongType(slot, field, type, `a ${type}`)
    return slot.tag >= 0 && slot.type === type
  }

  #add(slot: Slot, field: string, type: TagType, time: number, value: number, quality: Quality): void {
    if (!this.#ensure(slot, field, type)) return
    this.#builder.add(slot.tag, this.#time(slot, time), value, this.#quality(time, quality))
  }

  #addText(slot: Slot, field: string, time: number, text: string, quality: Quality): void {
    if (!this.#ensure(slot, field, 'text')) return
    this.#builder.addText(slot.tag, this.#time(slot, time), text, this.#quality(time, quality))
  }

  #wrongType(slot: Slot, field: string, found: TagType, shown: string): void {
    const { name, type = 'of no type' } = slot
    if (slot.tag < 0 || slot.wanted === type) {
      this.reject('type', `${name} is configured as ${type}; this is ${shown}`, field)
      return
    }
    const remedy = `if it was mistaken, set type for the topic, or: millwright tags retype ${name} ${found}`
    this.reject('type', `${name} is ${type}; this is ${shown}; ${remedy}`, field)
    if (slot.told) return
    slot.told = true
    const detail = `it is ${type}, and ${found}s come now, such as ${shown}; ${remedy}`
    this.events.push({ type: 'audit', time: this.#arrival, by: this.#origin, action: 'type', subject: name, detail })
  }

  #isUsable(time: number): boolean {
    return time >= earliest && (time <= this.#arrival + furthestAhead || this.#arrival < clockUnsetBefore)
  }

  /** The time of a sample; without a usable one that of its arrival, but after the one before it. */
  #time(slot: Slot, time: number): number {
    if (this.#isUsable(time)) {
      this.skew = this.#arrival - time
      return time
    }
    if (!this.#route!.arrivalOnly) this.repaired++
    // Whole microseconds, which a double and InfluxDB hold apart. Where the clock went back further, it is right now.
    const now = Math.round(this.#arrival * 1_000)
    const next = slot.stamp + 1
    slot.stamp = next > now && next < now + furthestBurst ? next : now
    return slot.stamp / 1_000
  }

  #quality(time: number, quality: Quality): Quality {
    return this.#worst > quality && !this.#isUsable(time) ? this.#worst : quality
  }
}

/** In a loop: for a few dozen bytes that is faster than a call out of JavaScript. */
function isSame(said: Buffer, bytes: Buffer, from: number): boolean {
  for (let i = 0; i < said.length; i++) if (said[i] !== bytes[from + i]) return false
  return true
}

/** Class and message of an error, for the one who is to mend it. */
function words(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : `something was thrown: ${String(error)}`
}
