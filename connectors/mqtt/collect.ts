// Longer than others: all that may come out of a message comes out here, under one set of bounds.
import { performance } from 'node:perf_hooks'
import {
  type AuditEvent,
  type BatchBuilder,
  type CorrectionEvent,
  type DeadLetter,
  type DeadReason,
  labelEventOf,
  type OrderEvent,
  orderEventOf,
  type OrderMessage,
  type LabelEvent,
  type LabelMessage,
  Quality,
} from '../../agent/core/index.ts'
import type { Receiver } from './formats/index.ts'
import { Quarantined } from './guard.ts'
import { LetterBox, shownField } from './letter-box.ts'
import type { Route, Slot } from './routes.ts'
import { Samples } from './samples.ts'
import { Values } from './values.ts'
import type { MqttSettings } from './settings.ts'

/** Values after which the time of a message is looked at. */
const glance = 0x0fff
/** Bytes of a retained message that is compared with live ones. */
const mostKept = 4_096

/** A message holds more than one may; what was read of it so far stays. */
class TooMuch extends Error {}

type Bounds = Pick<MqttSettings, 'max_payload' | 'max_samples' | 'max_text' | 'max_decode'>

/** Puts the values of messages into a batch, each in its tag, and what cannot be used into dead letters. */
export class Collector implements Receiver {
  readonly #builder: BatchBuilder
  readonly #samples: Samples
  readonly #values: Values
  readonly #box: LetterBox
  readonly #bounds: Bounds
  /** The message at hand is retained. */
  #retained = false
  /** The only field that is looked at, as a letter names it; absent: all of them. */
  only: string | undefined
  events: (LabelEvent | CorrectionEvent | OrderEvent | AuditEvent)[] = []
  /** Live messages that were the retained one again, so far. */
  duplicates = 0
  #route: Route | undefined
  #topic = ''
  #arrival = 0
  /** It had waited at the broker. */
  #late = false
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #size = 0
  /** Values and rejections of this message. */
  #count = 0
  #deadline = Infinity
  /** The name of this message, found by `sameBytes` and not yet by `same`. */
  #saidBytes: Buffer | undefined

  constructor(builder: BatchBuilder, origin: string, bounds: Bounds) {
    this.#builder = builder
    this.#box = new LetterBox(origin)
    this.#samples = new Samples(builder, origin, this.reject.bind(this), (event) => this.events.push(event))
    this.#values = new Values(this.#samples, this.reject.bind(this), bounds.max_text)
    this.#bounds = bounds
  }

  get letters(): readonly DeadLetter[] {
    return this.#box.letters
  }

  /** Samples whose time was absent or absurd, and the clock of the newest that has its own, since the last call. */
  takeClock(): { readonly repaired: number; readonly skew: number } {
    return this.#samples.takeClock()
  }

  /** The letters so far, which are the caller's from now on. */
  takeLetters(): readonly DeadLetter[] {
    return this.#box.take()
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
    this.#begin(route, route.topic, bytes, start, end, size, arrival, stale)
    this.#retained = retained
    const rows = this.#held
    const { repaired } = this.#samples
    if (route.kept !== undefined && this.#isKept(route, retained)) return
    try {
      route.begin(arrival)
      this.#read(route)
    } catch (error) {
      if (error instanceof TooMuch) this.#letter('oversized', error.message, '')
      else this.#letter('internal', words(error), '')
    }
    const taken = this.#held - rows
    if (taken > 0) this.#box.partly()
    else if (this.#box.own === 0 && route.settings.preset === undefined) {
      this.#letter('empty', 'no value in the payload', '')
    }
    if (
      retained &&
      taken > 0 &&
      this.#samples.repaired === repaired &&
      !route.arrivalOnly &&
      route.settings.format !== 'orders' &&
      size <= mostKept
    )
      route.kept = Buffer.from(bytes.subarray(start, end))
  }

  /** Samples and labels so far. */
  get #held(): number {
    return this.#builder.length + this.events.reduce((sum, { type }) => sum + Number(type !== 'audit'), 0)
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

  /** Puts a message aside that no filter matches, at which something of ours failed, or that ended the agent. */
  aside(
    error: unknown,
    topic: string,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
    stale: boolean,
  ): void {
    this.#begin(undefined, topic, bytes, start, end, size, arrival, stale)
    if (error === undefined) this.#letter('unmapped', 'no filter of the configuration matches the topic', '')
    else if (error instanceof Quarantined) this.#letter('quarantined', error.message, '')
    else this.#letter('internal', words(error), '')
  }

  #begin(
    route: Route | undefined,
    topic: string,
    bytes: Buffer,
    start: number,
    end: number,
    size: number,
    arrival: number,
    stale: boolean,
  ) {
    this.#late = stale
    this.#samples.begin(route, arrival, stale)
    this.#route = route
    this.#topic = topic
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#size = size
    this.#arrival = arrival
    this.#box.begin()
    this.#count = 0
    this.#saidBytes = undefined
  }

  number(field: string, time: number, value: number, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    if (slot.tag >= 0 && slot.type === 'number' && value - value === 0) {
      this.#samples.put(slot, time, value, quality)
      return
    }
    this.#values.number(slot, field, time, value, quality)
  }

  integer(field: string, time: number, value: bigint, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#values.integer(slot, field, time, value, quality)
  }

  boolean(field: string, time: number, value: boolean, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#values.boolean(slot, field, time, value, quality)
  }

  text(field: string, time: number, value: string, quality: Quality): void {
    const slot = this.#slot(field)
    if (slot === undefined) return
    this.#values.text(this.#route!, slot, field, time, value, quality)
  }

  unit(field: string, unit: string): boolean {
    const slot = this.#slot(field)
    return slot !== undefined && this.#samples.unit(slot, field, unit.slice(0, 40))
  }

  waveform(field: string, time: number, interval: number, values: ArrayLike<number>, quality: Quality): void {
    // Without a usable time the last number is the one that has just been taken.
    const usable = this.#samples.isUsable(time)
    const first = usable ? time : this.#arrival - (values.length - 1) * interval
    if (!usable && !this.#route!.arrivalOnly) this.#samples.repaired += values.length
    const worst = usable || !this.#late ? quality : (Math.max(quality, Quality.uncertain) as Quality)
    for (let i = 0; i < values.length; i++) this.number(field, first + i * interval, values[i], worst)
  }

  /** A bad sample, so that the gap is seen. Where nothing is known of its type yet, neither is that of its tag. */
  absent(field: string, time: number): void {
    const slot = this.#slot(field)
    if (slot !== undefined) this.#samples.absent(slot, field, time)
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

  order(message: OrderMessage): void {
    this.#bound()
    // What a broker keeps for new subscribers would be ordered again with each connection; of a stop that is the lesser harm.
    if (this.#retained && message.order !== 'stop')
      this.reject('malformed', 'a retained order: publish it without retain') // prettier-ignore
    else this.events.push(orderEventOf(message, this.#arrival))
  }

  reject(reason: DeadReason, detail: string, field = ''): void {
    this.#bound()
    this.#letter(reason, detail, field)
  }

  #letter(reason: DeadReason, detail: string, field: string): void {
    if (this.only !== undefined && field !== '' && shownField(field) !== this.only) return
    const payload = this.#bytes.subarray(this.#start, this.#end)
    const message = { topic: this.#topic, payload, size: this.#size, arrival: this.#arrival, late: this.#late }
    this.#box.add(message, reason, detail, field)
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
    if (this.only !== undefined && shownField(field) !== this.only) return undefined
    if (field === '' && route.own) return route.own
    const slot = route.slot(field)
    if (typeof slot === 'string') {
      this.reject('unmapped', slot, field)
      return undefined
    }
    if (field === '') route.own = slot
    return slot
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
