// Longer than others: what is done before, at and after a write is read in one go.
import { isSame, type Writable } from '../../../connectors/opcua/writable.ts'
import type { OpcuaWriter } from '../../../connectors/opcua/writer.ts'
import type { MqttWriter } from '../../../connectors/mqtt/writer.ts'
import {
  type Clock,
  type DecisionEvent,
  type ExecutionEvent,
  type Guard,
  type JournalEvent,
  type Logger,
  describeError,
} from '../../core/index.ts'
import type { Config } from '../../settings/index.ts'
import type { Decision } from '../book.ts'
import type { Decisions } from '../engine.ts'
import type { StopFile } from '../stop-file.ts'
import { isRefusal, pause, readBack } from './node-write.ts'
import { post } from './webhook.ts'

export type NodeWriter = Pick<OpcuaWriter, 'read' | 'write' | 'call' | 'close'>
export type TopicWriter = Pick<MqttWriter, 'publish' | 'close'>

/** What carries decisions out. */
export interface ExecutorParts {
  readonly clock: Clock
  readonly log: Logger
  /** The stop of all actions, beside the journal. */
  readonly stop: Pick<StopFile, 'read'>
  readonly config: () => Pick<Config, 'actions' | 'site'>
  /** What the journal has come to; undefined where there are no actions. */
  readonly engine: () => Decisions | undefined
  /** Durable when it resolves. */
  readonly record: (event: JournalEvent) => Promise<void>
  /** A session of its own at the server, or the broker, of a connector. */
  readonly node: (connector: string) => Promise<NodeWriter>
  readonly topic: (connector: string) => Promise<TopicWriter>
}

/** Pauses between tries, ms. */
const firstPause = 100
const longestPause = 60_000

/**
 * Carries out what was decided: one at a time at each far side, each once. The intent is on disk before anything is written;
 * after a crash what was begun is not begun again: a node is read back, a webhook gets the same id once more, and of all else
 * nobody knows.
 */
export class Executor {
  readonly #parts: ExecutorParts
  readonly #stopping = new AbortController()
  readonly #taken = new Set<string>()
  readonly #lanes = new Map<string, Promise<void>>()
  readonly #nodes = new Map<string, Promise<NodeWriter>>()
  readonly #topics = new Map<string, Promise<TopicWriter>>()
  #started = false
  /** Stopped by somebody whose order may still be on its way to the disk. */
  halted = false

  constructor(parts: ExecutorParts) {
    this.#parts = parts
  }

  /** Begins once the pipeline has caught up: what an earlier process left is seen through first. `crashed`: it ended without a stop. */
  async start(crashed: boolean): Promise<void> {
    const { engine, record, clock } = this.#parts
    const left = engine()?.open ?? []
    const kept = this.#parts.stop.read()
    this.halted ||= engine()?.stopped !== undefined || kept !== undefined
    this.#started = true
    for (const one of left) if (one.step === 'intended' || one.step === 'due') this.#run(one)
    const detail = 'the process before ended without a stop'
    // The journal that had the stop is gone: it was damaged, or is another one.
    if (kept !== undefined && engine() && !engine()!.stopped) await record({ type: 'order', order: 'stop', time: clock.now(), ...kept }) // prettier-ignore
    if (crashed && engine()) await record({ type: 'restart', time: clock.now(), detail })
  }

  /** What the pipeline has just decided. */
  decided(events: readonly DecisionEvent[]): void {
    if (!this.#started) return
    for (const { id, step } of events) {
      const decision = step === 'due' ? this.#parts.engine()?.find(id) : undefined
      if (decision) this.#run(decision)
    }
  }

  /** Takes nothing new; resolves when what is in hand is done, or is left for the next start. */
  async stop(): Promise<void> {
    this.#started = false
    this.#stopping.abort()
    await Promise.all(this.#lanes.values())
    await this.release([...this.#nodes.keys(), ...this.#topics.keys()])
  }

  /** Closes the sessions of connectors; the next decision opens another. */
  async release(connectors: readonly string[]): Promise<void> {
    for (const name of connectors)
      for (const open of [this.#nodes, this.#topics]) {
        const writer = open.get(name)
        open.delete(name)
        await writer?.then((one) => one.close()).catch(() => undefined)
      }
  }

  #run(decision: Decision): void {
    if (this.#taken.has(decision.id)) return
    this.#taken.add(decision.id)
    const lane = `${decision.target?.kind === 'post' ? 'post' : ''} ${decision.target?.to ?? ''}`
    const begun = decision.step === 'intended'
    const work = async () => {
      try {
        await (begun ? this.#seeThrough(decision) : this.#carryOut(decision))
      } catch (error) {
        this.#parts.log.error(
          { decision: decision.id, error },
          `a decision was not carried out: ${describeError(error)}`,
        )
      }
    }
    this.#lanes.set(lane, (this.#lanes.get(lane) ?? Promise.resolve()).then(work))
  }

  async #carryOut(decision: Decision): Promise<void> {
    if (this.#stopping.signal.aborted || !(await this.#allowed(decision))) return
    switch (decision.target?.kind) {
      case 'write':
        return this.#write(decision)
      case 'call':
        return this.#once(decision, (sent) => this.#call(decision, sent))
      case 'publish':
        return this.#once(decision, (sent) => this.#publish(decision, sent))
      case 'post':
        if (await this.#intend(decision)) await this.#post(decision)
    }
  }

  /** What was begun by a process that is gone. */
  async #seeThrough(decision: Decision): Promise<void> {
    const trouble = 'the agent ended in between'
    if (decision.target?.kind === 'write') return this.#judge(decision, trouble, performance.now())
    if (decision.target?.kind === 'post') return this.#post(decision)
    await this.#tell(decision, { step: 'unknown', detail: `${trouble}: whether it was done is not known, and it is not done again` }) // prettier-ignore
  }

  async #write(decision: Decision): Promise<void> {
    const { target, value } = decision
    const writer = await this.#node(target!.to)
    const before = await this.#untilLate(decision, () => writer.read(target!.at))
    if (before === undefined) return
    const previous = before ?? undefined
    const problem = this.#unfit(decision, previous)
    if (problem) return this.#withhold(decision, ...problem)
    // Reading may have taken a while.
    if (!(await this.#allowed(decision)) || !(await this.#intend(decision, previous))) return
    const begun = performance.now()
    let trouble: string | undefined
    try {
      if (this.halted && decision.purpose !== 'safe') { await this.#tell(decision, { step: 'failed', detail: 'all actions were stopped before it was written' }); return; } // prettier-ignore
      await writer.write(target!.at, value!)
    } catch (error) {
      trouble = describeError(error)
    }
    await this.#judge({ ...decision, ...(previous !== undefined && { previous }) }, trouble, begun)
  }

  /** By what the node holds. */
  async #judge(decision: Decision, trouble: string | undefined, begun: number): Promise<void> {
    const writer = await this.#node(decision.target!.to)
    const outcome = await readBack(writer, decision, trouble, this.#stopping.signal)
    if (outcome) await this.#tell(decision, { ...outcome, ms: Math.round(performance.now() - begun) })
  }

  /** Its action as it is configured now; undefined where it is not there any more. */
  #settingsOf({ action }: Decision): Config['actions'][string] | undefined {
    const { actions } = this.#parts.config()
    return Object.hasOwn(actions, action) ? actions[action] : undefined
  }

  /** Why the value must not be written over what the node holds. */
  #unfit(decision: Decision, held: Writable | undefined): [Guard, string] | undefined {
    const { value, expected } = decision
    if (expected !== undefined && !(held !== undefined && isSame(held, expected)))
      return ['changed', `it holds ${String(held)}, not ${String(expected)} as was written: it is left alone`]
    const step = this.#settingsOf(decision)?.limits?.step
    if (step === undefined || expected !== undefined) return undefined
    if (typeof value !== 'number' || typeof held !== 'number') return ['limits', `it holds ${String(held)}, which is no number to step from`] // prettier-ignore
    return Math.abs(value - held) > step ? ['limits', `from ${held} to ${value} is more than a step of ${step}`] : undefined // prettier-ignore
  }

  /** Calls and messages: they cannot be read back. */
  async #once(decision: Decision, work: (sent: () => void) => Promise<string>): Promise<void> {
    if (!(await this.#intend(decision))) return
    const begun = performance.now()
    const way = { sent: false }
    const ms = () => ({ ms: Math.round(performance.now() - begun) })
    try {
      if (this.halted) {
        await this.#tell(decision, { step: 'failed', detail: 'all actions were stopped before it was sent' })
        return
      }
      const detail = await work(() => (way.sent = true))
      await this.#tell(decision, { step: 'confirmed', detail, ...ms() })
    } catch (error) {
      const step = way.sent && !isRefusal(error) ? 'unknown' : 'failed'
      await this.#tell(decision, { step, detail: describeError(error), ...ms() })
    }
  }

  async #call({ target, values = [] }: Decision, sent: () => void): Promise<string> {
    const [object, method] = target!.at.split(' ')
    await (await this.#node(target!.to)).call(object, method, values, sent)
    return 'the server has carried it out'
  }

  async #publish(decision: Decision, sent: () => void): Promise<string> {
    const publish = this.#settingsOf(decision)?.do.publish
    const { qos = 1, retain = false, payload } = publish ?? {}
    const { id, action, asset, value, decided } = decision
    const said = {
      value: value === undefined ? '' : String(value),
      asset,
      action,
      time: new Date(decided).toISOString(),
      id,
    }
    const text = payload?.replace(/\{(value|asset|action|time|id)\}/g, (_, place: keyof typeof said) => said[place]) ?? this.#message(decision) // prettier-ignore
    await (
      await this.#topic(decision.target!.to)
    ).publish({ topic: decision.target!.at, payload: text, qos, retain }, sent)
    return qos === 0 ? 'sent; with QoS 0 nobody knows whether it came' : 'the broker has acknowledged it'
  }

  async #post(decision: Decision): Promise<void> {
    const { clock } = this.#parts
    const begun = performance.now()
    for (let wait = firstPause; !this.#stopping.signal.aborted; wait = Math.min(2 * wait, longestPause)) {
      const settings = this.#settingsOf(decision)?.do.post
      if (!settings) return this.#tell(decision, { step: 'failed', detail: 'the action is not there any more' })
      if (!this.halted) {
        const secret = (settings.secret ?? settings.secret_file)?.reveal()
        const { answer, detail } = await post({ url: decision.target!.to, id: decision.id, body: this.#message(decision), secret, timeout: settings.timeout, time: clock.now() }, this.#stopping.signal) // prettier-ignore
        const late = clock.now() - decision.decided > settings.retry_for
        const ms = Math.round(performance.now() - begun)
        if (answer === 'taken') return this.#tell(decision, { step: 'confirmed', detail, ms })
        if (answer === 'refused' || late) return this.#tell(decision, { step: 'failed', detail, ms })
      }
      await pause(wait, this.#stopping.signal)
    }
  }

  #message({ id, action, asset, value, decided, why }: Decision): string {
    const { site } = this.#parts.config()
    return JSON.stringify({ id, site, action, asset, value, time: new Date(decided).toISOString(), why })
  }

  /** Tries until it works or the decision is too late; undefined where it is. */
  async #untilLate<Result>(decision: Decision, work: () => Promise<Result>): Promise<Result | undefined> {
    for (let wait = firstPause; ; wait = Math.min(2 * wait, 2_000)) {
      try {
        return await work()
      } catch (error) {
        const late = this.#parts.clock.now() + wait >= decision.expires
        if (isRefusal(error) || late) {
          await this.#tell(decision, { step: 'failed', detail: `nothing was written: ${describeError(error)}` })
          return undefined
        }
      }
      await pause(wait, this.#stopping.signal)
      if (this.#stopping.signal.aborted) return undefined
    }
  }

  /** Whether it may be carried out at this moment; says why not in the journal. */
  async #allowed(decision: Decision): Promise<boolean> {
    const now = this.#parts.clock.now()
    // Other settings, or a stop, may have ended it since.
    if (now > decision.expires || this.#parts.engine()?.find(decision.id)?.step !== 'due') return false
    if (this.halted && decision.purpose !== 'safe') {
      await this.#withhold(decision, 'stop', 'all actions are stopped')
      return false
    }
    const forbidden = this.#parts.engine()?.forbids(decision, now)
    if (forbidden) await this.#withhold(decision, forbidden.guard, forbidden.detail)
    return forbidden === undefined
  }

  #withhold(decision: Decision, guard: Guard, detail: string): Promise<void> {
    return this.#tell(decision, { step: 'withheld', guard, detail })
  }

  /** Whether it is on disk that it is about to be done. */
  async #intend({ id, target, value, expires }: Decision, previous?: Writable): Promise<boolean> {
    const { clock, record, log } = this.#parts
    const time = clock.now()
    if (time > expires || this.#stopping.signal.aborted) return false
    try {
      await record({ type: 'execution', time, id, step: 'intent', target: target!, ...(value !== undefined && { value }), ...(previous !== undefined && { previous }), detail: '' }) // prettier-ignore
      return true
    } catch (error) {
      log.error({ decision: id }, `nothing was done, because the intent cannot be stored: ${describeError(error)}`)
      return false
    }
  }

  async #tell(
    { id }: Decision,
    what: Pick<ExecutionEvent, 'step' | 'detail'> & Partial<ExecutionEvent>,
  ): Promise<void> {
    await this.#parts.record({ type: 'execution', time: this.#parts.clock.now(), id, ...what })
  }

  #node(connector: string): Promise<NodeWriter> {
    let writer = this.#nodes.get(connector)
    if (!writer) this.#nodes.set(connector, (writer = this.#parts.node(connector)))
    return writer
  }

  #topic(connector: string): Promise<TopicWriter> {
    let writer = this.#topics.get(connector)
    if (!writer) this.#topics.set(connector, (writer = this.#parts.topic(connector)))
    return writer
  }
}
