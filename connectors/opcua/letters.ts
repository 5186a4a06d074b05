import { type DeadLetter, type DeadReason, mostEnds } from '../../agent/core/index.ts'
import type { Item } from './items.ts'

/** Why a value is put aside unread. */
export const endedTheAgent = `the agent ended ${mostEnds} times while it read this value`

const payloadBytes = 200

interface Letter {
  readonly item: Item
  readonly reason: DeadReason
  readonly detail: string
  readonly value: unknown
  rows: number
}

/** Values that cannot be stored: one letter a node and reason in each batch, however many values it stands for. */
export class Letters {
  readonly #source: string
  readonly #letters = new Map<string, Letter>()

  constructor(source: string) {
    this.#source = source
  }

  get size(): number {
    return this.#letters.size
  }

  add(item: Item, reason: DeadReason, detail: string, value: unknown, rows: number): void {
    const key = `${item.handle} ${reason}`
    const known = this.#letters.get(key)
    if (known) known.rows += rows
    else this.#letters.set(key, { item, reason, detail, value, rows })
  }

  /** Those since the last time. */
  take(time: number): DeadLetter[] {
    const letters = [...this.#letters.values()].map((letter) => this.#deadLetter(letter, time))
    this.#letters.clear()
    return letters
  }

  #deadLetter({ item, reason, detail, rows, value }: Letter, time: number): DeadLetter {
    const payload = Buffer.from(String(value))
    return {
      time,
      origin: this.#source,
      reason,
      detail: `${item.settings.tag}: ${detail}`,
      subject: item.address,
      rows,
      payload: payload.subarray(0, payloadBytes),
      size: payload.length,
    }
  }
}
