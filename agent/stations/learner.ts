import type { Clock } from '../core/index.ts'
import type { StationSettings } from './config.ts'
import type { Learner } from '../learner.ts'
import type { Decision } from '../life-cycle.ts'
import { decideStation, type StationStanding } from './decision.ts'
import type { StationLife } from './life.ts'
import type { StationModels } from './models.ts'

export interface StationLearnerParts {
  readonly name: string
  readonly settings: StationSettings
  readonly models: StationModels
  readonly clock: Clock
  life(): StationLife
}

/** A station as what learns: what the journal says of its model, and whether the files are what it says. */
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

  get standing(): StationStanding {
    const { models, clock } = this.#parts
    const { model, trained, corrections } = this.life
    const problem = models.problem(model)
    return {
      model,
      ...(problem !== undefined && { problem }),
      ...(models.fallback !== undefined && { fallback: models.fallback }),
      now: clock.now(),
      trained,
      corrections,
      hasFolder: this.settings.learn.images !== undefined,
      rival: this.#rival(),
    }
  }

  decide(): Decision | undefined {
    return decideStation(this.standing, this.settings.learn)
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
