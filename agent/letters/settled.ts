import type { Journal } from '../core/index.ts'

const cursor = 'dead-letters'

/** Which dead letters are done with: sent again, or dropped. The stream cannot be changed; this stands beside it. */
export class Settled {
  readonly #journal: Pick<Journal, 'cursor' | 'commit' | 'stats'>
  /** Offsets, ascending: from, to (exclusive), from, to, and so on. */
  #ranges: number[]

  constructor(journal: Pick<Journal, 'cursor' | 'commit' | 'stats'>) {
    this.#journal = journal
    this.#ranges = this.#stored()
  }

  #stored(): number[] {
    return [...((this.#journal.cursor(cursor)?.state as readonly number[] | undefined) ?? [])]
  }

  has(offset: number): boolean {
    return this.#place(offset) % 2 === 1
  }

  /** Durable when it resolves. */
  async add(offset: number): Promise<void> {
    const at = this.#place(offset)
    if (at % 2 === 1) return
    const joins = this.#ranges[at - 1] === offset
    const joined = this.#ranges[at] === offset + 1
    const ends = [...(joins ? [] : [offset]), ...(joined ? [] : [offset + 1])]
    this.#ranges.splice(at - Number(joins), Number(joins) + Number(joined), ...ends)
    const { first } = this.#journal.stats('dead')
    while (this.#ranges.length > 1 && this.#ranges[1] <= first) this.#ranges.splice(0, 2)
    try {
      await this.#journal.commit(cursor, { offset, state: [...this.#ranges] })
    } catch (error) {
      this.#ranges = this.#stored()
      throw error
    }
  }

  /** How many ends of ranges are at or before an offset. */
  #place(offset: number): number {
    let low = 0
    for (let high = this.#ranges.length; low < high;) {
      const middle = (low + high) >> 1
      if (this.#ranges[middle] <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
