/** A moment of event time, ms since epoch; `order` tells apart what has the same time, by its arrival. */
export interface Moment {
  readonly time: number
  readonly order: number
}

/** After all that has this time. */
export const endOf = (time: number): Moment => ({ time, order: Infinity })

/** After all there will be. */
export const never = endOf(Infinity)

/** What was there from which moment on, ascending by event time, in bounded memory. */
export class Timeline<Item> {
  readonly #most: number
  readonly #moments: Moment[] = []
  readonly #items: Item[] = []

  /** `most`: entries that are kept; the oldest go first. */
  constructor(most: number) {
    this.#most = most
  }

  /** Of two at the same moment, the later one counts. */
  add(moment: Moment, item: Item): void {
    const at = this.#upTo(moment)
    const known = at > 0 && isSame(this.#moments[at - 1], moment)
    this.#moments.splice(known ? at - 1 : at, known ? 1 : 0, moment)
    this.#items.splice(known ? at - 1 : at, known ? 1 : 0, item)
    if (this.#moments.length <= this.#most) return
    this.#moments.shift()
    this.#items.shift()
  }

  /** The newest at or before a moment. */
  at(moment: Moment): Item | undefined {
    return this.#items[this.#upTo(moment) - 1]
  }

  /** The newest from one moment up to another, exclusive. */
  last(from: Moment, until: Moment): Item | undefined {
    const at = this.#before(until) - 1
    return at >= this.#before(from) ? this.#items[at] : undefined
  }

  /** The oldest from one moment up to another, exclusive. */
  first(from: Moment, until: Moment): Item | undefined {
    const at = this.#before(from)
    return at < this.#before(until) ? this.#items[at] : undefined
  }

  /** The first moment after another; `never` where there is none. */
  next(moment: Moment): Moment {
    return this.#moments.at(this.#upTo(moment)) ?? never
  }

  /** How many entries are at or before a moment. */
  #upTo(moment: Moment): number {
    const { length } = this.#moments
    // Nearly always the newest.
    if (length === 0 || !isBefore(moment, this.#moments[length - 1])) return length
    let low = 0
    for (let high = length; low < high;) {
      const middle = (low + high) >> 1
      if (isBefore(moment, this.#moments[middle])) high = middle
      else low = middle + 1
    }
    return low
  }

  /** How many entries are before a moment. */
  #before(moment: Moment): number {
    const at = this.#upTo(moment)
    return at > 0 && isSame(this.#moments[at - 1], moment) ? at - 1 : at
  }
}

export function isBefore(one: Moment, other: Moment): boolean {
  return one.time < other.time || (one.time === other.time && one.order < other.order)
}

function isSame(one: Moment, other: Moment): boolean {
  return one.time === other.time && one.order === other.order
}
