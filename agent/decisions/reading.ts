import {
  type Asset,
  type AssetClass,
  healthOf,
  lasting,
  Quality,
  qualityNames,
  type Prediction,
  type Reading,
  type Zone,
} from '../core/index.ts'
import { type ConclusionReading, type Expression, type PartReading, type Reader, type Value, Undecided } from '../expressions/index.ts' // prettier-ignore
import { type Facts, keyOf, type Newest } from './facts.ts'

/** What an expression came to: its value, or why it has none. */
export type Outcome = { readonly value: Value } | { readonly why: string }

/** The asset that an action is for, undefined of one for the plant. */
export interface Scope {
  readonly assets: AssetClass | undefined
  readonly asset: Asset | undefined
  /** ms; what is older is not known. */
  readonly fresh: number
  readonly timezone: Zone
}

/** A conclusion holds for so many of its monitor's intervals, where that is longer than `fresh`. */
const conclusionsLast = 3

/** Lets expressions read facts of one asset at one time, and notes what they read. */
export class FactReader implements Reader {
  readonly #facts: Facts
  readonly #scope: Scope
  #now = NaN
  /** What was read, by how it is written; undefined where nobody asks. */
  #readings: Map<string, Value> | undefined
  /** Tags by name, once they are known. */
  readonly #found = new Map<string, number>()

  constructor(facts: Facts, scope: Scope) {
    this.#facts = facts
    this.#scope = scope
  }

  /** Reads at `now` (ms since epoch, as the journal has it) from here on, and notes what it reads where `notes`. */
  at(now: number, notes = false): this {
    this.#now = now
    this.#readings = notes ? new Map() : undefined
    return this
  }

  /** What was read since `at`. */
  get read(): Reading[] {
    return [...(this.#readings ?? [])].map(([what, value]) => ({ what, value }))
  }

  signal(name: string): Value {
    const { value, quality } = this.#fresh(name)
    if (quality !== Quality.good) throw new Undecided(`${name} is ${qualityNames[quality]}`)
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Undecided(`${name} has no value`)
    return this.#note('signal', name, value)
  }

  age(name: string): number {
    return this.#note('age', name, this.#age(this.#known(name)), ' in ms')
  }

  quality(name: string): string {
    const newest = this.#newest(name)
    return this.#note('quality', name, newest ? qualityNames[newest.quality] : 'none')
  }

  feature(monitor: string, name: string): number {
    const { what } = this.#conclusion(this.#facts.features, monitor, this.#own(), `${monitor} has no window of`)
    const value = Object.hasOwn(what, name) ? what[name] : NaN
    if (!Number.isFinite(value)) throw new Undecided(`${name} of ${monitor} has no value`)
    return this.#note('feature', `${monitor}", "${name}`, value)
  }

  prediction(monitor: string, asset = this.#own()): ConclusionReading {
    const { what } = this.#conclusion(this.#facts.predictions, monitor, asset, `${monitor} has concluded nothing of`)
    this.#note('prediction', monitor, what.state, '.state')
    if (Number.isFinite(what.score)) this.#note('prediction', monitor, what.score, '.score')
    if (what.value !== undefined) this.#note('prediction', monitor, what.value, '.value')
    return conclusionOf(what)
  }

  alarm(monitor: string, asset = this.#own()): string {
    return this.#note('alarm', monitor, this.#facts.alarms.get(keyOf(monitor, asset)) ?? 'normal')
  }

  verdict(station: string): PartReading {
    const found = this.#facts.verdicts.get(station)
    if (!found) throw new Undecided(`${station} has judged no part yet`)
    this.#tooOld(found.at, `the newest verdict of ${station}`)
    const { verdict, part, label, score } = found.what
    this.#note('verdict', station, verdict, '.verdict')
    return { verdict, part, label, ...(score !== null && { score }) }
  }

  state(name: string): string {
    const states = this.#facts.states
    return this.#note('state', name, states.get(keyOf(name, this.#scope.asset?.name ?? '')) ?? states.get(keyOf(name, '')) ?? '') // prettier-ignore
  }

  hour(): number {
    return this.#note('hour', '', new Date(this.#scope.timezone.wall(this.#now)).getUTCHours())
  }

  weekday(): number {
    return this.#note('weekday', '', new Date(this.#scope.timezone.wall(this.#now)).getUTCDay() || 7)
  }

  #own(): string {
    return this.#scope.asset?.name ?? ''
  }

  #newest(name: string): Newest | undefined {
    const tag = this.#found.get(name) ?? this.#find(name)
    return tag < 0 ? undefined : this.#facts.newest[tag]
  }

  #find(name: string): number {
    const { asset, assets } = this.#scope
    const tag = asset ? (asset.tags[assets?.roles.indexOf(name) ?? -1] ?? -1) : (this.#facts.tags.find(name)?.index ?? -1) // prettier-ignore
    if (tag >= 0 && this.#facts.newest[tag]) this.#found.set(name, tag)
    return tag
  }

  #known(name: string): Newest {
    const newest = this.#newest(name)
    if (newest) return newest
    const known = this.#scope.assets?.roles.slice(0, 20).join(', ')
    throw new Undecided(`nothing came of ${name} yet${known === undefined ? '' : `; there are: ${known}`}`)
  }

  #fresh(name: string): Newest {
    const newest = this.#known(name)
    const age = this.#age(newest)
    if (age > this.#scope.fresh) throw new Undecided(`${name} is ${lasting(age)} old, more than ${lasting(this.#scope.fresh)}`) // prettier-ignore
    return newest
  }

  /** By the sample's own time or its arrival, whichever is older; what comes by change is as old as its source's newest. */
  #age({ time, arrival, source, holds }: Newest): number {
    const reported = holds ? Math.max(arrival, this.#facts.sources.get(source) ?? 0) : Math.min(time, arrival)
    return Math.max(0, this.#now - reported)
  }

  #conclusion<What>(
    from: ReadonlyMap<string, { readonly at: number; readonly what: What }>,
    monitor: string,
    asset: string,
    nothing: string,
  ): { readonly at: number; readonly what: What } {
    const found = from.get(keyOf(monitor, asset))
    if (!found) throw new Undecided(`${nothing} ${asset} yet`)
    this.#tooOld(
      found.at,
      `what ${monitor} says of ${asset}`,
      conclusionsLast * (this.#facts.intervals.get(monitor) ?? 0),
    )
    return found
  }

  #tooOld(at: number, what: string, least = 0): void {
    const fresh = Math.max(this.#scope.fresh, least)
    if (this.#now - at > fresh) throw new Undecided(`${what} is ${lasting(this.#now - at)} old, more than ${lasting(fresh)}`) // prettier-ignore
  }

  #note<Known extends Value>(call: string, name: string, value: Known, after = ''): Known {
    this.#readings?.set(`${call}(${name === '' ? '' : `"${name}"`})${after}`, value)
    return value
  }
}

/** Evaluates an expression. */
export function outcomeOf(expression: Expression, reader: Reader): Outcome {
  try {
    return { value: expression.value(reader) }
  } catch (error) {
    if (error instanceof Undecided) return { why: error.message }
    throw error
  }
}

function conclusionOf({
  kind,
  state,
  score,
  threshold,
  value,
  lower,
  upper,
  label,
  probability,
}: Prediction): ConclusionReading {
  // prettier-ignore
  return {
    state,
    ...{ score, threshold, lower, upper, label, probability },
    health: healthOf(score, threshold) ?? undefined,
    ...(kind === 'rul' ? { remaining: value } : { value }),
  }
}
