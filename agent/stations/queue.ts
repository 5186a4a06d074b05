export interface QueueBounds<Item> {
  /** Things that may wait. */
  readonly length: number
  /** What they may weigh together, and the weight of one; absent: they weigh nothing. One alone may weigh more. */
  readonly weight?: { readonly most: number; readonly of: (item: Item) => number }
  readonly whenFull: 'drop-oldest' | 'drop-newest'
}

/** A bounded row of things that wait; what does not fit is handed to `dropped`. */
export class BoundedQueue<Item> {
  readonly #bounds: QueueBounds<Item>
  readonly #dropped: (item: Item) => void
  readonly #items: Item[] = []
  #weight = 0

  constructor(bounds: QueueBounds<Item>, dropped: (item: Item) => void) {
    this.#bounds = bounds
    this.#dropped = dropped
  }

  get length(): number {
    return this.#items.length
  }

  get weight(): number {
    return this.#weight
  }

  add(item: Item): void {
    this.#items.push(item)
    this.#weight += this.#weightOf(item)
    while (this.#isOver()) {
      const oldest = this.#bounds.whenFull === 'drop-oldest'
      const gone = oldest ? this.#items.shift()! : this.#items.pop()!
      this.#weight -= this.#weightOf(gone)
      this.#dropped(gone)
    }
  }

  /** The oldest one that waits. */
  take(): Item | undefined {
    const item = this.#items.shift()
    if (item !== undefined) this.#weight -= this.#weightOf(item)
    return item
  }

  #isOver(): boolean {
    const { length, weight } = this.#bounds
    return this.#items.length > length || (this.#items.length > 1 && weight !== undefined && this.#weight > weight.most)
  }

  #weightOf(item: Item): number {
    return this.#bounds.weight?.of(item) ?? 0
  }
}
