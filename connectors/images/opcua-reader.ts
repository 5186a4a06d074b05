import type { DataValue } from 'node-opcua-client'
import { type Arrival, type ImageArrival, emptyBatch } from '../../agent/core/index.ts'
import type { Item, ItemReader } from '../opcua/items.ts'
import { endedTheAgent } from '../opcua/letters.ts'
import type { Span } from '../opcua/spans.ts'
import { TimePicker } from '../opcua/times.ts'
import { imageTag, partTag } from './settings.ts'
import { isOverflow, kindOf, numberOf, qualityOf, textOf } from '../opcua/values.ts'

/** Part ids that are remembered, for images that come after them. */
const mostParts = 1000

const nothing = new Uint8Array(0)
const unsent = 'the server could not send the image'

/** What a reader of images needs of its source. */
export interface ImageReaderOptions {
  readonly name: string
  /** The node of the images. */
  readonly node: string
  /** Longer images are cut one byte beyond, so that they are refused by their size and not held. */
  readonly largest: number
  /** Time of the newest image that had its verdict: the server sends it again with each new subscription. */
  readonly after: number
  /** The node holds something else than bytes. */
  wrong(detail: string): void
}

/**
 * Images and part ids out of notifications. All of a notification is taken before its images are given their parts: an
 * image's part is the newest one at the image's own time, however the two came in.
 */
export class ImageReader implements ItemReader {
  overflows: Span[] = []
  readonly #options: ImageReaderOptions
  readonly #picker = new TimePicker()
  /** Ascending by time. */
  readonly #parts: { readonly time: number; readonly part: string }[] = []
  readonly #images: Omit<ImageArrival, 'part'>[] = []
  readonly #taken: ImageArrival[] = []
  #newest: number

  constructor(options: ImageReaderOptions) {
    this.#options = options
    this.#newest = options.after
  }

  get length(): number {
    return this.#images.length
  }

  add(item: Item, data: DataValue, arrival: number): void {
    if (isOverflow(data.statusCode.value)) {
      const to = this.#picker.pick(data, arrival)
      this.overflows.push({ from: this.#newest > 0 ? Math.min(this.#newest, to) : to, to })
    }
    const { name } = data.statusCode
    // No value then, and the time of the one that was too long for a message.
    if (item.settings.tag === imageTag && /TooLarge|EncodingLimitsExceeded/.test(name)) {
      const time = this.#picker.pick(data, arrival)
      this.#keep({ image: nothing, time, subject: item.address, unsent: `${unsent}: ${name}` })
      return
    }
    const value = data.value.value as unknown
    if (qualityOf(data.statusCode.value) === 2 || value === null || value === undefined) return
    const time = this.#picker.pick(data, arrival)
    if (item.settings.tag === partTag) this.#addPart(time, partOf(data))
    else this.#addImage(item.address, time, value)
  }

  addPast(item: Item, data: DataValue, arrival: number): void {
    this.add(item, data, arrival)
  }

  addLoss(): void {
    // What held before says nothing about images to come.
  }

  quarantine(item: Item, arrival: number): void {
    const refused = { reason: 'quarantined', detail: endedTheAgent } as const
    if (item.settings.tag === imageTag)
      this.#taken.push({ image: nothing, time: arrival, subject: item.address, refused })
  }

  /** Its time and part were in the notification that was lost. */
  addUnsent(arrival: number): void {
    this.#taken.push({ image: nothing, time: arrival, subject: this.#options.node, unsent })
  }

  take(arrival: number): Pick<Arrival, 'batch'> | undefined {
    this.overflows = []
    if (this.#images.length === 0) return undefined
    for (const image of this.#images.splice(0)) {
      const part = this.#parts.findLast(({ time }) => time <= image.time)?.part
      this.#taken.push({ ...image, ...(part !== undefined && part !== '' && { part }) })
    }
    return { batch: emptyBatch(this.#options.name, arrival) }
  }

  /** Images of the last `take`, oldest first; once. */
  drain(): ImageArrival[] {
    return this.#taken.splice(0)
  }

  #addPart(time: number, part: string): void {
    const at = this.#parts.findLastIndex((other) => other.time <= time) + 1
    this.#parts.splice(at, 0, { time, part })
    if (this.#parts.length > mostParts) this.#parts.shift()
  }

  #addImage(subject: string, time: number, value: unknown): void {
    if (!(value instanceof Uint8Array)) {
      this.#options.wrong(`${subject} holds ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}, not the bytes of an image`) // prettier-ignore
      return
    }
    const { largest } = this.#options
    const image = value.length > largest ? Uint8Array.from(value.subarray(0, largest + 1)) : value
    this.#keep({ image, time, subject })
  }

  #keep(image: Omit<ImageArrival, 'part'>): void {
    if (image.time <= this.#newest) return
    this.#newest = image.time
    this.#images.push(image)
  }
}

/** The part id of a text or number node. */
function partOf({ value }: DataValue): string {
  const kind = kindOf(value.dataType)
  return kind === 'text' ? textOf(value.value) : String(numberOf(kind, value.value))
}
