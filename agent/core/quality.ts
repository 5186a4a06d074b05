/** Quality of a sample, after OPC UA Part 8: the two highest bits of a status code. Ordered, so that the worse is the larger. */
export const Quality = { good: 0, uncertain: 1, bad: 2 } as const
export type Quality = (typeof Quality)[keyof typeof Quality]

export const qualityNames = ['good', 'uncertain', 'bad'] as const
