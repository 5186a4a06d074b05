/** How long after a connection messages may count as held back by the broker, ms. */
const longestQueue = 60_000

/**
 * Whether messages come that waited at the broker for this session: those without a time of their own are older than their
 * arrival. The broker sends in order: with nothing between a ping and its answer, and all acknowledged before, it holds
 * nothing back.
 */
export class Waiting {
  /** Messages may come that waited. */
  possible = false
  /** When this connection began, ms since epoch; a ping is under way, and whether a message came since it was sent. */
  #since = 0
  #probing = false
  #heard = false

  /** The broker accepts at `time`; `present`: it remembers this session. */
  accepted(time: number, present: boolean): void {
    this.#since = time
    this.possible = present
    this.#probing = false
  }

  /** A message came. */
  heard(): void {
    this.#heard = true
  }

  /** The broker has answered a ping at `time`; true where it is to be asked again. */
  answered(time: number): boolean {
    if (!this.possible || !this.#probing) return false
    this.#probing = false
    // On a topic that is never silent the answer never comes alone.
    this.possible = this.#heard && time - this.#since < longestQueue
    return this.possible
  }

  /** Whether the broker should be asked now, which counts as done. */
  ask(): boolean {
    if (!this.possible || this.#probing) return false
    this.#probing = true
    this.#heard = false
    return true
  }
}
