import { Quality, type Batch, type TagTable } from './core/index.ts'
import type { StationSettings } from './inspection-config.ts'

/** Parts whose values are remembered; more are forgotten, oldest first. */
const mostParts = 1000

type Values = Record<string, number>

/**
 * Measured values by part: a tag says which part is there, and what follows in other tags belongs to it. Values of one
 * part may come at different stations, moments apart; the newest of a name counts.
 */
export class PartValues {
  readonly #settings: StationSettings['values']
  readonly #tags: TagTable
  /** Part that is there now, by the tag that says so. */
  readonly #present = new Map<string, string>()
  readonly #values = new Map<string, Values>()
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(settings: StationSettings['values'], tags: TagTable) {
    this.#settings = settings
    this.#tags = tags
  }

  /** Takes samples, in order of their time within a batch. */
  take(batch: Batch): void {
    const names = Object.entries(this.#settings)
    if (names.length === 0) return
    for (let row = 0; row < batch.length; row++) {
      if (batch.quality[row] === Quality.bad) continue
      const { name: tag } = this.#tags.at(batch.tag[row])
      for (const [name, { tag: own, part }] of names) {
        if (tag === part) this.#present.set(part, textOf(batch, row))
        else if (tag === own) this.#measured(this.#present.get(part), name, batch.value[row])
      }
    }
  }

  #measured(part: string | undefined, name: string, value: number): void {
    if (part === undefined || !Number.isFinite(value)) return
    const values = this.#values.get(part) ?? {}
    this.#values.set(part, { ...values, [name]: value })
    if (this.#values.size > mostParts) this.#values.delete(this.#values.keys().next().value!)
    if (this.#complete(part)) for (const tell of this.#waiting.get(part) ?? []) tell()
  }

  #complete(part: string): boolean {
    const values = this.#values.get(part) ?? {}
    return Object.keys(this.#settings).every((name) => name in values)
  }

  /** The values of a part: as soon as all are there, or what is there when `patience` resolves. They are then forgotten. */
  async of(part: string, patience: Promise<void>): Promise<Readonly<Values>> {
    if (!this.#complete(part)) {
      let tell: () => void = () => undefined
      const complete = new Promise<void>((resolve) => (tell = resolve))
      const waiting = this.#waiting.get(part) ?? new Set()
      this.#waiting.set(part, waiting.add(tell))
      await Promise.race([complete, patience])
      waiting.delete(tell)
      if (waiting.size === 0) this.#waiting.delete(part)
    }
    const values = this.#values.get(part) ?? {}
    this.#values.delete(part)
    return values
  }
}

function textOf({ value, texts }: Batch, row: number): string {
  return texts?.[value[row]] ?? String(value[row])
}
