import { describeError, type ImageArrival, type Logger, type OpinionEvent } from '../core/index.ts'
import type { StationSettings } from './config.ts'
import type { JudgingModel } from './judging-model.ts'
import { rule, type Ruling } from './rule.ts'

export interface ShadowParts {
  readonly station: string
  readonly model: JudgingModel
  readonly settings: StationSettings
  readonly log: Logger
  /** Called once, when it cannot look at images. */
  readonly failed: (version: string, why: string) => void
  readonly record: (event: OpinionEvent) => Promise<void>
}

/**
 * A model beside the one at work: sees the same images in workers of its own, and what it makes of them is recorded. No
 * verdict waits for it: an image that comes while it is busy passes it by.
 */
export class Shadow {
  readonly #parts: ShadowParts
  readonly #underWay = new Set<Promise<void>>()
  #broken = false

  constructor(parts: ShadowParts) {
    this.#parts = parts
  }

  get model(): JudgingModel {
    return this.#parts.model
  }

  /** Looks at an image on which the model at work has come to `ruling`. */
  look(arrival: ImageArrival, part: string, active: string, ruling: Ruling): void {
    if (this.#underWay.size >= 2 * this.#parts.settings.workers) return
    const looking = this.#look(arrival, part, active, ruling)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#underWay.delete(looking))
    this.#underWay.add(looking)
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async #look({ image, time }: ImageArrival, part: string, active: string, ruling: Ruling): Promise<void> {
    const { station, model, settings } = this.#parts
    const answer = await model.inspector.inspect(image)
    if ('reason' in answer) return
    const own = rule(answer, settings.verdict)
    const fails = [ruling.verdict === 'fail', own.verdict === 'fail'] as const
    await this.#parts.record({ type: 'opinion', time, station, part, models: [active, model.version], fails })
  }

  #failed(error: unknown): void {
    const { station, model, log, failed } = this.#parts
    if (this.#broken) return
    this.#broken = true
    log.warn({ station, version: model.version }, `a model has no opinion: ${describeError(error)}`)
    failed(model.version, describeError(error))
  }
}
