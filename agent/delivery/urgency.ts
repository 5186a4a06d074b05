import type { Entry } from '../core/index.ts'

/** What an operator waits for: alarms, verdicts, steps of models, states of machines that change. It leaves at once. */
export class Urgency {
  readonly #states = new Map<string, string>()

  of(entries: readonly Entry[]): boolean {
    return entries.some((entry) => {
      if (entry.kind === 'event') return entry.event.type !== 'agent'
      if (entry.kind !== 'predictions') return false
      return entry.predictions.some(({ monitor, asset, state }) => this.#states.get(`${monitor}\n${asset}`) !== state)
    })
  }

  /** These have been written. */
  told(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind !== 'predictions') continue
      for (const { monitor, asset, state } of entry.predictions) this.#states.set(`${monitor}\n${asset}`, state)
    }
  }
}
