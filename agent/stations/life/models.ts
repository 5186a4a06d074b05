import { DetectorError, type Logger, describeError } from '../../core/index.ts'

/** A model that is open, under its version. */
export interface OpenModel {
  readonly version: string
  readonly inspector: { close(): Promise<void> }
  /** What its training measured. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Where a model works. */
export interface Workplace<Model> {
  /** The model that judges from the next part on; with none the operator decides. */
  use(model: Model | undefined): void
  /** A model that looks at the same parts without effect; none ends that. */
  challenge(model: Model | undefined, failed: (version: string, why: string) => void): void
}

export interface StationModelsParts<Model> {
  /** For the log. */
  readonly name: string
  readonly workplace: Workplace<Model>
  /** Versions there are, oldest first. */
  readonly versions: () => Promise<readonly string[]>
  /** Rejects with a DetectorError. */
  readonly open: (version: string) => Promise<Model>
  readonly log: Logger
}

/** What is known of the files of models. */
export type ModelState = Pick<StationModels<OpenModel>, 'problem' | 'fallback' | 'metrics'>

/** Versions that a station is to work with. */
export interface Wanted {
  readonly active: string | undefined
  readonly rival: string | undefined
}

/** Opens and closes models of a station, as their life asks for them. */
export class StationModels<Model extends OpenModel> {
  readonly #parts: StationModelsParts<Model>
  readonly #open = new Map<string, Model>()
  readonly #problems = new Map<string, string>()
  #wanted: string | undefined
  #fallback: string | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: StationModelsParts<Model>) {
    this.#parts = parts
  }

  /** Why a version cannot be used; undefined where it can, or was not tried. */
  problem(version: string | undefined): string | undefined {
    return version === undefined ? undefined : this.#problems.get(version)
  }

  /** The version that judges in place of one that cannot be used. */
  get fallback(): string | undefined {
    return this.#fallback
  }

  /** What the training of a version measured; undefined where the version is not open. */
  metrics(version: string): Readonly<Record<string, number>> | undefined {
    return this.#open.get(version)?.metrics
  }

  /** Lets the station work with these versions; where that at work cannot be used, with the newest before it that can. */
  follow(wanted: Wanted): Promise<void> {
    return this.#alone(async () => {
      const { workplace } = this.#parts
      // Who puts a version to work that broke before has mended it.
      if (wanted.active !== this.#wanted) this.#problems.delete(wanted.active ?? '')
      this.#wanted = wanted.active
      const active = await this.#get(wanted.active)
      const stand = active ?? (await this.#earlier(wanted.active))
      this.#fallback = active ? undefined : stand?.version
      workplace.use(stand)
      const rival = wanted.rival === stand?.version ? undefined : await this.#get(wanted.rival)
      workplace.challenge(rival, (version, why) => this.#problems.set(version, why))
      await this.#closeAllBut([stand, rival])
    })
  }

  /** Lets the station work with a network of the user's own. */
  async useOwn(open: () => Promise<Model>): Promise<void> {
    const { name, workplace, log } = this.#parts
    try {
      const model = await open()
      this.#open.set(model.version, model)
      workplace.use(model)
    } catch (error) {
      log.error({ station: name, ...remedyOf(error) }, `no model: ${describeError(error)}`)
    }
  }

  /** Closes all of them; the station has stopped before. */
  close(): Promise<void> {
    return this.#alone(() => this.#closeAllBut([]))
  }

  async #get(version: string | undefined): Promise<Model | undefined> {
    if (version === undefined || this.#problems.has(version)) return undefined
    const known = this.#open.get(version)
    if (known) return known
    const { name, open, log } = this.#parts
    try {
      const model = await open(version)
      this.#open.set(version, model)
      return model
    } catch (error) {
      const why = describeError(error)
      this.#problems.set(version, `model ${version} cannot be used: ${why}`)
      log.error({ station: name, version, ...remedyOf(error) }, `the model cannot be used: ${why}`)
      return undefined
    }
  }

  /** The newest before the one at work that can be used. */
  async #earlier(active: string | undefined): Promise<Model | undefined> {
    if (active === undefined) return undefined
    const { name, log } = this.#parts
    const versions = await this.#parts.versions()
    const before = versions.slice(0, versions.includes(active) ? versions.indexOf(active) : undefined)
    for (const version of before.reverse()) {
      const model = await this.#get(version)
      if (!model) continue
      log.warn({ station: name, version }, `model ${version} judges in place of ${active}`)
      return model
    }
    return undefined
  }

  async #closeAllBut(kept: readonly (Model | undefined)[]): Promise<void> {
    for (const [version, model] of this.#open) {
      if (kept.includes(model)) continue
      this.#open.delete(version)
      await model.inspector.close()
    }
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

function remedyOf(error: unknown): { remedy?: string } {
  return error instanceof DetectorError && error.remedy !== undefined ? { remedy: error.remedy } : {}
}
