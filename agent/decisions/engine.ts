// Longer than others: what leads from a condition to the end of a decision is one machine, and is read in one go.
import {
  type Batch,
  type DecisionEvent,
  type DecisionStep,
  type Entry,
  type ExecutionEvent,
  type FeatureBatch,
  type Guard,
  type JournalEvent,
  lasting,
  type OrderEvent,
  type Prediction,
  type Purpose,
  type Reading,
  type Setpoint,
  type TagTable,
} from '../core/index.ts'
import { Expression } from '../expressions/index.ts'
import type { Alarm, Decider } from '../pipeline/index.ts'
import type { Config } from '../settings/index.ts'
import { Book, type ActionLedger, type Decision } from './book.ts'
import { compile, filled, targetOf, type Compiled, type Source } from './compiled.ts'
import { Facts, keyOf } from './facts.ts'
import { Instance } from './instance.ts'
import { FactReader, outcomeOf, type Outcome } from './reading.ts'

/** Time alone makes a condition be looked at again after so long, ms. */
const lookEvery = 1_000
/** Time is looked at no more often than that, ms. */
const scanEvery = 100
/** How much later than its end a decision counts as expired that somebody may just be carrying out, ms. */
const grace = 1_000

/** Who stopped all actions, and when. */
export interface Stopped {
  readonly by: string
  readonly time: number
  readonly reason: string
}

/** See `Decisions.explain`. */
export interface Explanation {
  readonly action: string
  readonly asset: string
  readonly phase: Instance['phase']
  readonly when: Outcome
  readonly interlock: Outcome | undefined
  readonly value: Outcome | undefined
  readonly read: readonly Reading[]
}

interface Saved {
  readonly now: number
  readonly facts: unknown
  readonly book: unknown
  readonly scanned: number
  /** Action, asset, its settings, its state, and whether it is to be looked at. */
  readonly instances: readonly (readonly [string, string, string, unknown, boolean])[]
  readonly stopped?: Stopped
}

/**
 * All actions: from what the journal says to what is to be done, and what became of it. A function of the entries that it is
 * told of, in their order: a replay decides the same. Time is the arrival of entries, of files that of their rows.
 */
export class Decisions implements Decider {
  readonly monitors: ReadonlySet<string>
  readonly #actions: readonly Compiled[]
  readonly #facts: Facts
  readonly #book = new Book()
  readonly #instances = new Map<string, Instance>()
  /** By tag: 0: not seen yet, 1: nobody reads it, 2: somebody does. */
  #watched = new Uint8Array(256)
  /** Who reads a tag. */
  readonly #readers: (readonly Instance[])[] = []
  /** By what else is read (`prediction health`): who reads it. */
  readonly #byName = new Map<string, Set<Instance>>()
  readonly #dirty = new Set<Instance>()
  #now = -Infinity
  #scanned = -Infinity
  #stopped: Stopped | undefined
  #out: DecisionEvent[] = []

  constructor({ actions, assets, monitors }: Pick<Config, 'actions' | 'assets' | 'monitors'>, tags: TagTable) {
    this.#actions = Object.entries(actions).flatMap(([name, settings]) => (settings.mode === 'off' ? [] : [compile(name, settings)])) // prettier-ignore
    const classes = new Set(this.#actions.flatMap(({ settings }) => settings.for_each ?? []))
    const intervals = Object.entries(monitors).map(([name, { every, window }]) => [name, typeof every === 'number' ? every : typeof window === 'number' ? window : 0] as const) // prettier-ignore
    this.#facts = new Facts(tags, Object.fromEntries([...classes].map((name) => [name, assets[name].tags])), new Map(intervals)) // prettier-ignore
    this.monitors = new Set(this.#actions.flatMap(({ calls }) => calls.flatMap(({ name, names }) => (name === 'feature' ? [names[0]] : [])))) // prettier-ignore
    for (const action of this.#actions) if (action.settings.for_each === undefined) this.#add(action, undefined)
  }

  // ------------------------------------------------------------ what it is told

  begin(alarms: readonly Alarm[]): void {
    for (const { monitor, asset, state } of alarms) this.#facts.alarms.set(keyOf(monitor, asset), state)
  }

  /** Cleaned samples: conditions are looked at whenever the time of the rows goes on, so that no break of one is missed. */
  samples(batch: Batch): void {
    if (this.#actions.length === 0) return
    if (!batch.paced || batch.length === 0) this.#pass(batch.arrival)
    if (batch.length > 0) this.#facts.sources.set(batch.source, Math.max(this.#facts.sources.get(batch.source) ?? -Infinity, batch.arrival)) // prettier-ignore
    if (this.#facts.tags.size > this.#watched.length) this.#watch(this.#facts.tags.size * 2)
    const { length, tag, time } = batch
    const watched = this.#watched
    let last = -Infinity
    for (let row = 0; row < length; row++) {
      const index = tag[row]
      if (watched[index] === 1) continue
      if (watched[index] === 0) watched[index] = this.#find(index) ? 2 : 1
      if (watched[index] === 1) continue
      if (time[row] > last) {
        if (this.#dirty.size > 0) this.#look()
        last = time[row]
        if (batch.paced) this.#pass(last)
      }
      if (!this.#facts.take(batch, row)) continue
      for (const reader of this.#readers[index]) {
        if (reader.rests(this.#now)) reader.pending = true
        else this.#dirty.add(reader)
      }
    }
    if (batch.paced) this.#pass(batch.arrival)
  }

  windows(monitor: string, features: FeatureBatch): void {
    this.#facts.takeFeatures(monitor, features, this.#now)
    this.#changed(`feature ${monitor}`)
  }

  /** What an entry led to; answers with what was decided by it. Call it once for each entry, after `samples`. */
  take(entry: Entry, predictions: readonly Prediction[], events: readonly JournalEvent[]): DecisionEvent[] {
    if (this.#actions.length === 0 && this.#book.open.length === 0) return []
    if (entry.kind === 'event') this.#pass(entry.arrival)
    for (const prediction of predictions) {
      this.#facts.predictions.set(keyOf(prediction.monitor, prediction.asset), { at: this.#now, what: prediction })
      this.#changed(`prediction ${prediction.monitor}`)
    }
    for (const event of events) {
      if (event.type !== 'alarm') continue
      this.#facts.alarms.set(keyOf(event.monitor, event.asset), event.state)
      this.#changed(`alarm ${event.monitor}`)
    }
    if (entry.kind === 'event') this.#event(entry.event)
    this.#expire()
    this.#look()
    return this.#out.splice(0)
  }

  // ------------------------------------------------------------ what is known of it

  get open(): readonly Decision[] {
    return this.#book.open
  }

  get ended(): readonly Decision[] {
    return this.#book.ended
  }

  get stopped(): Stopped | undefined {
    return this.#stopped
  }

  /** Whether time has to go on in the journal for it. */
  get waits(): boolean {
    return this.#book.open.length > 0 || [...this.#instances.values()].some((one) => one.waits || (one.effect !== undefined && one.action.settings.revert !== undefined)) // prettier-ignore
  }

  get instances(): Iterable<Instance> {
    return this.#instances.values()
  }

  find(id: string): Decision | undefined {
    return this.#book.find(id)
  }

  ledger(): Record<string, ActionLedger> {
    return this.#book.ledger()
  }

  /** Which guard forbids to carry a decision out at `now` (ms since epoch, of the agent's clock), with the reason. */
  forbids(decision: Decision, now: number): { readonly guard: Guard; readonly detail: string } | undefined {
    if (this.#stopped && decision.purpose !== 'safe') return { guard: 'stop', detail: stopText(this.#stopped) }
    const instance = this.#instances.get(keyOf(decision.action, decision.asset))
    if (!instance || decision.purpose === 'safe') return undefined
    return this.#interlocked(instance, Math.max(now, this.#now))
  }

  /** What an action would do on an asset at this moment: of each of its expressions what it comes to, and what was read. */
  explain(instance: Instance): Explanation {
    const { action, asset } = instance
    const reader = this.#reader(instance, this.#now, true)
    const when = outcomeOf(action.when, reader)
    const interlock = action.interlock && outcomeOf(action.interlock, reader)
    const value = action.value instanceof Expression ? outcomeOf(action.value, reader) : action.value === undefined ? undefined : { value: action.value } // prettier-ignore
    return {
      action: action.name,
      asset: asset?.name ?? '',
      phase: instance.phase,
      when,
      interlock,
      value,
      read: reader.read,
    }
  }

  save(): unknown {
    const saved: Saved = {
      now: this.#now,
      scanned: this.#scanned,
      facts: this.#facts.save(),
      book: this.#book.save(),
      instances: [...this.#instances.values()].map((one) => [
        one.action.name,
        one.name,
        one.action.print,
        one.save(),
        this.#dirty.has(one),
      ]),
      ...(this.#stopped && { stopped: this.#stopped }),
    }
    return saved
  }

  load(from: unknown): void {
    const { now, scanned, facts, book, instances, stopped } = from as Saved
    this.#now = now
    this.#scanned = scanned
    this.#facts.load(facts)
    this.#book.load(book)
    this.#stopped = stopped
    const kept = new Set<string>()
    // In the order in which they came: it is that of what they decide at one moment.
    for (const [name, asset, print, state, dirty] of instances) {
      const action = this.#actions.find((one) => one.name === name && one.print === print)
      const assets = this.#facts.classes.get(action?.settings.for_each ?? '')
      const found = assets?.assets.find((one) => one.name === asset)
      if (!action || (asset !== '' && !found)) continue
      const instance = this.#add(action, found)
      instance.load(state)
      if (!dirty) this.#dirty.delete(instance)
      kept.add(keyOf(name, asset))
    }
    for (const assets of this.#facts.classes.values())
      for (const asset of assets.assets)
        for (const action of this.#actions) if (action.settings.for_each === assets.name) this.#add(action, asset)
    // What was proposed by other settings is not what somebody would approve now; what is under way is seen through.
    for (const one of this.#book.open)
      if (one.step !== 'intended' && !kept.has(keyOf(one.action, one.asset))) this.#step(one, 'expired', 'the settings of the action have changed') // prettier-ignore
  }

  // ------------------------------------------------------------ conditions

  #add(action: Compiled, asset: Instance['asset']): Instance {
    const key = keyOf(action.name, asset?.name ?? '')
    const known = this.#instances.get(key)
    if (known) return known
    const instance = new Instance(action, asset)
    this.#instances.set(key, instance)
    this.#dirty.add(instance)
    for (const { name, names } of action.calls) {
      const read = `${name} ${names[0]}`
      const all = this.#byName.get(read) ?? new Set()
      this.#byName.set(read, all.add(instance))
    }
    return instance
  }

  #changed(what: string): void {
    for (const reader of this.#byName.get(what) ?? []) this.#dirty.add(reader)
  }

  #watch(size: number): void {
    const wider = new Uint8Array(size)
    wider.set(this.#watched)
    this.#watched = wider
  }

  /** Finds out who reads a tag; whether anybody does. */
  #find(tag: number): boolean {
    const found = new Set<Instance>()
    for (const action of this.#actions) {
      const assets = this.#facts.classes.get(action.settings.for_each ?? '')
      const place = assets?.locate(tag)
      if (assets && !place) continue
      const signal = assets && place ? assets.roles[place.role] : this.#facts.tags.at(tag).name
      const instance = this.#add(action, place?.asset)
      const { value, arguments: values, calls } = action
      const texts = [value, ...values].flatMap((source) => (source instanceof Expression ? [source.text] : []))
      const inValue = texts.some((text) => text.includes(`"${signal}"`))
      if (inValue || calls.some(({ name, names }) => (name === 'signal' || name === 'age' || name === 'quality') && names[0] === signal)) found.add(instance) // prettier-ignore
    }
    if (found.size > 0) this.#readers[tag] = [...found]
    return found.size > 0
  }

  /** Time goes on, never back but by a step of the clock. */
  #pass(time: number): void {
    if (time > this.#now) this.#now = time
  }

  /** Looks at all conditions that something has changed, and now and then at those that time may have. */
  #look(): void {
    const dirty = [...this.#dirty]
    // What a decision changes is looked at with the next entry: two actions that set each other's state end nowhere else.
    this.#dirty.clear()
    for (const instance of dirty) this.#lookAt(instance)
    if (Math.abs(this.#now - this.#scanned) < scanEvery) return
    this.#scanned = this.#now
    for (const instance of this.#instances.values()) {
      this.#revert(instance)
      const since = this.#now - instance.looked
      const held = instance.phase === 'holding' && this.#now - instance.since >= instance.action.settings.for
      if (instance.pending ? !instance.rests(this.#now) : instance.waits && (since >= lookEvery || (held && since > 0)))
        this.#lookAt(instance)
    }
  }

  #lookAt(instance: Instance): void {
    const { action } = instance
    const { settings } = action
    const now = this.#now
    instance.looked = now
    instance.pending = false
    const outcome = outcomeOf(action.when, this.#reader(instance, now))
    const holds = 'value' in outcome && outcome.value === true
    instance.last = 'value' in outcome ? (typeof outcome.value === 'boolean' ? outcome.value : `it gives ${outcome.value}, not true or false`) : outcome.why // prettier-ignore
    this.#watchLoss(instance, typeof instance.last === 'string')
    if (instance.phase === 'latched') {
      const over = action.until ? isTrue(outcomeOf(action.until, this.#reader(instance, now))) : instance.last === false
      if (over) instance.phase = 'idle'
      else if (holds && settings.again !== undefined && now - instance.decided >= settings.again && !this.#book.openOf(action.name, instance.name)) this.#decide(instance) // prettier-ignore
      return
    }
    if (!holds) {
      instance.phase = 'idle'
      return
    }
    if (instance.phase === 'idle') {
      instance.phase = 'holding'
      instance.since = now
    }
    if (now - instance.since >= settings.for) this.#decide(instance)
  }

  #reader(instance: Instance, now: number, notes = false): FactReader {
    if (!instance.reader) {
      const { for_each: each = '', fresh, timezone } = instance.action.settings
      const scope = { assets: this.#facts.classes.get(each), asset: instance.asset, fresh, timezone }
      instance.reader = new FactReader(this.#facts, scope)
    }
    return instance.reader.at(now, notes)
  }

  /** Something is in effect, and the condition is undecided for too long: it goes to its safe value. */
  #watchLoss(instance: Instance, undecided: boolean): void {
    const { safe, fresh } = instance.action.settings
    if (!undecided || !instance.effect) {
      instance.blind = NaN
      return
    }
    if (Number.isNaN(instance.blind)) instance.blind = this.#now
    if (safe?.on.includes('loss') && this.#now - instance.blind >= fresh) this.#takeBack(instance, 'safe', `nothing is known for ${lasting(this.#now - instance.blind)}: ${String(instance.last)}`) // prettier-ignore
  }

  // ------------------------------------------------------------ decisions

  #decide(instance: Instance): void {
    const { action } = instance
    const { settings } = action
    instance.phase = 'latched'
    instance.decided = this.#now
    const reader = this.#reader(instance, this.#now, true)
    outcomeOf(action.when, reader)
    const why = reader.read
    const before = this.#book.openOf(action.name, instance.name)
    const given = [action.value, ...action.arguments].map((source) => this.#given(source, reader))
    const values = given.map((one) => one.value)
    const target = targetOf(action, instance.asset)
    const readBack = settings.do.write?.read_back
    const decision = this.#propose(instance, 'do', why, {
      ...(values[0] !== undefined && { value: values[0] }),
      ...(action.arguments.length > 0 && { values: values.slice(1).flatMap((value) => value ?? []) }),
      ...(typeof target === 'object' && { target }),
      ...(readBack !== undefined && { readBack: filled(readBack, instance.name) }),
    })
    const problem = given.find(({ problem: told }) => told !== undefined)?.problem
    if (before) this.#block(decision, 'open', `${before.id} is ${before.step}`)
    else if (this.#stopped) this.#block(decision, 'stop', stopText(this.#stopped))
    else if (typeof target === 'string') this.#block(decision, 'target', target)
    else if (problem !== undefined) this.#block(decision, 'value', problem)
    else if (this.#beyond(decision, settings.limits)) return
    else if (this.#tooOften(instance, decision)) return
    else if (settings.mode === 'propose') decision.expires = this.#now + settings.approval.within
    else this.#carryOut(instance, decision)
  }

  #given(source: Source | undefined, reader: FactReader): { value?: Setpoint; problem?: string } {
    if (!(source instanceof Expression)) return source === undefined ? {} : { value: source }
    const outcome = outcomeOf(source, reader)
    return 'value' in outcome ? { value: outcome.value } : { problem: `the value is not known: ${outcome.why}` }
  }

  #propose(instance: Instance, purpose: Purpose, why: Decision['why'], more: Partial<Decision>): Decision {
    const { action, name } = instance
    const suffix = purpose === 'do' ? '' : `/${purpose}`
    let id = `${[action.name, name, new Date(this.#now).toISOString()].filter((part) => part !== '').join('/')}${suffix}` // prettier-ignore
    while (this.#book.find(id)) id += '+'
    const decision: Decision = { id, action: action.name, asset: name, purpose, decided: this.#now, why, step: 'proposed', expires: Infinity, detail: '', ...more } // prettier-ignore
    this.#book.add(decision)
    this.#emit(decision, 'proposed', { ...(why && { why }) })
    return decision
  }

  /** Blocks what is beyond the limits of its action. */
  #beyond(decision: Decision, limits: Compiled['settings']['limits']): boolean {
    const { min, max } = limits ?? {}
    if (min === undefined && max === undefined) return false
    const { value } = decision
    const detail =
      typeof value !== 'number'
        ? `${String(value)} is no number, and there are limits`
        : min !== undefined && value < min
          ? `${value} is below ${min}`
          : max !== undefined && value > max
            ? `${value} is above ${max}`
            : undefined
    if (detail !== undefined) this.#block(decision, 'limits', detail)
    return detail !== undefined
  }

  #tooOften(instance: Instance, decision: Decision): boolean {
    const { at_most: rate } = instance.action.settings
    if (!rate) return false
    instance.done = instance.done.filter((at) => this.#now - at < rate.per)
    if (instance.done.length < rate.count) return false
    this.#block(decision, 'at_most', `it was done ${rate.count} times within ${lasting(rate.per)}`)
    return true
  }

  /** All guards but the interlock hold: that one, and then it is due. */
  #carryOut(instance: Instance, decision: Decision): void {
    const { settings } = instance.action
    if (this.#stopped && decision.purpose !== 'safe') {
      this.#block(decision, 'stop', stopText(this.#stopped))
      return
    }
    const locked = decision.purpose === 'safe' ? undefined : this.#interlocked(instance, this.#now)
    if (locked) {
      this.#block(decision, locked.guard, locked.detail)
      return
    }
    if (settings.mode === 'dry-run') {
      this.#step(decision, 'rehearsed', 'nothing was done: mode is dry-run')
      return
    }
    if (decision.purpose === 'do' && settings.at_most) instance.done.push(this.#now)
    decision.expires = this.#now + settings.within
    if (settings.do.set) {
      this.#facts.states.set(keyOf(settings.do.set.state, instance.name), settings.do.set.value)
      this.#changed(`state ${settings.do.set.state}`)
      this.#step(decision, 'confirmed', `${settings.do.set.state} is ${settings.do.set.value}`)
      return
    }
    this.#step(decision, 'due', '')
  }

  #interlocked(instance: Instance, now: number): { readonly guard: Guard; readonly detail: string } | undefined {
    const { interlock } = instance.action
    if (!interlock) return undefined
    const outcome = outcomeOf(interlock, this.#reader(instance, now))
    if (isTrue(outcome)) return undefined
    return {
      guard: 'interlock',
      detail: 'why' in outcome ? outcome.why : `${interlock.text} is ${String(outcome.value)}`,
    }
  }

  #block(decision: Decision, guard: Guard, detail: string): void {
    decision.guard = guard
    this.#step(decision, 'blocked', detail, { guard })
  }

  #step(decision: Decision, step: DecisionStep, detail: string, more: Partial<DecisionEvent> = {}): void {
    decision.detail = detail
    if (more.by !== undefined) decision.by = more.by
    this.#book.step(decision, step)
    this.#emit(decision, step, { ...more, detail })
  }

  #emit(decision: Decision, step: DecisionStep, more: Partial<DecisionEvent>): void {
    const { id, action, asset, purpose, value } = decision
    this.#out.push({ type: 'decision', time: this.#now, id, action, asset, purpose, step, ...(value !== undefined && { value }), detail: '', ...more }) // prettier-ignore
  }

  // ------------------------------------------------------------ orders and what was carried out

  #event(event: JournalEvent): void {
    if (event.type === 'order') this.#order(event)
    else if (event.type === 'execution') this.#carriedOut(event)
    else if (event.type === 'clock') this.#shift(event.step)
    else if (event.type === 'restart') this.#goSafe('restart', event.detail)
    else if (event.type === 'inspection') {
      this.#facts.verdicts.set(event.station, { at: this.#now, what: event })
      this.#changed(`verdict ${event.station}`)
    }
  }

  #order({ order, decision: id, by, time, reason = '' }: OrderEvent): void {
    if (order === 'stop') {
      this.#stopped ??= { by, time, reason }
      for (const one of this.#book.open) if (one.step === 'due' || one.step === 'approved') this.#block(one, 'stop', stopText(this.#stopped)) // prettier-ignore
      this.#goSafe('stop', stopText(this.#stopped))
      return
    }
    if (order === 'resume') {
      this.#stopped = undefined
      return
    }
    this.#expire()
    const decision = id === undefined ? undefined : this.#book.find(id)
    // What is over, or was approved already, is not approved again.
    if (decision?.step !== 'proposed') return
    if (order === 'refuse') {
      this.#step(decision, 'refused', reason, { by })
      return
    }
    this.#step(decision, 'approved', reason, { by })
    const instance = this.#instances.get(keyOf(decision.action, decision.asset))
    if (!instance) this.#step(decision, 'expired', 'the action is not there any more')
    else if (!this.#tooOften(instance, decision)) this.#carryOut(instance, decision)
  }

  #carriedOut({ id, step, previous, read, guard, ms, detail }: ExecutionEvent): void {
    const decision = this.#book.find(id)
    if (!decision || !this.#book.isOpen(id)) return
    if (previous !== undefined) decision.previous = previous
    const more = { ...(previous !== undefined && { previous }), ...(read !== undefined && { read }), ...(ms !== undefined && { ms }) } // prettier-ignore
    if (step === 'intent') {
      decision.expires = Infinity
      this.#step(decision, 'intended', detail, more)
      return
    }
    if (step === 'withheld') {
      decision.guard = guard ?? 'value'
      this.#step(decision, 'blocked', detail, { ...more, guard: decision.guard })
      return
    }
    this.#step(decision, step, detail, more)
    const instance = this.#instances.get(keyOf(decision.action, decision.asset))
    if (!instance || decision.target?.kind !== 'write' || step !== 'confirmed') return
    instance.blind = NaN
    const { value, previous: held } = decision
    instance.effect = decision.purpose === 'do' && value !== undefined ? { id, value, ...(held !== undefined && { previous: held }), at: this.#now } : undefined // prettier-ignore
  }

  /** What nobody approved in time, or could not be begun in time. */
  #expire(): void {
    for (const one of this.#book.open) {
      const late = one.step === 'due' ? grace : 0
      if (this.#now <= one.expires + late) continue
      this.#step(one, 'expired', one.step === 'proposed' ? 'nobody approved it in time' : 'it could not be begun in time') // prettier-ignore
    }
  }

  /** Takes back what was to last only for a while; under a stop it waits. */
  #revert(instance: Instance): void {
    const { revert } = instance.action.settings
    const { effect } = instance
    if (!revert || !effect || this.#stopped || this.#now - effect.at < revert.after) return
    this.#takeBack(instance, 'revert', `${lasting(revert.after)} are over`)
  }

  #goSafe(occasion: 'stop' | 'restart', detail: string): void {
    for (const instance of this.#instances.values())
      if (instance.effect && instance.action.settings.safe?.on.includes(occasion)) this.#takeBack(instance, 'safe', detail) // prettier-ignore
  }

  #takeBack(instance: Instance, purpose: 'revert' | 'safe', detail: string): void {
    const { effect, action } = instance
    const { revert, safe, do: chosen } = action.settings
    const target = targetOf(action, instance.asset)
    if (!effect || typeof target !== 'object' || this.#book.openOf(action.name, instance.name)) return
    instance.effect = undefined
    const value = purpose === 'safe' ? safe!.value : revert!.to === 'previous' ? effect.previous : revert!.to
    const readBack = chosen.write?.read_back
    const decision = this.#propose(instance, purpose, [], { ...(value !== undefined && { value }), target, expected: effect.value, ...(readBack !== undefined && { readBack: filled(readBack, instance.name) }), detail }) // prettier-ignore
    if (value === undefined) this.#block(decision, 'value', 'what was there before is not known')
    else if (!this.#beyond(decision, action.settings.limits)) this.#carryOut(instance, decision)
  }

  #shift(step: number): void {
    this.#now += step
    this.#facts.shift(step)
    this.#book.shift(step)
    for (const instance of this.#instances.values()) instance.shift(step)
  }
}

const isTrue = (outcome: ReturnType<typeof outcomeOf>): boolean => 'value' in outcome && outcome.value === true
const stopText = ({ by, reason }: Stopped): string => `${by} stopped all actions${reason === '' ? '' : `: ${reason}`}`
