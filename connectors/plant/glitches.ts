import { Quality } from '../../agent/core/index.ts'
import type { Random } from './random.ts'

/** Steps between two troubles of one machine, on average: 90 s at 10 steps a second. */
const meanInterval = 900

interface Trouble {
  readonly role: string
  readonly quality: Quality
  readonly lost: boolean
  readonly until: number
}

const fine = { quality: Quality.good, lost: false } as const

/** Now and then one instrument of a machine loses its line, fails or is not sure, for a second or three. */
export class Glitches {
  readonly #random: Random
  readonly #roles: readonly string[]
  #trouble: Trouble | undefined
  #count = 0

  constructor(random: Random, roles: readonly string[]) {
    this.#random = random
    this.#roles = roles
  }

  step(): void {
    this.#count++
    if (this.#trouble && this.#count >= this.#trouble.until) this.#trouble = undefined
    if (this.#random.uniform() >= 1 / meanInterval || this.#trouble) return
    const role = this.#roles[Math.floor(this.#random.uniform() * this.#roles.length)]
    const kind = this.#random.uniform()
    const until = this.#count + 10 + Math.floor(this.#random.uniform() * 20)
    const lost = kind < 0.6
    this.#trouble = { role, lost, quality: lost || kind < 0.85 ? Quality.bad : Quality.uncertain, until }
  }

  of(role: string): { readonly quality: Quality; readonly lost: boolean } {
    if (this.#trouble?.role !== role) return fine
    return { quality: this.#trouble.quality, lost: this.#trouble.lost }
  }
}
