import { z } from 'zod'
import { featureNames, isAssetFeature, registry } from '../../models/features/index.ts'
import { windowFields, windowProblems } from '../operators/index.ts'

/** Features that are one number of a window alone. */
const writable = featureNames.filter(
  (name) => !isAssetFeature(name) && registry[name].columns === 1 && !('ofRun' in registry[name]),
)

/** What is written of windows beside the samples. */
export const aggregateConfig = z
  .strictObject({
    assets: z.string().describe('The class of assets whose signals are meant, a key of `assets`.'),
    ...windowFields,
    window: windowFields.window.unwrap().prefault('10s').describe('What one value is computed of, as in `monitors`.'),
    write: z
      .array(z.enum(writable))
      .min(1)
      .default(['mean'])
      .describe(`What is written of each signal, at the end of each window: ${writable.join(', ')}.`),
  })
  .superRefine((settings, context) => {
    for (const { path, message } of windowProblems(settings))
      context.addIssue({ code: 'custom', path: [path], message })
  })
