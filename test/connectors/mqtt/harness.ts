import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subscription } from 'rxjs'
import type { z } from 'zod'
import {
  type Arrival,
  type ConnectorContext,
  type DeadLetter,
  type Status,
  systemClock,
  TagTable,
} from '../../../agent/core/index.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { until } from '../../support/until.ts'

/** One sample of an arrival, readable. */
export interface Row {
  readonly tag: string
  readonly time: number
  readonly value: number | string | bigint
  readonly quality: number
}

/** A context that remembers what a connector reports and counts. */
export class TestContext implements ConnectorContext {
  readonly name = 'plant'
  readonly site = 'test'
  readonly tags = new TagTable()
  readonly clock = systemClock
  readonly folder = mkdtempSync(join(tmpdir(), 'millwright-mqtt-'))
  readonly statuses: Status[] = []
  readonly counts: Record<string, number> = {}
  readonly gauges: Record<string, number> = {}
  readonly log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }
  readonly metrics = {
    count: (metric: string, amount: number) => void (this.counts[metric] = (this.counts[metric] ?? 0) + amount),
    gauge: (metric: string, value: number) => void (this.gauges[metric] = value),
    observe: () => undefined,
  }

  report(status: Status): void {
    this.statuses.push(status)
  }

  get status(): Status | undefined {
    return this.statuses.at(-1)
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export type Settings = Omit<z.input<typeof mqtt.config>, 'type'>

/** Runs a source; `settle` decides what happens to each arrival, by default all are stored at once. */
export class SourceRun {
  readonly context: TestContext
  readonly arrivals: Arrival[] = []
  readonly rows: Row[] = []
  readonly letters: DeadLetter[] = []
  settle: (arrival: Arrival) => void = (arrival) => arrival.settled?.(true)
  readonly #settings: Settings
  #subscription: Subscription | undefined

  constructor(settings: Settings, context = new TestContext()) {
    this.#settings = { reconnect: { first: '20ms', longest: '200ms' }, ...settings }
    this.context = context
  }

  start(): this {
    const source = mqtt.source!(mqtt.config.parse({ type: 'mqtt', ...this.#settings }), this.context)!
    this.#subscription = source.batches().subscribe((arrival) => {
      this.arrivals.push(arrival)
      this.rows.push(...rowsOf(arrival, this.context.tags))
      this.letters.push(...(arrival.rejected ?? []))
      this.settle(arrival)
    })
    return this
  }

  /** Starts it and waits until it has subscribed. */
  async up(): Promise<this> {
    this.start()
    await this.until('is up', () => this.context.status?.state === 'up')
    return this
  }

  stop(): void {
    this.#subscription?.unsubscribe()
  }

  dispose(): void {
    this.stop()
    this.context.dispose()
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const state = () =>
      `status ${JSON.stringify(this.context.status)}, ${this.rows.length} rows, ${this.letters.length} letters`
    await until(() => `${what} (${state()})`, condition)
  }
}

export function rowsOf({ batch }: Arrival, tags: TagTable): Row[] {
  return Array.from({ length: batch.length }, (_, row) => {
    const tag = tags.at(batch.tag[row])
    const exact = batch.exact?.[row]
    const value = tag.type === 'text' ? batch.texts![batch.value[row]] : exact ? exact : batch.value[row]
    return { tag: tag.name, time: batch.time[row], value, quality: batch.quality[row] }
  })
}
