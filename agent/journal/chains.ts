/** Tags above this are looked up in a map: an array indexed by tag would be mostly empty. */
const dense = 1 << 20

/**
 * The rows of a batch by tag. `first` lists each tag's first row in order of appearance, `next` and `previous` lead from a
 * row to the nearest ones of the same tag; -1 where there is none. Used again for each batch.
 */
export class Chains {
  count = 0
  first = new Int32Array(64)
  next = new Int32Array(64)
  previous = new Int32Array(64)
  readonly #sparse = new Map<number, number>()
  #last = new Int32Array(256).fill(-1)

  build(tag: Uint32Array, length: number): void {
    this.#reserve(length)
    const { first, next, previous } = this
    let count = 0
    for (let row = 0; row < length; row++) {
      const before = this.#replaceLast(tag[row], row)
      next[row] = -1
      previous[row] = before
      if (before < 0) first[count++] = row
      else next[before] = row
    }
    this.count = count
    // Only what was touched is reset.
    for (let i = 0; i < count; i++) if (tag[first[i]] < dense) this.#last[tag[first[i]]] = -1
    if (this.#sparse.size > 0) this.#sparse.clear()
  }

  #replaceLast(tag: number, row: number): number {
    if (tag >= dense) {
      const before = this.#sparse.get(tag) ?? -1
      this.#sparse.set(tag, row)
      return before
    }
    if (tag >= this.#last.length) {
      const wider = new Int32Array(Math.max(tag + 1, this.#last.length * 2)).fill(-1)
      wider.set(this.#last)
      this.#last = wider
    }
    const before = this.#last[tag]
    this.#last[tag] = row
    return before
  }

  #reserve(length: number): void {
    if (length <= this.next.length) return
    const size = Math.max(length, this.next.length * 2)
    this.first = new Int32Array(size)
    this.next = new Int32Array(size)
    this.previous = new Int32Array(size)
  }
}
