import type { BundleRegistry, StoredBundle } from '../../models/index.ts'
import { DetectorError } from '../core/index.ts'
import type { Learner } from './learner.ts'
import type { Learning } from './learning.ts'

/** Where the models of a monitor or station are. */
export interface Shelf<Bundle extends StoredBundle = StoredBundle> {
  readonly registry: BundleRegistry<Bundle>
  /** Opens a model of it once: one that breaks is refused before anything changes. Rejects with a DetectorError. */
  check(bundle: Bundle): Promise<void>
}

export interface ModelRequestParts {
  readonly learners: () => ReadonlyMap<string, Learner>
  readonly shelf: (name: string) => Shelf
  readonly learning: Learning
}

/** What people ask for in the life of the model of a monitor or station. Each rejects with a DetectorError that says what there is. */
export class ModelRequests {
  readonly #parts: ModelRequestParts

  constructor(parts: ModelRequestParts) {
    this.#parts = parts
  }

  /** Puts a version of the registry to work, checked before; the one before goes on beside it for a while. */
  async promote(name: string, version: string, by: string): Promise<string> {
    const { model } = this.#learner(name)
    if (version === model) throw refused(`model ${version} of ${name} is at work already`, 'Name another version.')
    await this.#check(name, version)
    await this.#parts.learning.putToWork(name, version, 'active', `put to work by ${by}`)
    return version
  }

  /** Goes back to the model before the one at work; resolves with its version. */
  async rollback(name: string, by: string): Promise<string> {
    const { model, rival } = this.#learner(name)
    if (model === undefined) throw refused(`${name} has no model at work`, 'Wait for its first training.')
    const version = rival?.role === 'predecessor' ? rival.version : await this.#before(name, model)
    await this.#check(name, version)
    await this.#parts.learning.putToWork(name, version, 'rollback', `${model} was taken back by ${by}`)
    return version
  }

  /** Begins a training now. */
  retrain(name: string, by: string): void {
    this.#learner(name)
    if (!this.#parts.learning.retrain(name, `asked for by ${by}`))
      throw refused(`${name} is training already, or its model is a file of yours`, 'See `millwright models list`.')
  }

  /** Ends the training under way without a model. */
  cancel(name: string, by: string): void {
    this.#learner(name)
    if (!this.#parts.learning.cancel(name, `cancelled by ${by}`))
      throw refused(`${name} is not training`, 'Nothing is to be done.')
  }

  async #check(name: string, version: string): Promise<void> {
    const shelf = this.#parts.shelf(name)
    await shelf.check(await shelf.registry.load(name, version))
  }

  #learner(name: string): Learner {
    const learners = this.#parts.learners()
    const learner = learners.get(name)
    if (learner) return learner
    const known = [...learners.keys()].join(', ') || 'none'
    throw refused(`there is no monitor ${name}, nor a station of that name that learns`, `There are: ${known}.`)
  }

  /** The version that was at work when this one was trained, or else the one registered before it. */
  async #before(name: string, version: string): Promise<string> {
    const { registry } = this.#parts.shelf(name)
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
}

function refused(message: string, remedy: string): DetectorError {
  return new DetectorError('MODEL_MISSING', message, { remedy })
}
