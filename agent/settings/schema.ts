import type { z } from 'zod'
import { configSchema } from '../../config/index.ts'
import { connectors } from '../../connectors/index.ts'
import { featureFields } from '../../models/features/index.ts'
import { modelConfig } from '../../models/index.ts'
import { aggregateConfig } from './aggregate.ts'
import { stationConfig } from './station.ts'
import { journalConfig } from '../journal/index.ts'
import { operators, windowFields, windowProblems } from '../operators/index.ts'

/** The configuration's schema, made of what every room contributes. */
export const schema = configSchema({
  connectors,
  operators,
  journal: journalConfig.prefault({}).describe('The durable log.'),
  model: modelConfig.prefault('anomaly').describe('What it concludes with: the name of a model, or its settings.'),
  station: stationConfig,
  aggregate: aggregateConfig,
  window: windowFields,
  features: featureFields,
  windowProblems,
})

export type Config = z.output<typeof schema>
