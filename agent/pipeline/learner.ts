import { type Decision, type Learner, decide, overdue } from '../learning/index.ts'
import type { Monitor } from './monitor.ts'
import { standingOf, trainingTimes } from './standing.ts'

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

  get overdue(): string | undefined {
    const { standing, settings } = this.#monitor
    return overdue(standingOf(standing, settings.learn), trainingTimes(settings.learn))
  }

  decide(): Decision | undefined {
    const { standing, settings } = this.#monitor
    return decide(standingOf(standing, settings.learn), trainingTimes(settings.learn))
  }
}
