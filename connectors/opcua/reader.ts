import type { DataValue } from 'node-opcua-client'
import {
  type Arrival,
  type Batch,
  BatchBuilder,
  type DeadReason,
  type Metrics,
  Quality,
  type Tag,
  type TagTable,
  type TagType,
} from '../../agent/core/index.ts'
import { isWithinDeadband } from './deadband.ts'
import type { Item, ItemReader, Way } from './items.ts'
import { endedTheAgent, Letters } from './letters.ts'
import type { Span } from './spans.ts'
import { ClockSkew, TimePicker } from './times.ts'
import {
  accepts,
  elementsOf,
  integer64,
  isNothing,
  isOverflow,
  isSameValue,
  kindOf,
  numberOf,
  qualityOf,
  tagTypeOf,
  textOf,
} from './values.ts'
import type { Kind } from './values.ts'

const longestText = 65_536
const payloadBytes = 200

/** Turns the values of notifications into batches and dead letters. */
export class ValueReader implements ItemReader {
  overflows: Span[] = []
  readonly #source: string
  readonly #tags: TagTable
  readonly #metrics: Metrics
  readonly #longestArray: number
  readonly #builder: BatchBuilder
  readonly #picker = new TimePicker()
  readonly #skew = new ClockSkew()
  readonly #letters: Letters
  #newest = -Infinity
  #fromServer = 0
  #fromArrival = 0

  constructor(source: string, tags: TagTable, metrics: Metrics, longestArray: number) {
    this.#source = source
    this.#letters = new Letters(source)
    this.#tags = tags
    this.#metrics = metrics
    this.#longestArray = longestArray
    this.#builder = new BatchBuilder(source, 1_024)
  }

  add(item: Item, data: DataValue, arrival: number, way: Way = 'new'): void {
    const time = this.#timeOf(item, data, arrival, way === 'new')
    const from = item.lastTime === -Infinity ? time : Math.min(item.lastTime, time)
    if (isOverflow(data.statusCode.value)) this.overflows.push({ from, to: time })
    this.#addHolding(item, data, time, arrival, way)
  }

  get length(): number {
    return this.#builder.length
  }

  addPast(item: Item, data: DataValue, arrival: number): void {
    this.#addPresent(item, data, this.#picker.pick(data, arrival))
  }

  /** Adds a bad sample to every tag that had values: the connection is lost and nothing is known from then on. */
  addLoss(items: readonly Item[], arrival: number): void {
    for (const item of items) {
      item.liveFrom = Infinity
      item.lostAt = this.#onServerClock(arrival, item.lastTime)
      for (const tag of item.tag ? [item.tag, ...item.elements] : item.elements) this.#addNothing(tag, item.lostAt)
    }
  }

  /**
   * What the clock of the server shows at `arrival`, but after `last`: samples that the agent makes itself must not move
   * event time past the samples of a server whose clock is behind.
   */
  #onServerClock(arrival: number, last: number): number {
    const skew = this.#skew.median
    return Math.max(Number.isNaN(skew) ? arrival : arrival - skew, last + 1)
  }

  /** The clock of the agent is about to be set forward by `step` ms. */
  stepped(step: number): void {
    this.#skew.shift(step)
  }

  take(arrival: number): Pick<Arrival, 'batch' | 'rejected'> | undefined {
    this.#count(arrival)
    if (this.#builder.length === 0 && this.#letters.size === 0) return undefined
    const batch: Batch = this.#builder.take(arrival)
    if (this.#letters.size === 0) return { batch }
    return { batch, rejected: this.#letters.take(arrival) }
  }

  #timeOf(item: Item, data: DataValue, arrival: number, fresh: boolean): number {
    const time = this.#picker.pick(data, arrival)
    if (this.#picker.origin === 'source') {
      // What is sent first, after a loss, or again may have stood for hours: its age says nothing about clocks.
      const isNews = fresh && item.seen && item.lostAt === -Infinity && time > item.lastTime
      if (isNews && time > this.#newest) this.#newest = time
    } else if (this.#picker.origin === 'server') this.#fromServer++
    else this.#fromArrival++
    item.seen = true
    return time
  }

  /**
   * A server that resumes a session sends the values again that it has sent before: the same value with the same time
   * and status is no news. After a loss, though, such a value holds again, but only from now on: it is given the time
   * that the clock of the server shows. One that was asked for again is of before the loss, and says nothing of now.
   */
  #addHolding(item: Item, data: DataValue, time: number, arrival: number, way: Way): void {
    const status = data.statusCode.value
    const value = data.value.value as unknown
    item.heardAt = performance.now()
    item.suspectSince = undefined
    const isOfBefore = time <= item.lostAt
    const stands = isOfBefore && way !== 'late' && item.settings.rate === undefined
    if (item.liveFrom === Infinity) {
      item.liveFrom = time
      item.liveValue = value
    }
    const isFilledIn = time < item.pastUntil || (time === item.pastUntil && isSameValue(value, item.pastValue))
    if (!isFilledIn) item.pastUntil = -Infinity
    const isRepeated = time === item.lastTime && status === item.lastStatus && isSameValue(value, item.lastValue)
    const isRead = time === item.readTime && isSameValue(value, item.readValue)
    if (!isRepeated && !isFilledIn && !isRead && !isWithinDeadband(item, data)) this.#addPresent(item, data, time)
    if (stands) this.#addPresent(item, data, this.#onServerClock(arrival, item.lostAt))
    if (way !== 'late' || !isOfBefore) item.lostAt = -Infinity
    item.lastTime = time
    item.lastValue = value
    item.lastStatus = status
  }

  /** Samples of a value; tags of the item that it says nothing of are bad from its time on. */
  #addPresent(item: Item, data: DataValue, time: number): void {
    const elements = elementsOf(data.value)
    if (elements && item.settings.rate === undefined) {
      if (item.tag) this.#addNothing(item.tag, time)
      this.#addElements(item, data, elements, time)
    } else if (elements) this.#addWaveform(item, data, elements, time)
    else {
      for (const tag of item.elements) this.#addNothing(tag, time)
      // No value of an array is no value of its elements.
      if (item.elements.length === 0 || item.tag || kindOf(data.value.dataType) !== 'null')
        this.#addScalar(item, data, time)
    }
  }

  #addScalar(item: Item, data: DataValue, time: number): void {
    const kind = kindOf(data.value.dataType)
    item.tag ??= this.#resolve(item, item.settings.tag, kind)
    this.#addValue(item, item.tag, kind, data.value.value, time, qualityOf(data.statusCode.value))
  }

  #addWaveform(item: Item, data: DataValue, elements: ArrayLike<unknown>, time: number): void {
    const kind = kindOf(data.value.dataType)
    const quality = qualityOf(data.statusCode.value)
    item.tag ??= this.#resolve(item, item.settings.tag, kind)
    const step = 1_000 / item.settings.rate!
    const count = elements.length
    for (let i = 0; i < count; i++)
      this.#addValue(item, item.tag, kind, elements[i], time - (count - 1 - i) * step, quality)
  }

  #addElements(item: Item, data: DataValue, elements: ArrayLike<unknown>, time: number): void {
    const kind = kindOf(data.value.dataType)
    const quality = qualityOf(data.statusCode.value)
    const { length } = elements
    const most = this.#longestArray
    const taken = length > most ? 0 : length
    if (length > most)
      this.#letters.add(
        item,
        'oversized',
        `an array of ${length} elements; at most ${most} become tags`,
        length,
        length,
      )
    for (let i = 0; i < taken; i++) {
      const tag = item.elements.at(i) ?? this.#resolve(item, `${item.settings.tag}/${i}`, kind)
      if (tag) item.elements[i] = tag
      this.#addValue(item, tag, kind, elements[i], time, quality)
    }
    // A shorter array, or one that is refused, ends what the other elements were.
    for (let i = taken; i < item.elements.length; i++) this.#addNothing(item.elements[i], time)
  }

  #addValue(item: Item, tag: Tag | undefined, kind: Kind, value: unknown, time: number, quality: Quality): void {
    // A node without a value and of unknown type has not begun to be a tag.
    if (!tag) this.#rejectKind(item, kind, value)
    else if (isNothing(kind, value)) this.#addNothing(tag, time)
    else if (accepts(tag.type, kind, item.toText)) this.#addTyped(item, tag, kind, value, time, quality)
    else if (quality === Quality.bad) this.#addNothing(tag, time)
    else {
      const sent = tagTypeOf(kind) ?? 'structures or bytes'
      this.#refuse(item, tag, time, 'type', `the node sends ${sent}, the tag holds ${tag.type}`, value)
    }
  }

  #addTyped(item: Item, tag: Tag, kind: Kind, value: unknown, time: number, quality: Quality): void {
    if (tag.type === 'text') this.#addText(item, tag, kind, value, time, quality)
    else if (kind === 'int64' || kind === 'uint64') this.#addInteger(item, tag, kind, value, time, quality)
    else {
      const number = numberOf(kind, value)
      if (Number.isFinite(number)) this.#builder.add(tag.index, time, number, quality)
      else if (quality === Quality.bad) this.#addNothing(tag, time)
      else this.#refuse(item, tag, time, 'value', `${number} is not finite`, value)
    }
  }

  #addInteger(item: Item, tag: Tag, kind: Kind, value: unknown, time: number, quality: Quality): void {
    const integer = integer64(value as [number, number], kind === 'int64')
    if (typeof integer === 'number') this.#builder.add(tag.index, time, integer, quality)
    else if (tag.type === 'number') this.#builder.add(tag.index, time, Number(integer), quality)
    else if (BigInt.asIntN(64, integer) === integer) this.#builder.addInteger(tag.index, time, integer, quality)
    else this.#refuse(item, tag, time, 'value', `${integer} does not fit a signed 64-bit integer`, String(integer))
  }

  #addText(item: Item, tag: Tag, kind: Kind, value: unknown, time: number, quality: Quality): void {
    let text: string
    if (kind === 'text') text = textOf(value)
    else if (kind === 'boolean') text = String(value)
    else {
      const number =
        kind === 'int64' || kind === 'uint64'
          ? integer64(value as [number, number], kind === 'int64')
          : numberOf(kind, value)
      text = item.names?.get(Number(number)) ?? String(number)
    }
    if (text.length <= longestText) this.#builder.addText(tag.index, time, text, quality)
    else {
      const detail = `a text of ${text.length} characters; at most ${longestText}`
      this.#refuse(item, tag, time, 'oversized', detail, text.slice(0, payloadBytes))
    }
  }

  quarantine(item: Item, arrival: number): void {
    const kind = item.type === undefined ? undefined : this.#tags.find(item.settings.tag)
    if (kind) this.#refuse(item, kind, arrival, 'quarantined', endedTheAgent, '')
    else this.#letters.add(item, 'quarantined', endedTheAgent, '', 1)
  }

  /** What cannot be stored is a dead letter, and ends what the tag held before. */
  #refuse(item: Item, tag: Tag, time: number, reason: DeadReason, detail: string, value: unknown): void {
    this.#letters.add(item, reason, detail, value, 1)
    this.#addNothing(tag, time)
  }

  #addNothing(tag: Tag, time: number): void {
    if (tag.type === 'text') this.#builder.addText(tag.index, time, '', Quality.bad)
    else this.#builder.add(tag.index, time, NaN, Quality.bad)
  }

  #resolve(item: Item, name: string, kind: Kind): Tag | undefined {
    const type: TagType | undefined = item.settings.type ?? tagTypeOf(kind) ?? item.type
    if (!type) return undefined
    const { unit, rate, low, high } = item.settings
    // A waveform that stays away is missing; any other node is silent as long as its value holds.
    const reporting = rate === undefined ? 'change' : 'periodic'
    const known = {
      ...(unit !== undefined && { unit }),
      ...(low !== undefined && { low }),
      ...(high !== undefined && { high }),
    }
    return this.#tags.resolve({ name, type, reporting, source: this.#source, ...known })
  }

  #rejectKind(item: Item, kind: Kind, value: unknown): void {
    if (kind !== 'null')
      this.#letters.add(item, 'type', 'the node sends structures or bytes, which no tag can hold', value, 1)
  }

  #count(arrival: number): void {
    const source = this.#source
    if (this.#fromServer > 0)
      this.#metrics.count('repaired_times_total', this.#fromServer, { source, fallback: 'server' })
    if (this.#fromArrival > 0)
      this.#metrics.count('repaired_times_total', this.#fromArrival, { source, fallback: 'arrival' })
    this.#fromServer = this.#fromArrival = 0
    this.overflows = []
    if (this.#newest === -Infinity) return
    this.#skew.add(arrival - this.#newest)
    this.#newest = -Infinity
    this.#metrics.gauge('clock_skew_seconds', this.#skew.median / 1_000, { source })
  }
}
