import { systemClock, type Clock } from '../core/index.ts'

/** A difference to the monotonic clock that is a step, ms; smaller ones are the slow corrections of a time service. */
const leastStep = 1_000
/** ms between two looks where nobody asks for the time. */
const every = 500

/**
 * The wall clock, watched against the monotonic one: a step of it (a time service at the boot, somebody's hand, the sleep of
 * the machine) shows only once those who count in it have been told.
 */
export class WatchedClock implements Clock {
  readonly #wall: Clock
  readonly #elapsed: () => number
  /** Wall time less monotonic time, as known. */
  #offset: number
  #telling = false
  #stepped: (step: number) => void = () => undefined
  #timer: NodeJS.Timeout | undefined

  /** `elapsed`: ms, never stepped. */
  constructor(wall: Clock = systemClock, elapsed = () => performance.now()) {
    this.#wall = wall
    this.#elapsed = elapsed
    this.#offset = wall.now() - elapsed()
  }

  /** Before those who count in it know of a step: the time as if there had been none. */
  now(): number {
    const wall = this.#wall.now()
    const unstepped = this.#elapsed() + this.#offset
    const drift = wall - unstepped
    if (Math.abs(drift) < leastStep) {
      if (!this.#telling) this.#offset += drift
      return wall
    }
    if (!this.#telling) {
      this.#telling = true
      queueMicrotask(() => this.#tell())
    }
    return unstepped
  }

  /** `stepped` is told of each step, ms, just before the clock shows it; the end of the watch is returned. */
  watch(stepped: (step: number) => void): () => void {
    this.#stepped = stepped
    this.#timer = setInterval(() => this.now(), every)
    return () => clearInterval(this.#timer)
  }

  #tell(): void {
    const step = this.#wall.now() - this.#elapsed() - this.#offset
    try {
      if (Math.abs(step) >= leastStep) this.#stepped(step)
    } finally {
      this.#offset += step
      this.#telling = false
    }
  }
}
