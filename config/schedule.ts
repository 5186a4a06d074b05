import { Cron } from 'croner'
import { z } from 'zod'

const schedules = {
  hourly: '0 * * * *',
  daily: '0 3 * * *',
  weekly: '0 3 * * 1',
  monthly: '0 3 1 * *',
} as const

/** `weekly` or a cron pattern; a cron pattern comes out, undefined for `never`. */
export const schedule = z.string().transform((text, context): string | undefined => {
  if (text === 'never') return undefined
  const pattern = text in schedules ? schedules[text as keyof typeof schedules] : text
  try {
    new Cron(pattern, { paused: true })
    return pattern
  } catch (error) {
    const known = ['never', ...Object.keys(schedules)].join(', ')
    context.addIssue({ code: 'custom', message: `expected ${known} or a cron pattern: ${(error as Error).message}` })
    return z.NEVER
  }
})
