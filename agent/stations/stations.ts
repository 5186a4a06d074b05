import type { Config } from '../settings/index.ts'
import type { Corrections } from '../ingest/index.ts'
import type { Batch, CorrectionEvent, FeatureBatch, JournalEvent } from '../core/index.ts'
import type { StationLearner } from './life/learner.ts'
import { StationUnit, type UnitParts } from './unit.ts'

/** What the stations get to work with. */
export type InspectionParts = Omit<UnitParts, 'record'>

/** All stations of a configuration, at work. */
export class Inspections implements Corrections {
  readonly #units = new Map<string, StationUnit>()
  #parts: UnitParts
  readonly #stopping = new AbortController()
  #starting: Promise<void> = Promise.resolve()
  #tellStarted: () => void = () => undefined
  readonly #started = new Promise<void>((resolve) => (this.#tellStarted = resolve))

  constructor(parts: InspectionParts) {
    const { journal, clock } = parts
    const record = async (event: JournalEvent) => {
      await journal.append('samples', [{ kind: 'event', event, arrival: clock.now() }])
    }
    this.#parts = { ...parts, record }
  }

  get units(): ReadonlyMap<string, StationUnit> {
    return this.#units
  }

  /** The models that the agent trains, by name: of a station, or `valuesModel` of it. */
  get learners(): ReadonlyMap<string, StationLearner> {
    const lines = [...this.#units.values()].flatMap((unit) => unit.lines)
    return new Map(lines.flatMap(({ name, learner }) => (learner ? [[name, learner] as const] : [])))
  }

  /** Bytes of the largest image that a station takes over HTTP; undefined where there is none of that name. */
  largest(station: string): number | undefined {
    const unit = this.#units.get(station)
    return unit?.posted && unit.settings.bounds.bytes
  }

  /** An image over HTTP; resolves when it has its verdict, or was dropped. */
  async post(station: string, image: Uint8Array, part: string | undefined): Promise<void> {
    await this.#started
    await this.#units.get(station)?.posted?.post(image, `POST ${station}`, this.#parts.clock.now(), part)
  }

  /**
   * Makes the stations; from now on they take samples and windows. `from`: offset in `samples` from which on they come.
   */
  async open(from: number): Promise<void> {
    for (const name of Object.keys(this.#parts.config.inspections)) await this.#add(name, from)
  }

  /**
   * Loads models and starts the signals to PLCs and the sources, once the pipeline has caught up. A station without a usable
   * model leaves its parts to the operator; one that is left out takes none.
   */
  start(isLeftOut: (name: string) => boolean = () => false): Promise<void> {
    const units = [...this.#units].flatMap(([name, unit]) => (isLeftOut(name) ? [] : [unit]))
    return (this.#starting = this.#start(units).then(() => this.#tellStarted()))
  }

  /** A model has taken a step in its life. */
  stepped(model: string): void {
    for (const { lines } of this.#units.values()) lines.find(({ name }) => name === model)?.stepped()
  }

  /** Takes samples, for measured values of parts. */
  measured(batch: Batch): void {
    for (const { station } of this.#units.values()) station.measured(batch)
  }

  /** Takes windows that closed, for the parts they belong to. */
  windowed(monitor: string, features: FeatureBatch): void {
    for (const { station } of this.#units.values()) station.windowed(monitor, features)
  }

  /** See `Corrections`. */
  async admit(event: CorrectionEvent): Promise<CorrectionEvent | string> {
    await this.#started
    const unit = this.#units.get(event.station)
    if (!unit) return `there is no station ${event.station}; there are: ${[...this.#units.keys()].join(', ') || 'none'}`
    return unit.station.correct(event)
  }

  /** Ends stations for good, or until they are opened with other settings: the parts in hand have their verdicts then. */
  async close(names: readonly string[]): Promise<void> {
    await this.#starting.catch(() => undefined)
    const units = names.flatMap((name) => this.#units.get(name) ?? [])
    await Promise.all(units.map((unit) => unit.stop()))
    for (const name of names) this.#units.delete(name)
  }

  /** Goes on with another configuration: opens and starts `names`. Samples come to them from `from` on. */
  async reopen(config: Config, names: readonly string[], from: number): Promise<void> {
    this.#parts = { ...this.#parts, config }
    for (const name of names) await this.#add(name, from)
    await this.#start(names.map((name) => this.#units.get(name)!))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.close([...this.#units.keys()])
  }

  async #start(units: readonly StationUnit[]): Promise<void> {
    for (const unit of units) if (!this.#stopping.signal.aborted) await unit.prepare()
    // Loading may have taken longer than the agent lived.
    if (!this.#stopping.signal.aborted) for (const unit of units) unit.start()
  }

  async #add(name: string, from: number): Promise<void> {
    this.#units.set(name, await StationUnit.open(name, this.#parts, from))
  }
}

/** Monitors whose windows are joined to parts. */
export function joinedMonitors({ inspections }: Pick<Config, 'inspections'>): ReadonlySet<string> {
  return new Set(
    Object.values(inspections).flatMap(({ windows }) => Object.values(windows).map(({ monitor }) => monitor)),
  )
}
