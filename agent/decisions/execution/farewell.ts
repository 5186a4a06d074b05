import { type DecisionEvent, type JournalEvent, type Logger, describeError } from '../../core/index.ts'
import { ends, type Decision } from '../book.ts'
import type { Decisions } from '../engine.ts'
import { keyOf } from '../facts.ts'

export interface FarewellParts {
  readonly log: Logger
  readonly engine: () => Pick<Decisions, 'inEffect'> | undefined
  readonly record: (event: JournalEvent) => Promise<void>
  /** Resolves when what is being written is written. */
  readonly inHand: () => Promise<unknown>
}

/** Safe values at the stop of the agent: ordered by a record, as every decision, and waited for. */
export class Farewell {
  readonly #parts: FarewellParts
  /** How it ended, by action and asset. */
  readonly #ended = new Map<string, DecisionEvent>()
  #told: () => void = () => undefined

  constructor(parts: FarewellParts) {
    this.#parts = parts
  }

  /** What was decided meanwhile. */
  decided(events: readonly DecisionEvent[]): void {
    for (const event of events)
      if (event.purpose === 'safe' && ends.includes(event.step))
        this.#ended.set(keyOf(event.action, event.asset), event)
    this.#told()
  }

  /** Writes the safe values of what is in effect; resolves when they read back, or `signal` aborts. Says in the log where it could not. */
  async say(time: number, signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([this.#parts.inHand(), aborted])
    const owed = this.#parts.engine()?.inEffect('shutdown') ?? []
    if (owed.length === 0) return
    try {
      const all = Promise.all([this.#parts.record({ type: 'shutdown', time, detail: 'the agent is stopped' }), this.#all(owed)]) // prettier-ignore
      await Promise.race([all, aborted])
    } catch (error) {
      this.#parts.log.error({}, `no safe value was written, because the stop cannot be stored: ${describeError(error)}`)
      return
    }
    for (const one of owed) this.#report(one)
  }

  async #all(owed: readonly Pick<Decision, 'action' | 'asset'>[]): Promise<void> {
    while (!owed.every(({ action, asset }) => this.#ended.has(keyOf(action, asset))))
      await new Promise<void>((resolve) => (this.#told = resolve))
  }

  #report({ action, asset }: Pick<Decision, 'action' | 'asset'>): void {
    const { log } = this.#parts
    const ended = this.#ended.get(keyOf(action, asset))
    const which = asset === '' ? action : `${action} of ${asset}`
    if (ended?.step === 'confirmed') log.info({ decision: ended.id }, `${which} is at its safe value ${ended.value}`)
    else log.warn({ action, asset }, `${which} is not at its safe value: ${ended?.detail ?? 'the server did not answer in time; the next start reads back what became of it'}`) // prettier-ignore
  }
}
