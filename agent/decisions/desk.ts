import { createHash } from 'node:crypto'
import {
  type AuditEvent,
  type Clock,
  covers,
  DecisionError,
  type JournalEvent,
  type OrderEvent,
  type Role,
  type Signature,
} from '../core/index.ts'
import type { ActionSettings, Config } from '../settings/index.ts'
import type { ActionLedger, Decision } from './book.ts'
import type { Decisions, Stopped } from './engine.ts'
import type { Executor } from './execution/executor.ts'
import type { StopFile } from './stop-file.ts'

export interface DeskParts {
  readonly clock: Clock
  readonly config: () => Pick<Config, 'actions'>
  /** Undefined where no action is configured. */
  readonly engine: () => Decisions | undefined
  readonly executor: Pick<Executor, 'halted'>
  readonly stop: Pick<StopFile, 'write' | 'remove'>
  /** All or none; durable when it resolves. */
  record(events: readonly JournalEvent[]): Promise<void>
}

/** How the condition of an action stands on one asset. */
export interface Stand {
  readonly asset: string
  /** `idle`, `holding`: not for long enough; `latched`: it was decided. */
  readonly phase: 'idle' | 'holding' | 'latched'
  /** Null: undecided, because of `why`. */
  readonly holds: boolean | null
  readonly why: string
  /** What was written and stands. */
  readonly inEffect: number | string | boolean | null
}

/** An action as it is configured, and how it stands. */
export interface ActionView {
  readonly name: string
  readonly mode: ActionSettings['mode']
  readonly assets: string
  readonly when: string
  readonly does: string
  readonly approval: string
  readonly stands: readonly Stand[]
  readonly ledger: ActionLedger | null
}

/** All that people see of actions. */
export interface DeskView {
  readonly stopped: Stopped | null
  readonly actions: readonly ActionView[]
  readonly open: readonly DeskDecision[]
  readonly ended: readonly DeskDecision[]
}

/** A decision as plain JSON. */
export type DeskDecision = Omit<Decision, 'target' | 'expires' | 'why' | 'values' | 'readBack' | 'expected'> & {
  readonly target: string
  readonly why: NonNullable<Decision['why']>
  readonly expires: number | null
}

/** Stands of an action that are shown. */
const mostStands = 200
const mostEnded = 50

/** What people see of actions and may order about them. Orders are records of the journal; durable when a method resolves. */
export class Desk {
  readonly #parts: DeskParts
  /** Answered, and maybe on the way to the engine yet. */
  readonly #answered = new Map<string, string>()

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  view(): DeskView {
    const { config, engine: get } = this.#parts
    const engine = get()
    const ledger = engine?.ledger() ?? {}
    const instances = [...(engine?.instances ?? [])]
    return {
      stopped: engine?.stopped ?? null,
      actions: Object.entries(config().actions).map(([name, settings]) => ({
        ...{
          name,
          mode: settings.mode,
          assets: settings.for_each ?? '',
          when: settings.when,
          does: doesText(settings),
        },
        approval: settings.approval.by,
        stands: instances
          .filter(({ action }) => action.name === name)
          .slice(0, mostStands)
          .map(({ name: asset, phase, last, effect }) => ({
            ...{ asset, phase, inEffect: effect?.value ?? null },
            ...(typeof last === 'boolean' ? { holds: last, why: '' } : { holds: null, why: last }),
          })),
        ledger: Object.hasOwn(ledger, name) ? ledger[name] : null,
      })),
      open: (engine?.open ?? []).map(plain),
      ended: (engine?.ended.slice(0, mostEnded) ?? []).map(plain),
    }
  }

  /** What a page needs to know that something has changed; undefined where no action is configured. */
  get revision(): { readonly proposals: number; readonly stopped: boolean; readonly revision: string } | undefined {
    const engine = this.#parts.engine()
    if (!engine) return undefined
    const { open, ended } = engine
    const proposals = open.filter(({ step }) => step === 'proposed').length
    const revision = [...open, ...ended.slice(0, 1)].map(({ id, step }) => `${id} ${step}`).join()
    return { proposals, stopped: engine.stopped !== undefined, revision: createHash('sha256').update(revision).digest('hex').slice(0, 12) } // prettier-ignore
  }

  /** Approves or refuses a proposal. Rejects with a DecisionError that says why it cannot be. */
  async answer(order: 'approve' | 'refuse', id: string, signature: Signature, role: Role, reason = ''): Promise<void> {
    const decision = this.#proposal(order, id)
    const { by: least } = this.#parts.config().actions[decision.action].approval
    if (order === 'approve' && !covers(role, least))
      throw new DecisionError('ACTION_REFUSED', `${decision.action} is approved by the role ${least}, and ${signature.by} is ${role}`) // prettier-ignore
    this.#answered.set(id, `${signature.by} has ${order === 'approve' ? 'approved' : 'refused'} it`)
    try {
      await this.#record({ order, decision: id, reason }, signature, `${order} action`, id, reason)
    } catch (error) {
      this.#answered.delete(id)
      throw error
    }
  }

  /** Stops all actions, at once; durable when it resolves. */
  async stop(signature: Signature, reason = ''): Promise<void> {
    this.#parts.executor.halted = true
    if (this.#parts.engine()) this.#parts.stop.write({ by: signature.by, reason })
    await this.#record({ order: 'stop', reason }, signature, 'stop actions', 'all actions', reason)
  }

  /** Lifts the stop. */
  async resume(signature: Signature, reason = ''): Promise<void> {
    if (!this.#parts.engine()?.stopped && !this.#parts.executor.halted) throw new DecisionError('ACTION_REFUSED', 'actions are not stopped') // prettier-ignore
    await this.#record({ order: 'resume', reason }, signature, 'resume actions', 'all actions', reason)
    this.#parts.stop.remove()
    this.#parts.executor.halted = false
  }

  #proposal(order: string, id: string): Decision {
    const engine = this.#parts.engine()
    const decision = engine?.find(id)
    const refuse = (why: string, remedy?: string) => new DecisionError('ACTION_REFUSED', why, remedy === undefined ? {} : { remedy }) // prettier-ignore
    if (!decision) throw refuse(`there is no decision ${id}`, 'See `millwright actions list` for what there is.')
    if (decision.step !== 'proposed') throw refuse(`${id} is ${decision.step} already${decision.by === undefined ? '' : ` by ${decision.by}`}`) // prettier-ignore
    if (this.#parts.clock.now() > decision.expires) throw refuse(`${id} expired at ${new Date(decision.expires).toISOString()}`) // prettier-ignore
    const answered = this.#answered.get(id)
    if (answered !== undefined) throw refuse(answered)
    if (order === 'approve' && (engine!.stopped || this.#parts.executor.halted)) throw refuse('all actions are stopped', 'Resume them first.') // prettier-ignore
    if (!Object.hasOwn(this.#parts.config().actions, decision.action)) throw refuse(`the action ${decision.action} is not there any more`) // prettier-ignore
    return decision
  }

  async #record(
    what: Omit<OrderEvent, 'type' | 'time' | 'by'>,
    signature: Signature,
    action: string,
    subject: string,
    detail: string,
  ): Promise<void> {
    // prettier-ignore
    if (!this.#parts.engine()) throw new DecisionError('ACTION_REFUSED', 'no action is configured')
    const time = this.#parts.clock.now()
    const order: OrderEvent = { type: 'order', time, by: signature.by, ...what }
    const audit: AuditEvent = { type: 'audit', time, ...signature, action, subject, detail }
    await this.#parts.record([order, audit])
  }
}

function plain({
  target,
  expires,
  why = [],
  values: _,
  readBack: __,
  expected: ___,
  ...decision
}: Decision): DeskDecision {
  const { to = '', at = '' } = target ?? {}
  return { ...decision, why, target: [to, at].filter((part) => part !== '').join(' '), expires: Number.isFinite(expires) ? expires : null } // prettier-ignore
}

/** `write ns=2;s={asset}.SpeedSet at press-plc: signal("speed") * 0.8`. */
export function doesText({ do: chosen }: ActionSettings): string {
  const { write, call, publish, post, set } = chosen
  if (write) return `write ${write.node} at ${write.connector}: ${String(write.value)}`
  if (call) return `call ${call.method} at ${call.connector}: ${call.arguments.map(String).join(', ')}`
  if (publish) return `publish ${publish.topic} at ${publish.connector}`
  if (post) return `post to ${new URL(post.url).origin}`
  return `set ${set!.state} to ${set!.value}`
}
