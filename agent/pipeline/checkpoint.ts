import type { Keeper } from '../core/index.ts'

interface Kept {
  save(): unknown
  load(saved: never): void
}

/** Collects the state of everything in a pipeline under unique keys, and hands each what was saved for it. */
export class Checkpoint implements Keeper {
  readonly #kept = new Map<string, Kept>()
  readonly #saved: Readonly<Record<string, unknown>>

  /** @param saved what `save` returned at an earlier time */
  constructor(saved: Readonly<Record<string, unknown>> = {}) {
    this.#saved = saved
  }

  keep<Saved>(key: string, state: { save(): Saved; load(saved: Saved): void }): void {
    if (this.#kept.has(key)) throw new Error(`two states are kept under the key ${key}`)
    this.#kept.set(key, state)
    if (key in this.#saved) state.load(this.#saved[key] as Saved)
  }

  /** A view that puts `prefix` before every key. */
  within(prefix: string): Keeper {
    return { keep: (key, state) => this.keep(`${prefix}/${key}`, state) }
  }

  save(): Record<string, unknown> {
    return Object.fromEntries([...this.#kept].map(([key, state]) => [key, state.save()]))
  }
}
