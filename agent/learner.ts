import { decide, type Decision } from './life-cycle.ts'
import type { Monitor } from './monitor.ts'

/** Something whose model the agent may train: a monitor or a station. */
export interface Learner {
  readonly name: string
  /** Whether the agent trains its model. */
  readonly learns: boolean
  /** Version of the model at work. */
  readonly model: string | undefined
  /** Whether that can be used. */
  readonly working: boolean
  readonly rival: { readonly version: string; readonly role: 'challenger' | 'predecessor' } | undefined
  /** Event time of the newest that it has seen, ms since epoch; NaN before the first. */
  readonly newest: number
  /** Event time from which on a training reads the journal, ms since epoch. */
  readonly since: number
  /** Heap that a training may use, bytes. */
  readonly memory: number
  /** What is to happen next. */
  decide(): Decision | undefined
}

/** A monitor as what learns. */
export class MonitorLearner implements Learner {
  readonly #monitor: Monitor

  constructor(monitor: Monitor) {
    this.#monitor = monitor
  }

  get name(): string {
    return this.#monitor.name
  }

  get learns(): boolean {
    return this.#monitor.learns
  }

  get model(): string | undefined {
    return this.#monitor.model
  }

  get working(): boolean {
    return this.#monitor.standing.working
  }

  get rival(): Learner['rival'] {
    return this.#monitor.rival
  }

  get newest(): number {
    return this.#monitor.standing.newest
  }

  get since(): number {
    const since = this.newest - this.#monitor.settings.learn.history
    return Number.isNaN(since) ? -Infinity : since
  }

  get memory(): number {
    return this.#monitor.settings.learn.memory
  }

  decide(): Decision | undefined {
    return decide(this.#monitor.standing, this.#monitor.settings.learn)
  }
}
