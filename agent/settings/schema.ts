import { z } from 'zod'
import { configSchema, name } from '../../config/index.ts'
import { connectors } from '../../connectors/index.ts'
import { featureFields } from '../../models/features/index.ts'
import { modelConfig } from '../../models/index.ts'
import { addActionProblems } from './action-references.ts'
import { actionConfig } from './action.ts'
import { aggregateConfig } from './aggregate.ts'
import { stationConfig } from './station.ts'
import { journalConfig } from '../journal/index.ts'
import { operators, windowFields, windowProblems } from '../operators/index.ts'

const base = configSchema({
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

/** The configuration's schema, made of what every room contributes. */
export const schema = base
  .extend({
    actions: z.record(name, actionConfig).default({}).describe('What is done when a condition holds, within limits.'),
  })
  .superRefine(addActionProblems, { when: () => true })

export type Config = z.output<typeof schema>
