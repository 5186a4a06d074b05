import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { secretsOf, type Config } from '../settings/index.ts'
import {
  type Clock,
  type ConnectorContext,
  type InHand,
  type Logger,
  type Metrics,
  Redaction,
  type Sink,
  type Source,
  type Status,
  type TagTable,
} from '../core/index.ts'
import { discreetSink, discreetStatus } from './discreet.ts'

export interface Connection {
  readonly name: string
  readonly type: string
  readonly source: Source | undefined
  readonly sink: Sink | undefined
  status: Status
}

export interface ConnectionParts {
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  readonly tags: TagTable
  readonly inHand?: InHand
}

/** Makes the configured connectors, all of them or those of these names; none connects yet. */
export function createConnections(
  config: Config,
  parts: ConnectionParts,
  names: readonly string[] = Object.keys(config.connectors),
): Connection[] {
  const redaction = new Redaction(secretsOf(config))
  return names.map((name) => {
    const { definition, settings } = config.connectors[name]
    const folder = join(config.data, 'connectors', name)
    mkdirSync(folder, { recursive: true })
    const status: Status = { state: 'connecting', message: 'starting' }
    const connection: Connection = { name, type: definition.type, source: undefined, sink: undefined, status }
    const context: ConnectorContext = {
      ...parts,
      name,
      site: config.site,
      folder,
      report: (said) => {
        const next = discreetStatus(said, redaction)
        if (next.state !== connection.status.state) logChange(parts.log, name, next)
        connection.status = next
      },
    }
    const sink = definition.sink?.(settings, context)
    return Object.assign(connection, {
      source: definition.source?.(settings, context),
      sink: sink && discreetSink(sink, redaction),
    })
  })
}

function logChange(log: Logger, connector: string, { state, message, remedy }: Status): void {
  const level = state === 'down' ? 'error' : state === 'degraded' ? 'warn' : 'info'
  log[level]({ connector, state, ...(remedy !== undefined && { remedy }) }, message)
}
