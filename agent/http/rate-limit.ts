import type { Clock } from '../core/index.ts'

export interface RateLimitOptions {
  /** How many in one go. */
  readonly burst: number
  /** ms until one more is allowed. */
  readonly refill: number
}

/** Callers remembered; beyond, the one longest silent is forgotten. */
const mostCallers = 1_000

/** How often a caller may do something: a bucket of tokens each, filled as time passes. */
export class RateLimit {
  readonly #options: RateLimitOptions
  readonly #clock: Clock
  readonly #buckets = new Map<string, { tokens: number; time: number }>()

  constructor(options: RateLimitOptions, clock: Clock) {
    this.#options = options
    this.#clock = clock
  }

  /** False where the caller has to wait. */
  take(caller: string): boolean {
    const now = this.#clock.now()
    const { burst, refill } = this.#options
    const known = this.#buckets.get(caller) ?? { tokens: burst, time: now }
    const tokens = Math.min(burst, known.tokens + Math.max(0, now - known.time) / refill)
    this.#buckets.delete(caller)
    this.#buckets.set(caller, { tokens: tokens < 1 ? tokens : tokens - 1, time: now })
    if (this.#buckets.size > mostCallers) this.#buckets.delete(this.#buckets.keys().next().value!)
    return tokens >= 1
  }
}
