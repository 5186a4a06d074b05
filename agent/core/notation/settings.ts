import { z } from 'zod'
import { missingWords } from './missing.ts'
import { TimePattern } from './time-pattern.ts'
import { Zone } from './zones.ts'

/** Where a clock stands: the name of a zone becomes a `Zone`. */
export const timezone = z
  .string({ error: 'expected a time zone such as Europe/Berlin' })
  .transform((name, context) => {
    try {
      return new Zone(name)
    } catch {
      context.addIssue({
        code: 'custom',
        message: `"${name}" is no time zone; expected one such as Europe/Berlin, utc, local or +01:00`,
      })
      return z.NEVER
    }
  })
  .meta({ title: 'time zone' })

/** How times are written: a pattern such as `dd.MM.yyyy HH:mm:ss` becomes a `TimePattern`. */
export const timePattern = z
  .string({ error: 'expected a pattern such as dd.MM.yyyy HH:mm:ss' })
  .transform((pattern, context) => {
    try {
      return new TimePattern(pattern)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
      return z.NEVER
    }
  })
  .meta({ title: 'time pattern' })

/** The decimal mark of numbers. */
export const decimalMark = z.enum(['.', ','])

/** Words that stand for no value. */
export const missing = z.array(z.string()).default([...missingWords])
