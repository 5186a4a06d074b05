import type { Entry } from '../core/index.ts'

interface Item {
  readonly entry: Entry
  readonly rows: number
  rowsBefore: number
  readonly size: number
}

/** The newest entries of a stream as objects, so that readers in this process see them at once and need not decode them. */
export class Ring {
  /** Every entry from this offset on is here; older ones are in the store only. */
  from: number
  readonly #capacity: number
  #items: Item[] = []
  #head = 0
  #size = 0

  /** `capacity` in bytes. */
  constructor(from: number, capacity: number) {
    this.from = from
    this.#capacity = capacity
  }

  push(entry: Entry, rows: number, rowsBefore: number): void {
    const size = sizeOf(entry)
    this.#items.push({ entry, rows, rowsBefore, size })
    this.#size += size
  }

  /** Lets go of the oldest entries until the rest fits; never of those from `durable` on, which are nowhere else yet. */
  shrink(durable: number): void {
    while (this.#size > this.#capacity && this.#head < this.#items.length) {
      if (this.#items[this.#head].entry.offset >= durable) break
      this.#drop()
    }
    this.#compact()
  }

  /** Lets go of everything before `offset`. */
  forget(offset: number): void {
    while (this.#head < this.#items.length && this.#items[this.#head].entry.offset < offset) this.#drop()
    this.from = Math.max(this.from, offset)
    this.#compact()
  }

  /** Takes back entries that could not be stored: those of `from` to before `to`. */
  remove(from: number, to: number): void {
    const gone = (offset: number): boolean => offset >= from && offset < to
    const start = this.index(from)
    let rows = 0
    const rest = this.#items.slice(start).filter((item) => {
      if (gone(item.entry.offset)) {
        rows += item.rows
        this.#size -= item.size
        return false
      }
      item.rowsBefore -= rows
      return true
    })
    this.#items.length = start
    this.#items.push(...rest)
  }

  /** Place of the first entry at or after `offset`; `at` gives undefined beyond the last. */
  index(offset: number): number {
    let low = this.#head
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#items[middle].entry.offset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  at(index: number): Item | undefined {
    return this.#items[index]
  }

  #drop(): void {
    const item = this.#items[this.#head++]
    this.#size -= item.size
    this.from = item.entry.offset + 1
  }

  /** What was dropped stays in memory until this lets go of it: so at most an eighth. */
  #compact(): void {
    if (this.#head < 64 || this.#head * 8 < this.#items.length) return
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}

/** What an entry takes in memory, roughly. The four columns of a batch cost about 1,500 bytes beside their content. */
function sizeOf(entry: Entry): number {
  switch (entry.kind) {
    case 'samples':
      return 1_600 + entry.batch.length * 21
    case 'predictions':
      return 200 + entry.predictions.length * 500
    case 'event':
      return 800
    case 'dead':
      return 600 + entry.letter.payload.length + (entry.letter.held?.length ?? 0)
  }
}
