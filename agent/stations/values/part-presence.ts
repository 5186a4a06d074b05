import { isBefore, Timeline, type Moment } from './part-timeline.ts'

/** Parts that are remembered at each place; more are forgotten, oldest first. */
const mostParts = 1000

/** A stay of a part: from inclusive, until exclusive. */
export interface Stay {
  readonly from: Moment
  readonly until: Moment
}

/** Which part was where from when on, as tags told it. */
export class Presence {
  readonly #places = new Map<string, Timeline<string>>()
  /** When the newest stay of a part began, by place. */
  readonly #begins = new Map<string, Map<string, Moment>>()

  /** A part is at a place from a moment on; an empty id: none is. Returns whether a new stay began. */
  arrived(place: string, moment: Moment, part: string): boolean {
    const timeline = this.#places.get(place) ?? new Timeline<string>(mostParts)
    this.#places.set(place, timeline)
    if (timeline.at(moment) === part) return false
    timeline.add(moment, part)
    if (part === '') return false
    const begins = this.#begins.get(place) ?? new Map<string, Moment>()
    this.#begins.set(place, begins)
    const before = begins.get(part)
    if (before && !isBefore(before, moment)) return false
    begins.delete(part)
    begins.set(part, moment)
    if (begins.size > mostParts) begins.delete(begins.keys().next().value!)
    return true
  }

  /** The part that is at a place at a moment; undefined where none is, or none is known. */
  at(place: string, moment: Moment): string | undefined {
    return this.#places.get(place)?.at(moment) || undefined
  }

  /** The newest stay of a part at a place; it lasts until the next part came. */
  stay(place: string, part: string): Stay | undefined {
    const from = this.#begins.get(place)?.get(part)
    return from && { from, until: this.#places.get(place)!.next(from) }
  }
}
