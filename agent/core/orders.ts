import { z } from 'zod'
import type { OrderEvent } from './decision.ts'

const by = z.string().trim().min(1).max(100).describe('Who orders it.')
const reason = z.string().trim().max(500).optional().describe('Why.')

/** An order about actions as it comes in a message. A stop is not lifted by one: that takes somebody with a role. */
export const orderMessage = z.discriminatedUnion('order', [
  z.strictObject({ order: z.enum(['approve', 'refuse']), decision: z.string().min(1).max(2_000), by, reason }),
  z.strictObject({ order: z.literal('stop'), by, reason }),
])
export type OrderMessage = z.output<typeof orderMessage>

/** The record of an order that came at `now`, ms since epoch. */
export function orderEventOf({ order, by: who, reason: why, ...rest }: OrderMessage, now: number): OrderEvent {
  return { type: 'order', time: now, order, by: who, ...rest, ...(why !== undefined && { reason: why }) }
}
