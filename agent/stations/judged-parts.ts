import { closest } from './images/image-store.ts'
import type { Measured } from './values/values.ts'

/** A part that was judged. */
export interface JudgedPart {
  /** When its image was taken, ms since epoch. */
  readonly time: number
  /** The image; absent where memory had to be made. */
  image?: Uint8Array
  /** What a model of its values sees, where all of it is there. */
  inputs?: Measured
}

/** Parts that are remembered, without their images. */
const mostParts = 10_000

/** The parts that were judged last, in memory bounded by number and by bytes of images. */
export class JudgedParts {
  readonly #bytes: number
  readonly #parts = new Map<string, JudgedPart[]>()
  readonly #order: { readonly part: string; readonly judged: JudgedPart }[] = []
  /** Place in `#order` of the oldest part that has its image. */
  #oldest = 0
  #held = 0

  /** `bytes`: how much the images may take. */
  constructor(bytes: number) {
    this.#bytes = bytes
  }

  /** Whether a part of that id is remembered. */
  has(part: string): boolean {
    return this.#parts.has(part)
  }

  /** The part as it is remembered. */
  add(part: string, time: number, image?: Uint8Array): JudgedPart {
    const judged: JudgedPart = { time, ...(image && { image }) }
    this.#order.push({ part, judged })
    this.#parts.set(part, [...(this.#parts.get(part) ?? []), judged])
    this.#held += image?.length ?? 0
    while (this.#held > this.#bytes && this.#oldest < this.#order.length) {
      const { judged: old } = this.#order[this.#oldest++]
      this.#held -= old.image?.length ?? 0
      delete old.image
    }
    if (this.#order.length > mostParts) this.#forget()
    return judged
  }

  /** The newest of that id, or the one taken within a second of `time`. */
  find(part: string, time?: number): JudgedPart | undefined {
    return closest(this.#parts.get(part) ?? [], time)
  }

  #forget(): void {
    const gone = this.#order.splice(0, mostParts / 10)
    this.#oldest = Math.max(0, this.#oldest - gone.length)
    for (const { part, judged } of gone) {
      this.#held -= judged.image?.length ?? 0
      const left = this.#parts.get(part)!.filter((other) => other !== judged)
      if (left.length > 0) this.#parts.set(part, left)
      else this.#parts.delete(part)
    }
  }
}
