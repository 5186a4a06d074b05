/** A bounded row of things that wait; what does not fit is handed to `dropped`. */
export class BoundedQueue<Item> {
  readonly #length: number
  readonly #dropsOldest: boolean
  readonly #dropped: (item: Item) => void
  readonly #items: Item[] = []

  constructor(length: number, whenFull: 'drop-oldest' | 'drop-newest', dropped: (item: Item) => void) {
    this.#length = length
    this.#dropsOldest = whenFull === 'drop-oldest'
    this.#dropped = dropped
  }

  get length(): number {
    return this.#items.length
  }

  add(item: Item): void {
    if (this.#items.length < this.#length) this.#items.push(item)
    else if (this.#dropsOldest) {
      this.#items.push(item)
      this.#dropped(this.#items.shift()!)
    } else this.#dropped(item)
  }

  /** The oldest one that waits. */
  take(): Item | undefined {
    return this.#items.shift()
  }
}
