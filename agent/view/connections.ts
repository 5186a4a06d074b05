import type { Connection } from '../connections/index.ts'
import type { Clock, Status } from '../core/index.ts'
import type { SinkLedger as Delivered } from '../delivery/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { ConnectionState, Ledger } from './agent-view.ts'

export interface ConnectionParts {
  readonly clock: Clock
  readonly ingest: Pick<Ingest, 'ledger'>
  readonly connections: readonly Connection[]
  /** Ledger and status by sink. */
  readonly deliveries: () => Readonly<Record<string, { readonly ledger: Delivered; readonly status: Status }>>
  /** Median of arrival minus source time, s; 0 where it is not known. */
  readonly skew: (source: string) => number
}

/** What became of all that came in and all that goes out: each row adds up to a difference of 0. */
export function ledgerOf({ ingest, clock, deliveries }: ConnectionParts): Ledger {
  return {
    time: clock.now(),
    sources: Object.entries(ingest.ledger()).map(([name, { received, stored, rejected, inFlight }]) => {
      const put = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
      return { name, received, stored, rejected, inFlight, difference: received - stored - put - inFlight }
    }),
    sinks: Object.entries(deliveries()).map(([name, { ledger }]) => {
      const { stored, delivered, overwritten, dead, waiting, trimmed } = ledger
      const difference = stored - delivered - overwritten - dead - waiting - trimmed
      return { name, stored, delivered, overwritten, deadLettered: dead, waiting, givenUp: trimmed, difference }
    }),
  }
}

/** How each source and each sink is. */
export function connectionStates({ connections, deliveries, skew }: ConnectionParts): ConnectionState[] {
  const sinks = Object.entries(deliveries()).map(([name, { status }]) => {
    const { type } = connections.find((connection) => connection.name === name)!
    return { name, type, direction: 'sink' as const, status }
  })
  const sources = connections.filter(({ source }) => source)
  return [
    ...sources.map(({ name, type, status }) => ({
      name,
      type,
      direction: 'source' as const,
      status,
      skew: -skew(name) * 1_000,
    })),
    ...sinks,
  ]
}
