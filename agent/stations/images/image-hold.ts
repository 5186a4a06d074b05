/** The newest of something by key, as long as all of it stays within a number of bytes; the oldest go first. */
export class Hold<Item> {
  readonly #most: number
  readonly #sizeOf: (item: Item) => number
  readonly #items = new Map<string, Item>()
  #bytes = 0

  constructor(most: number, sizeOf: (item: Item) => number) {
    this.#most = most
    this.#sizeOf = sizeOf
  }

  get bytes(): number {
    return this.#bytes
  }

  has(key: string): boolean {
    return this.#items.has(key)
  }

  get(key: string): Item | undefined {
    return this.#items.get(key)
  }

  /** What is larger than all that may be held is not. */
  set(key: string, item: Item): void {
    this.delete(key)
    const size = this.#sizeOf(item)
    if (size > this.#most) return
    this.#items.set(key, item)
    this.#bytes += size
    for (const oldest of this.#items.keys()) {
      if (this.#bytes <= this.#most) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    this.#items.delete(key)
    this.#bytes -= this.#sizeOf(item)
  }
}
