import type { DecisionEvent, DecisionStep, Guard, Purpose, Setpoint, Target } from '../core/index.ts'

/** A decision that is not over, or was the newest to be. Times in ms since epoch. */
export interface Decision {
  readonly id: string
  readonly action: string
  readonly asset: string
  readonly purpose: Purpose
  readonly decided: number
  readonly why: DecisionEvent['why']
  readonly value?: Setpoint
  readonly values?: readonly Setpoint[]
  readonly target?: Target
  /** Node that it is read back from. */
  readonly readBack?: string
  /** Of a revert or a safe value: what has to be there still, or it is left alone. */
  readonly expected?: Setpoint
  step: DecisionStep
  /** When it is over, if nothing comes of it before. */
  expires: number
  previous?: Setpoint
  guard?: Guard
  by?: string
  detail: string
}

/** Steps that end a decision. */
const ends: readonly DecisionStep[] = ['refused', 'expired', 'blocked', 'rehearsed', 'confirmed', 'failed', 'unknown']

/** Where all decisions of an action went: proposed = open + refused + expired + blocked + rehearsed + confirmed + failed + unknown. */
export interface ActionLedger {
  readonly proposed: number
  /** Waiting for approval, or being carried out. */
  readonly open: number
  readonly approved: number
  readonly refused: number
  readonly expired: number
  /** By guard. */
  readonly blocked: Readonly<Record<string, number>>
  readonly rehearsed: number
  readonly confirmed: number
  readonly failed: number
  readonly unknown: number
}

/** Ended decisions that are remembered. */
const mostEnded = 200

interface Saved {
  readonly open: readonly Decision[]
  readonly ended: readonly Decision[]
  readonly counts: readonly (readonly [string, Record<string, number>])[]
}

/** All decisions with their ledger. */
export class Book {
  readonly #open = new Map<string, Decision>()
  #ended: Decision[] = []
  readonly #counts = new Map<string, Record<string, number>>()

  /** Not over yet, oldest first. */
  get open(): readonly Decision[] {
    return [...this.#open.values()]
  }

  /** Over, newest first. */
  get ended(): readonly Decision[] {
    return [...this.#ended].reverse()
  }

  find(id: string): Decision | undefined {
    return this.#open.get(id) ?? this.#ended.find((one) => one.id === id)
  }

  isOpen(id: string): boolean {
    return this.#open.has(id)
  }

  openOf(action: string, asset: string): Decision | undefined {
    for (const one of this.#open.values()) if (one.action === action && one.asset === asset) return one
    return undefined
  }

  add(decision: Decision): void {
    this.#open.set(decision.id, decision)
    this.#count(decision.action, 'proposed')
  }

  /** A step of an open decision; one that ends it closes it. */
  step(decision: Decision, step: DecisionStep): void {
    decision.step = step
    if (step === 'approved') this.#count(decision.action, 'approved')
    if (!ends.includes(step)) return
    this.#open.delete(decision.id)
    this.#ended.push(decision)
    if (this.#ended.length > mostEnded) this.#ended.splice(0, this.#ended.length - mostEnded)
    this.#count(decision.action, step === 'blocked' ? `blocked ${decision.guard ?? ''}` : step)
  }

  ledger(): Record<string, ActionLedger> {
    return Object.fromEntries([...this.#counts].map(([action, counts]) => {
      const of = (key: string) => (counts as Partial<Record<string, number>>)[key] ?? 0
      const blocked = Object.entries(counts).flatMap(([key, count]) => key.startsWith('blocked ') ? [[key.slice(8), count] as const] : []) // prettier-ignore
      const open = this.open.filter((one) => one.action === action).length
      return [action, {
        ...{ proposed: of('proposed'), open, approved: of('approved'), refused: of('refused'), expired: of('expired') },
        ...{ blocked: Object.fromEntries(blocked), rehearsed: of('rehearsed') },
        ...{ confirmed: of('confirmed'), failed: of('failed'), unknown: of('unknown') },
      }]
    })) // prettier-ignore
  }

  save(): unknown {
    const copy = (decisions: Iterable<Decision>) => [...decisions].map((one) => ({ ...one }))
    const saved: Saved = {
      open: copy(this.#open.values()),
      ended: copy(this.#ended),
      counts: [...this.#counts].map(([action, counts]) => [action, { ...counts }]),
    }
    return saved
  }

  load(from: unknown): void {
    const { open, ended, counts } = from as Saved
    for (const one of open) this.#open.set(one.id, { ...one })
    this.#ended = ended.map((one) => ({ ...one }))
    for (const [action, own] of counts) this.#counts.set(action, { ...own })
  }

  /** The clock was set. */
  shift(ms: number): void {
    for (const one of this.#open.values()) one.expires += ms
  }

  #count(action: string, key: string): void {
    let counts = this.#counts.get(action)
    if (!counts) this.#counts.set(action, (counts = {}))
    counts[key] = ((counts as Partial<Record<string, number>>)[key] ?? 0) + 1
  }
}
