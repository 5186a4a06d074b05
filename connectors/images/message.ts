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
  return {
    image: Buffer.from(image, 'base64'),
    time: taken,
    subject,
    ...(named !== undefined && { part: String(named) }),
  }
}

function json(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch {
    return undefined
  }
}
