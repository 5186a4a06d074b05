import { z } from 'zod'
import { anomalyConfig } from '../anomaly/index.ts'
import { faultConfig } from '../fault/fault.ts'

/** A model of the measured values of a part: settings, or the name of a type with its defaults. */
export const measuredModelConfig = z.union([
  z.literal('anomaly').transform(() => anomalyConfig.parse({ type: 'anomaly', method: 'hotelling-t2' })),
  z.literal('fault').transform(() => faultConfig.parse({ type: 'fault' })),
  z.discriminatedUnion('type', [anomalyConfig, faultConfig]),
])

export type MeasuredModelSettings = z.output<typeof measuredModelConfig>
