import { z } from 'zod'
import { measuredModelConfig } from '../../models/inspection/measured-settings.ts'

/** A measured value of a part. */
export const measuredValue = z.strictObject({
  tag: z
    .string()
    .min(1)
    .describe(
      'The tag with the value. A node of an OPC UA server that may have the same value for two parts in a row needs `report: updates`.',
    ),
  part: z
    .string()
    .min(1)
    .optional()
    .describe('The tag that says which part is there now: values from then on belong to it, the newest counts. Absent: the newest value at the time of the part; where no value has such a tag and there are no images, values that come together are a part.'), // prettier-ignore
  min: z.number().optional().describe('The part fails below.'),
  max: z.number().optional().describe('The part fails above.'),
})

/** The window of a monitor that belongs to a part. */
export const partWindow = z.strictObject({
  monitor: z.string().min(1).describe('The monitor whose windows are joined, a key of `monitors`.'),
  features: z.array(z.string().min(1)).min(1).describe('Features of its windows, such as force.max: role and feature.'),
  asset: z.string().min(1).optional().describe('Only windows of this asset. Absent: of every asset of the monitor.'),
  part: z
    .string()
    .min(1)
    .optional()
    .describe('The tag that says which part is there now: the first window that begins from then on belongs to it. Absent: the window that was open at the time of the part.'), // prettier-ignore
})

/** A learned model of all that was measured of a part. */
export const measuredConfig = z.strictObject({
  model: measuredModelConfig
    .prefault('anomaly')
    .describe(
      "anomaly: Hotelling's T² from good parts; fault: boosted trees from parts with labels. Or its settings; `min_windows` counts parts.",
    ),
  image: z
    .boolean()
    .default(false)
    .describe("The score of the image is one more input, named `image`; the image's own rule then decides nothing."),
})

export type MeasuredSettings = z.output<typeof measuredConfig>
