import { Observable } from 'rxjs'
import {
  type Arrival,
  type ConnectorContext,
  MillwrightError,
  type Source,
  describeError,
} from '../../agent/core/index.ts'
import { readCsv } from './read.ts'
import type { ReadSettings } from './settings.ts'

/** Batches handed over and not settled yet; then the file waits. */
const mostUnsettled = 8
/** Pause before batches that could not be stored are handed over again, in ms. */
const pause = 1_000

/** A file as a source: read once from its start, no faster than its batches are stored, and complete at its end. */
export class CsvSource implements Source {
  readonly #settings: ReadSettings
  readonly #context: ConnectorContext

  constructor(settings: ReadSettings, context: ConnectorContext) {
    this.#settings = settings
    this.#context = context
  }

  batches(): Observable<Arrival> {
    return new Observable((subscriber) => {
      const stop = new AbortController()
      const context = this.#context
      const handOver = new HandOver((arrival) => subscriber.next(arrival), stop.signal)
      const run = async () => {
        context.report({ state: 'up', message: `reading ${this.#settings.read ?? ''}` })
        for await (const arrival of readCsv(this.#settings, context.tags, context.name)) {
          await handOver.give(arrival)
          if (stop.signal.aborted) return
        }
        await handOver.settle(0)
        context.report({ state: 'up', message: `${this.#settings.read ?? ''} has been read to its end` })
        subscriber.complete()
      }
      run().catch((error: unknown) => {
        if (stop.signal.aborted) return
        const remedy = error instanceof MillwrightError ? error.remedy : undefined
        context.report({ state: 'down', message: describeError(error), ...(remedy !== undefined && { remedy }) })
        subscriber.error(error)
      })
      return () => stop.abort()
    })
  }
}

/** Hands batches over, and again where they could not be stored; keeps count of those not settled. */
class HandOver {
  readonly #emit: (arrival: Arrival) => void
  readonly #signal: AbortSignal
  #unsettled = 0
  #refused: Arrival[] = []
  #wake: () => void = () => undefined

  constructor(emit: (arrival: Arrival) => void, signal: AbortSignal) {
    this.#emit = emit
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake())
  }

  /** Resolves when there is room for the next one. */
  async give(arrival: Arrival): Promise<void> {
    this.#send(arrival)
    await this.settle(mostUnsettled - 1)
  }

  /** Resolves when no more than `most` are unsettled, and none waits to be handed over again. */
  async settle(most: number): Promise<void> {
    while (!this.#signal.aborted) {
      if (this.#refused.length > 0 && this.#unsettled === 0) await this.#again()
      else if (this.#refused.length > 0 || this.#unsettled > most)
        await new Promise<void>((resolve) => (this.#wake = resolve))
      else return
    }
  }

  async #again(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pause)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    if (this.#signal.aborted) return
    for (const arrival of this.#refused.splice(0)) this.#send(arrival)
  }

  #send(arrival: Arrival): void {
    this.#unsettled++
    let told = false
    this.#emit({
      ...arrival,
      settled: (stored) => {
        if (told) return
        told = true
        this.#unsettled--
        if (!stored) this.#refused.push(arrival)
        this.#wake()
      },
    })
  }
}
