import { z } from 'zod'
import type { LabelEvent } from './records.ts'

/** A time as people and programs write it; ms since epoch comes out. */
const instant = z
  .union([z.number(), z.string().transform((text) => Date.parse(text))])
  .refine((time) => Math.abs(time) <= 8.64e15, {
    error: 'expected ms since epoch or a time such as 2026-01-05T10:00:00Z',
  })
  .describe('ms since epoch, or ISO 8601.')

const by = z.string().trim().min(1).max(100).describe('Who knows it.')
const note = z.string().trim().max(500).optional().describe('Anything to remember.')

const about = {
  asset: z.string().min(1).max(1_000).describe('Name of the asset, `line3/pump7`.'),
  monitor: z.string().max(200).optional().describe('The only monitor it is meant for.'),
  time: instant.optional().describe('The time it speaks of, or its end; absent: now.'),
  by,
  note,
}

/** A label as it comes over HTTP or MQTT. Its kinds are those of `labelKinds`. */
export const labelMessage = z.discriminatedUnion('type', [
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
])
export type LabelMessage = z.output<typeof labelMessage>

/** The record of a message that came at `now`, ms since epoch; undefined where it names an alarm that cannot be. */
export function labelEventOf(message: LabelMessage, now: number): LabelEvent | undefined {
  if (message.type === 'false-alarm') return falseAlarmOf(message, now)
  const { type: label, time = now, ...rest } = message
  const given = Object.entries(rest as Record<string, unknown>).filter(([, value]) => value !== undefined)
  return { type: 'label', label, time, ...(Object.fromEntries(given) as Pick<LabelEvent, 'asset' | 'by'>) }
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
  const about = { asset, monitor, from, time: Math.max(Number(raised), now), by: who }
  return { type: 'label', label: 'false-alarm', ...about, ...(words !== undefined && { note: words }) }
}
