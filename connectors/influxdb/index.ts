import { defineConnector } from '../../agent/core/index.ts'
import { config } from './config.ts'
import { examineDatabase } from './examine.ts'
import { InfluxSink } from './sink.ts'

export { readHistory, type HistoryRange } from './history.ts'
export type { Settings as InfluxSettings } from './config.ts'

/** Writes cleaned samples, predictions, alarms, models, gaps and the agent's own readings to InfluxDB 1.x, 2.x or 3. */
export const influxdb = defineConnector({
  type: 'influxdb',
  config,
  sink: (settings, context) => new InfluxSink(settings, context),
  examine: examineDatabase,
})
