import { type Logger, type OpinionEvent, describeError } from '../../core/index.ts'

export interface ShadowParts<Seen> {
  readonly station: string
  readonly version: string
  /** Parts that it may look at at once. */
  readonly most: number
  /** Whether the model would fail a part; undefined where it has no opinion. */
  fails(seen: Seen): Promise<boolean | undefined>
  readonly log: Logger
  /** Called once, when it cannot look at parts. */
  readonly failed: (version: string, why: string) => void
  readonly record: (event: OpinionEvent) => Promise<void>
}

/** What the model at work made of a part. */
export interface Standpoint {
  readonly part: string
  /** ms since epoch. */
  readonly time: number
  readonly version: string
  readonly fails: boolean
}

/**
 * A model beside the one at work: sees the same as that one, and what it makes of it is recorded. No verdict waits for it: a
 * part that comes while it is busy passes it by.
 */
export class Shadow<Seen> {
  readonly #parts: ShadowParts<Seen>
  readonly #underWay = new Set<Promise<void>>()
  #broken = false

  constructor(parts: ShadowParts<Seen>) {
    this.#parts = parts
  }

  get version(): string {
    return this.#parts.version
  }

  look(seen: Seen, active: Standpoint): void {
    if (this.#underWay.size >= this.#parts.most) return
    const looking = this.#look(seen, active)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#underWay.delete(looking))
    this.#underWay.add(looking)
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async #look(seen: Seen, active: Standpoint): Promise<void> {
    const { station, version } = this.#parts
    const own = await this.#parts.fails(seen)
    if (own === undefined) return
    const { part, time } = active
    const models = [active.version, version] as const
    await this.#parts.record({ type: 'opinion', time, station, part, models, fails: [active.fails, own] })
  }

  #failed(error: unknown): void {
    const { station, version, log, failed } = this.#parts
    if (this.#broken) return
    this.#broken = true
    log.warn({ station, version }, `a model has no opinion: ${describeError(error)}`)
    failed(version, describeError(error))
  }
}
