import type { Asset, Setpoint } from '../core/index.ts'
import type { Compiled } from './compiled.ts'
import type { FactReader } from './reading.ts'

/** What was written and stands, as far as the agent knows. */
export interface Effective {
  readonly id: string
  readonly value: Setpoint
  readonly previous?: Setpoint
  /** When it was done, ms since epoch. */
  at: number
}

/** ms. */
const longestRest = 1_000

/** An action on one asset: how its condition stands. Times in ms since epoch, NaN where there is none. */
export class Instance {
  readonly action: Compiled
  readonly asset: Asset | undefined
  /** `idle`: the condition does not hold; `holding`: not for long enough; `latched`: it was decided. */
  phase: 'idle' | 'holding' | 'latched' = 'idle'
  since = NaN
  decided = NaN
  /** When it was last looked at. */
  looked = -Infinity
  /** Since when its condition is undecided, while something is in effect. */
  blind = NaN
  /** When it was carried out, within the span of `at_most`. */
  done: number[] = []
  /** Something that it reads has changed while it rests. */
  pending = false
  /** Where it has to hold for long anyway, it is looked at no more often than that until it does, ms. */
  readonly rest: number
  effect: Effective | undefined
  reader: FactReader | undefined
  /** What the condition was at the last look: true, false, or why it is undecided. */
  last: boolean | string = 'it was not looked at yet'

  constructor(action: Compiled, asset: Asset | undefined) {
    this.action = action
    this.asset = asset
    this.rest = Math.min(longestRest, action.settings.for / 10)
  }

  get name(): string {
    return this.asset?.name ?? ''
  }

  /** Whether it can wait: a break of a condition that holds is never missed. */
  rests(now: number): boolean {
    return this.phase !== 'holding' && now - this.looked < this.rest
  }

  /** Whether time alone may change something. */
  get waits(): boolean {
    const { safe } = this.action.settings
    return this.phase === 'holding' || this.action.timed || (this.phase === 'latched' && this.action.settings.again !== undefined) || (this.effect !== undefined && safe?.on.includes('loss') === true) // prettier-ignore
  }

  save(): unknown {
    const { phase, since, decided, looked, pending, blind, done, effect, last } = this
    return {
      phase,
      since,
      decided,
      looked,
      pending,
      blind,
      done: [...done],
      last,
      ...(effect && { effect: { ...effect } }),
    }
  }

  load(saved: unknown): void {
    Object.assign(this, saved)
    if (this.effect) this.effect = { ...this.effect }
    this.done = [...this.done]
  }

  shift(ms: number): void {
    this.since += ms
    this.decided += ms
    this.blind += ms
    this.looked = -Infinity
    this.done = this.done.map((at) => at + ms)
    if (this.effect) this.effect.at += ms
  }
}
