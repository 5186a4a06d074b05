import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Subscription } from 'rxjs'
import { TagTable, systemClock } from '../../../agent/core/index.ts'
import type {
  Arrival,
  DeadLetter,
  GapEvent,
  InHand,
  JournalEvent,
  Quality,
  Source,
  Status,
} from '../../../agent/core/index.ts'
import { opcua } from '../../../connectors/opcua/index.ts'
import { until } from '../../support/until.ts'

/** A sample as a row. */
export interface Row {
  readonly tag: string
  readonly time: number
  readonly value: number | string | bigint
  readonly quality: Quality
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'millwright-opcua-'))
}

/** Settings that make tests quick. */
export const quick = {
  trust: 'any',
  sampling: '0ms',
  publishing: '50ms',
  keepalive: '1s',
  timeout: '3s',
  reconnect: { first: '50ms', longest: '200ms' },
  retry: { first: '200ms', longest: '400ms' },
}

/** A running source and all it has said. */
export class Running {
  readonly tags = new TagTable()
  readonly arrivals: Arrival[] = []
  readonly statuses: Status[] = []
  readonly counts = new Map<string, number>()
  readonly gauges = new Map<string, number>()
  /** Whether batches are stored; settles nothing while undefined. */
  storing: boolean | undefined = true
  readonly folder: string
  readonly #source: Source
  readonly #subscription: Subscription

  constructor(settings: object, folder = temporaryFolder(), inHand?: InHand) {
    this.folder = folder
    this.#source = opcua.source!(opcua.config.parse(settings), {
      name: 'plc',
      site: 'test',
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
      metrics: {
        count: (metric, amount, labels) => {
          const key = labels?.fallback ? `${metric}/${labels.fallback}` : metric
          this.counts.set(key, (this.counts.get(key) ?? 0) + amount)
        },
        gauge: (metric, value) => this.gauges.set(metric, value),
        observe: () => undefined,
      },
      clock: systemClock,
      tags: this.tags,
      folder,
      ...(inHand && { inHand }),
      report: (status) => this.statuses.push(status),
    })!
    this.#subscription = this.#source.batches().subscribe((arrival) => {
      this.arrivals.push(arrival)
      const { storing } = this
      if (storing !== undefined) queueMicrotask(() => arrival.settled?.(storing))
    })
  }

  /** The clock of the agent is about to be set forward. */
  stepped(step: number): void {
    this.#source.stepped!(step)
  }

  get status(): Status | undefined {
    return this.statuses.at(-1)
  }

  get letters(): DeadLetter[] {
    return this.arrivals.flatMap(({ rejected = [] }) => rejected)
  }

  get gaps(): GapEvent[] {
    return this.events('gap')
  }

  /** Events of a type so far. */
  events<Type extends JournalEvent['type']>(type: Type): Extract<JournalEvent, { type: Type }>[] {
    const isWanted = (event: JournalEvent): event is Extract<JournalEvent, { type: Type }> => event.type === type
    return this.arrivals.flatMap(({ events = [] }) => events).filter(isWanted)
  }

  /** Samples so far, of one tag or all. */
  rows(tag?: string): Row[] {
    const rows = this.arrivals.flatMap(({ batch }) =>
      Array.from({ length: batch.length }, (_, i): Row => {
        const { name, type } = this.tags.at(batch.tag[i])
        const value = type === 'text' ? batch.texts![batch.value[i]] : batch.exact?.[i] || batch.value[i]
        return { tag: name, time: batch.time[i], value, quality: batch.quality[i] as Quality }
      }),
    )
    return tag === undefined ? rows : rows.filter((row) => row.tag === tag)
  }

  values(tag: string): Row['value'][] {
    return this.rows(tag).map(({ value }) => value)
  }

  async up(): Promise<void> {
    await until(
      () => `up; it says ${JSON.stringify(this.status)}`,
      () => this.status?.state === 'up',
    )
  }

  stop(): void {
    this.#subscription.unsubscribe()
    // Its last writes are still under way.
    const remove = () => rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
    void this.#source.closed!().then(remove, remove)
  }
}
