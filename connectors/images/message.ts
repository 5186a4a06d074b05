import { z } from 'zod'
import type { ImageArrival } from '../../agent/core/index.ts'

/** An image in JSON: the bytes in base64, and what the camera knows of it. Other keys are left alone. */
const message = z.object({
  image: z.base64(),
  part: z.union([z.string().min(1).max(200), z.int()]).optional(),
  /** ISO 8601, or ms since epoch. */
  time: z.union([z.number(), z.iso.datetime({ offset: true })]).optional(),
})

/** The bytes of a message as an image: JSON with base64 where it begins with a brace, else the file itself. */
export function imageMessage(payload: Uint8Array, subject: string, arrival: number, part?: string): ImageArrival {
  const plain = { image: payload, time: arrival, subject, ...(part !== undefined && { part }) }
  if (payload[0] !== 0x7b) return plain
  const parsed = message.safeParse(json(payload))
  if (!parsed.success) return plain
  const { image, part: named = part, time = arrival } = parsed.data
  const taken = typeof time === 'string' ? Date.parse(time) : time
  const own = { image: Buffer.from(image, 'base64'), subject, ...(named !== undefined && { part: String(named) }) }
  if (taken >= earliest && taken <= latest) return { ...own, time: taken }
  const detail = `the time ${taken} is not between 1990 and 2200; give ms since epoch, or leave \`time\` out`
  return { ...own, time: arrival, refused: { reason: 'time', detail } }
}

/** Times of images, ms since epoch. The agent's own clock is no measure: it may be the one that is wrong. */
const earliest = Date.UTC(1990, 0)
const latest = Date.UTC(2200, 0)

function json(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return undefined
  }
}
