import type { Clock } from '../../core/index.ts'
import type { StationSettings } from '../../settings/index.ts'
import { type Decision, type Learner, decide, overdue } from '../../learning/index.ts'
import { standingOf, trainingTimes, type StationStanding } from './standing.ts'
import type { StationLife } from './life.ts'
import type { ModelState } from './models.ts'

export interface StationLearnerParts {
  /** Of the model: that of the station, or `valuesModel` of it. */
  readonly name: string
  readonly settings: StationSettings
  readonly models: ModelState
  readonly clock: Clock
  life(): StationLife
  /** See `StationStanding`. */
  readonly material: (life: StationLife) => string | undefined
  /** Share of what a first model needs that is there, 0 to 1. */
  readonly collected: (life: StationLife) => number
}

/** A model of a station as what learns: what the journal says of it, and whether the files are what it says. */
export class StationLearner implements Learner {
  readonly learns = true
  readonly since = -Infinity
  readonly #parts: StationLearnerParts

  constructor(parts: StationLearnerParts) {
    this.#parts = parts
  }

  get name(): string {
    return this.#parts.name
  }

  get settings(): StationSettings {
    return this.#parts.settings
  }

  get life(): StationLife {
    return this.#parts.life()
  }

  get model(): string | undefined {
    return this.life.model
  }

  get rival(): Learner['rival'] {
    return this.life.rival
  }

  get working(): boolean {
    return this.model !== undefined && this.#parts.models.problem(this.model) === undefined
  }

  /** Parts come and go, and their images may be old: trainings are due by the clock. */
  get newest(): number {
    return this.#parts.clock.now()
  }

  get memory(): number {
    return this.settings.learn.memory
  }

  /** While there is no model: the share of what is needed that is there, 0 to 1. */
  get collected(): number {
    return this.#parts.collected(this.life)
  }

  get standing(): StationStanding {
    const { models, clock, material } = this.#parts
    const { model, trained, corrections, collected } = this.life
    const problem = models.problem(model)
    return {
      model,
      ...(problem !== undefined && { problem }),
      ...(models.fallback !== undefined && { fallback: models.fallback }),
      now: clock.now(),
      trained,
      corrections,
      material: material(this.life),
      news: corrections + collected > 0,
      rival: this.#rival(),
    }
  }

  get overdue(): string | undefined {
    return overdue(standingOf(this.standing, this.settings.learn), trainingTimes(this.settings.learn))
  }

  decide(): Decision | undefined {
    const { learn } = this.settings
    return decide(standingOf(this.standing, learn), trainingTimes(learn))
  }

  #rival(): StationStanding['rival'] {
    const { rival, trial } = this.life
    if (!rival) return undefined
    const problem = this.#parts.models.problem(rival.version)
    const metrics = this.#parts.models.metrics(rival.version) ?? {}
    const compared = 'merit' in metrics && 'merit_before' in metrics
    return {
      ...rival,
      trial,
      ...(problem !== undefined && { problem }),
      ...(compared && { heldOut: [metrics.merit_before, metrics.merit] as const }),
    }
  }
}
