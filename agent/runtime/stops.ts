import { describeError, type Logger } from '../core/index.ts'

interface Stop {
  readonly name: string
  readonly stop: () => unknown
}

/** A part that takes longer than this to stop is named in the log, ms. It is waited for all the same. */
const patience = 10_000

/** What was started, and how each of it is stopped: in the reverse order, whatever becomes of the others. */
export class Stops {
  readonly #log: Logger
  readonly #patience: number
  #stops: Stop[] = []
  #running: Promise<void> | undefined

  constructor(log: Logger, patienceMs = patience) {
    this.#log = log
    this.#patience = patienceMs
  }

  /** `name`: in words, for the log. */
  add(name: string, stop: () => unknown): void {
    this.#stops.push({ name, stop })
  }

  /** Whether the stop has begun. */
  get running(): boolean {
    return this.#running !== undefined
  }

  /** Stops all of it, once. Rejects with the first error, after all were stopped. */
  run(): Promise<void> {
    return (this.#running ??= this.#run())
  }

  async #run(): Promise<void> {
    const errors: unknown[] = []
    for (const { name, stop } of this.#stops.reverse()) {
      const slow = setTimeout(() => this.#log.warn({ part: name }, `${name}: still stopping`), this.#patience)
      try {
        await stop()
      } catch (error) {
        errors.push(error)
        this.#log.error({ part: name }, `${name} did not stop cleanly: ${describeError(error)}`)
      } finally {
        clearTimeout(slow)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
