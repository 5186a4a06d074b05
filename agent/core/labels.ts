import { z } from 'zod'
import type { CorrectionEvent } from './inspection.ts'
import { labelKinds, type LabelEvent } from './records.ts'

/** A time as people and programs write it; ms since epoch comes out. */
const instant = z
  .union([z.number(), z.string().transform((text) => Date.parse(text))])
  .refine((time) => Math.abs(time) <= 8.64e15, {
    error: 'expected ms since epoch or a time such as 2026-01-05T10:00:00Z',
  })
  .describe('ms since epoch, or ISO 8601.')

/** What no file name, address or UTF-8 text can hold. */
const loneSurrogate = /\p{Surrogate}/u

const by = z.string().trim().min(1).max(100).describe('Who knows it.')
const note = z.string().trim().max(500).optional().describe('Anything to remember.')

const about = {
  asset: z.string().min(1).max(1_000).describe('Name of the asset, `line3/pump7`.'),
  monitor: z.string().max(200).optional().describe('The only monitor it is meant for.'),
  time: instant.optional().describe('The time it speaks of, or its end; absent: now.'),
  by,
  note,
}

/** What may be said in a label: of assets, of alarms, and of parts. */
export const messageKinds = {
  ...labelKinds,
  verdict: 'A part is truly of the named class: confirms or corrects the verdict of a station.',
} as const
export type MessageKind = keyof typeof messageKinds

/** A label as it comes over HTTP or MQTT. Its kinds are those of `messageKinds`. */
export const labelMessage = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('false-alarm'),
      alarm: z.string().max(1_000).describe('Id of an alarm, `monitor/asset/time at which it was raised`.'),
      by,
      note,
    }),
    z.strictObject({ type: z.literal('failure'), ...about }),
    z.strictObject({ type: z.literal('maintenance'), ...about }),
    z.strictObject({
      type: z.literal('fault'),
      ...about,
      from: instant.optional().describe('Start of the time it speaks of; absent: the moment only.'),
      class: z.string().trim().min(1).max(100).describe('Name of the fault; `normal` is the sound state.'),
    }),
    z.strictObject({
      type: z.literal('value'),
      ...about,
      value: z.number().describe('What was measured, in the unit of the estimate.'),
    }),
    z.strictObject({
      type: z.literal('verdict'),
      station: z.string().min(1).max(200).describe('Name of the station, a key of `inspections`.'),
      part: z.string().min(1).max(1_000).describe('Id of the part, as its verdict has it.'),
      class: z
        .string()
        .trim()
        .min(1)
        .max(100)
        .describe(
          'What the part truly is: a class of the station; `good` or `defect` where it learns from good parts only. `pass` and `fail` do where they leave no doubt which class is meant.',
        ),
      time: instant.optional().describe('The time of the verdict that is meant; absent: the newest on that part.'),
      by,
      note,
    }),
  ])
  .refine(
    (message) => Object.values(message).every((value) => typeof value !== 'string' || !loneSurrogate.test(value)),
    {
      error: 'holds half a character (a lone surrogate)',
    },
  )
export type LabelMessage = z.output<typeof labelMessage>

/** The record of a message that came at `now`, ms since epoch; undefined where it names an alarm that cannot be. */
export function labelEventOf(message: LabelMessage, now: number): LabelEvent | CorrectionEvent | undefined {
  if (message.type === 'false-alarm') return falseAlarmOf(message, now)
  if (message.type === 'verdict') return correctionOf(message, now)
  const { type: label, time = now, ...rest } = message
  const given = Object.entries(rest as Record<string, unknown>).filter(([, value]) => value !== undefined)
  return { type: 'label', label, time, ...(Object.fromEntries(given) as Pick<LabelEvent, 'asset' | 'by'>) }
}

/** The record of what somebody said of a part at `now`, ms since epoch. */
export function correctionOf(
  { station, part, class: name, time: of, by: who, note: words }: Extract<LabelMessage, { type: 'verdict' }>,
  now: number,
): CorrectionEvent {
  const optional = { ...(of !== undefined && { of }), ...(words !== undefined && { note: words }) }
  return { type: 'correction', time: now, station, part, class: name, by: who, ...optional }
}

/** What an alarm that turned out to be false was about, by its id: from the window that raised it until now. */
function falseAlarmOf(
  { alarm, by: who, note: words }: Extract<LabelMessage, { type: 'false-alarm' }>,
  now: number,
): LabelEvent | undefined {
  const found = /^([^/]+)\/(.+)\/(\d+)$/.exec(alarm)
  if (!found) return undefined
  const [, monitor, asset, raised] = found
  const from = Number(raised) - 1
  if (from > 8.64e15) return undefined
  const about = { asset, monitor, from, time: Math.max(Number(raised), now), by: who }
  return { type: 'label', label: 'false-alarm', ...about, ...(words !== undefined && { note: words }) }
}
