import type { Clock, InHand, Journal, Logger, Metrics, Sink, Status } from '../core/index.ts'
import { deliver, owedFrom, sinkLedger, type Delivery, type SinkLedger } from '../delivery/index.ts'

export interface DeliveryParts {
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  readonly inHand?: InHand | undefined
}

interface Delivering {
  readonly sink: Sink
  readonly delivery: Delivery
  readonly stop: AbortController
}

/** The results of a unit on their way to its sinks, by the name of the sink. */
export class Deliveries {
  readonly #parts: DeliveryParts
  readonly #running = new Map<string, Delivering>()
  /** How those are that do not run: what they are owed is kept for them. */
  readonly #leftOut = new Map<string, Status>()

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  /** A sink that has to wait for another start. */
  leaveOut(name: string, status: Status): void {
    this.#leftOut.set(name, status)
  }

  start(name: string, sink: Sink): void {
    this.#leftOut.delete(name)
    const stop = new AbortController()
    const delivery = deliver({ ...this.#parts, name, sink, signal: stop.signal })
    this.#running.set(name, { sink, delivery, stop })
  }

  /** Ends a delivery, after the write under way, and closes its sink; what is not delivered waits in the journal. */
  async end(name: string): Promise<void> {
    this.#leftOut.delete(name)
    const delivering = this.#running.get(name)
    if (!delivering) return
    this.#running.delete(name)
    delivering.stop.abort()
    try {
      await delivering.delivery.done
    } finally {
      await delivering.sink.close()
    }
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.#running.keys()].map((name) => this.end(name)))
  }

  /** A sink at work. */
  find(name: string): Pick<Delivering, 'sink' | 'delivery'> | undefined {
    return this.#running.get(name)
  }

  /** Offset in the results from which on a sink still needs them. */
  get owedFrom(): number {
    const names = [...this.#running.keys(), ...this.#leftOut.keys()]
    return Math.min(...names.map((name) => owedFrom(this.#parts.journal, name)))
  }

  /** Ledger and status by sink. */
  readings(): Readonly<Record<string, { readonly ledger: SinkLedger; readonly status: Status }>> {
    const running = [...this.#running].map(([name, { delivery }]) => [name, delivery.state()] as const)
    return Object.fromEntries(
      [...running, ...this.#leftOut].map(([name, status]) => [
        name,
        { ledger: sinkLedger(this.#parts.journal, name), status },
      ]),
    )
  }
}
