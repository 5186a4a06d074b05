import {
  type AuditEvent,
  type BatchBuilder,
  clockUnsetBefore,
  type DeadReason,
  isBelieved,
  Quality,
  sameUnit,
  type TagType,
  unitName,
} from '../../agent/core/index.ts'
import type { Route, Slot } from './routes.ts'

/** How far the times of a burst of values without their own may run ahead of the clock, µs. */
const furthestBurst = 1_000_000

/** Puts a value aside. */
export type Reject = (reason: DeadReason, detail: string, field: string) => void

/** Samples of messages: a value of the right type goes into its tag, at its own time or that of the arrival. */
export class Samples {
  readonly #builder: BatchBuilder
  readonly #origin: string
  readonly #reject: Reject
  readonly #tell: (event: AuditEvent) => void
  /** Samples whose time was absent or absurd, so far. */
  repaired = 0
  /** Arrival minus time of the newest sample that has its own time, ms. */
  #skew = Number.NaN
  #route: Pick<Route, 'arrivalOnly' | 'resolve'> | undefined
  #arrival = 0
  /** Quality of what has no time of its own, at best: uncertain where it had waited, or the clock was never set. */
  #worst: Quality = Quality.good

  constructor(builder: BatchBuilder, origin: string, reject: Reject, tell: (event: AuditEvent) => void) {
    this.#builder = builder
    this.#origin = origin
    this.#reject = reject
    this.#tell = tell
  }

  /** A message came; `late`: it had waited at the broker, so that what has no time of its own is older. */
  begin(route: Route | undefined, arrival: number, late: boolean): void {
    this.#route = route
    this.#arrival = arrival
    this.#worst = late || arrival < clockUnsetBefore ? Quality.uncertain : Quality.good
  }

  /** What was counted since the last call. */
  takeClock(): { readonly repaired: number; readonly skew: number } {
    const counted = { repaired: this.repaired, skew: this.#skew }
    this.repaired = 0
    this.#skew = Number.NaN
    return counted
  }

  /** Adds a value of the type of a tag that is there. */
  put(slot: Slot, time: number, value: number, quality: Quality): void {
    this.#builder.add(slot.tag, this.#time(slot, time), value, this.#quality(time, quality))
  }

  /** Adds a value, and makes the tag where this is its first. */
  add(slot: Slot, field: string, type: TagType, time: number, value: number, quality: Quality): void {
    if (this.#ensure(slot, field, type)) this.put(slot, time, value, quality)
  }

  /** The same for a whole number of 64 bits. */
  addInteger(slot: Slot, field: string, time: number, value: bigint, quality: Quality): void {
    if (!this.#ensure(slot, field, 'integer')) return
    this.#builder.addInteger(slot.tag, this.#time(slot, time), value, this.#quality(time, quality))
  }

  /** The same for a text. */
  addText(slot: Slot, field: string, time: number, text: string, quality: Quality): void {
    if (!this.#ensure(slot, field, 'text')) return
    this.#builder.addText(slot.tag, this.#time(slot, time), text, this.#quality(time, quality))
  }

  /** A bad sample. Where nothing is known of its type yet, neither is that of its tag. */
  absent(slot: Slot, field: string, time: number): void {
    const { type } = slot
    if (type === 'text') this.addText(slot, field, time, '', Quality.bad)
    else if (type !== undefined) this.add(slot, field, type, time, Number.NaN, Quality.bad)
    else if (slot.bare >= 0 || this.#ensure(slot, field, 'number', true)) {
      const tag = slot.tag >= 0 ? slot.tag : slot.bare
      this.#builder.add(tag, this.#time(slot, time), Number.NaN, Quality.bad)
    }
  }

  /** Whether a unit is that of the tag, which has the first one that is named; rejected where it is another. */
  unit(slot: Slot, field: string, unit: string): boolean {
    slot.unit ??= unitName(unit)
    if (slot.unit === unit || sameUnit(slot.unit, unit)) return true
    this.#reject(
      'unit',
      `${slot.name} is in ${slot.unit}; this is in ${unit}: state the right unit for the topic`,
      field,
    )
    return false
  }

  /** Makes the tag where this is its first value; false, and rejected, where it cannot be or has another type. */
  #ensure(slot: Slot, field: string, type: TagType, bare = false): boolean {
    if (slot.tag >= 0) return true
    const problem = this.#route!.resolve(slot, type, bare)
    if (problem !== undefined) this.#reject('unmapped', problem, field)
    else if (bare) return true
    else if (slot.type !== type) this.wrongType(slot, field, type, `a ${type}`)
    return slot.tag >= 0 && slot.type === type
  }

  /** Puts a value aside that is not of the type of its tag; the first time the user is told what to do. */
  wrongType(slot: Slot, field: string, found: TagType, shown: string): void {
    const { name, type = 'of no type' } = slot
    if (slot.tag < 0 || slot.wanted === type) {
      this.#reject('type', `${name} is configured as ${type}; this is ${shown}`, field)
      return
    }
    const remedy = `if it was mistaken, set type for the topic, or: millwright tags retype ${name} ${found}`
    this.#reject('type', `${name} is ${type}; this is ${shown}; ${remedy}`, field)
    if (slot.told) return
    slot.told = true
    const detail = `it is ${type}, and ${found}s come now, such as ${shown}; ${remedy}`
    this.#tell({ type: 'audit', time: this.#arrival, by: this.#origin, action: 'type', subject: name, detail })
  }

  /** Whether a time can be one of the plant. */
  isUsable(time: number): boolean {
    return isBelieved(time, this.#arrival)
  }

  /** The time of a sample; without a usable one that of its arrival, but after the one before it. */
  #time(slot: Slot, time: number): number {
    if (this.isUsable(time)) {
      this.#skew = this.#arrival - time
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
    return this.#worst > quality && !this.isUsable(time) ? this.#worst : quality
  }
}
