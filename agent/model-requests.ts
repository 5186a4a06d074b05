import { loadDetector, type Registry } from '../models/index.ts'
import { DetectorError } from './core/index.ts'
import type { Learning } from './learning.ts'
import type { Monitor } from './monitor.ts'

export interface ModelRequestParts {
  readonly monitors: () => ReadonlyMap<string, Monitor>
  readonly registry: Registry
  readonly learning: Learning
}

/** What people ask for in the life of a monitor's model. Each rejects with a DetectorError that says what there is. */
export class ModelRequests {
  readonly #parts: ModelRequestParts

  constructor(parts: ModelRequestParts) {
    this.#parts = parts
  }

  /** Puts a version of the registry to work, checked before; the one before goes on beside it for a while. */
  async promote(name: string, version: string, by: string): Promise<string> {
    const { model } = this.#monitor(name)
    if (version === model) throw refused(`model ${version} of ${name} is at work already`, 'Name another version.')
    await this.#check(name, version)
    await this.#parts.learning.putToWork(name, version, 'active', `put to work by ${by}`)
    return version
  }

  /** Goes back to the model before the one at work; resolves with its version. */
  async rollback(name: string, by: string): Promise<string> {
    const { model, rival } = this.#monitor(name)
    if (model === undefined) throw refused(`${name} has no model at work`, 'Wait for its first training.')
    const version = rival?.role === 'predecessor' ? rival.version : await this.#before(name, model)
    await this.#check(name, version)
    await this.#parts.learning.putToWork(name, version, 'rollback', `${model} was taken back by ${by}`)
    return version
  }

  /** Begins a training now. */
  retrain(name: string, by: string): void {
    this.#monitor(name)
    if (!this.#parts.learning.retrain(name, `asked for by ${by}`))
      throw refused(`${name} is training already, or its model is a file of yours`, 'See `millwright models list`.')
  }

  /** Ends the training under way without a model. */
  cancel(name: string, by: string): void {
    this.#monitor(name)
    if (!this.#parts.learning.cancel(name, `cancelled by ${by}`))
      throw refused(`${name} is not training`, 'Nothing is to be done.')
  }

  #monitor(name: string): Monitor {
    const monitors = this.#parts.monitors()
    const monitor = monitors.get(name)
    if (monitor) return monitor
    throw refused(`there is no monitor ${name}`, `There are: ${[...monitors.keys()].join(', ') || 'none'}.`)
  }

  /** The version that was at work when this one was trained, or else the one registered before it. */
  async #before(name: string, version: string): Promise<string> {
    const { registry } = this.#parts
    const versions = await registry.versions(name)
    const parent = await registry.load(name, version).then(
      ({ manifest }) => manifest.parent,
      () => undefined,
    )
    const before =
      parent !== undefined && versions.includes(parent) ? parent : versions.at(versions.indexOf(version) - 1)
    if (before !== undefined && before !== version && versions.indexOf(version) !== 0) return before
    throw refused(`there is no model before ${version} of ${name}`, 'Train a new one.')
  }

  /** Loads it once: a model that breaks is refused before anything changes. */
  async #check(name: string, version: string): Promise<void> {
    const detector = await loadDetector(await this.#parts.registry.load(name, version))
    await detector.close()
  }
}

function refused(message: string, remedy: string): DetectorError {
  return new DetectorError('MODEL_MISSING', message, { remedy })
}
