import type { ConnectorDefinition } from '../agent/core/index.ts'
import { csv } from './csv/index.ts'
import { influxdb } from './influxdb/index.ts'
import { mqtt } from './mqtt/index.ts'
import { opcua } from './opcua/index.ts'

/** Every connector the configuration may name. */
export const connectors: readonly ConnectorDefinition[] = [csv, influxdb, mqtt, opcua]
