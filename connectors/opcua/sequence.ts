import type { Subscription } from './subscriptions.ts'

const numbers = 0x1_0000_0000
/** Numbers further apart than this are no gap: the server counts otherwise. */
const furthest = 10_000

/** Sequence numbers start at 1 and wrap around to 1. */
export function next(sequence: number): number {
  return sequence >= numbers - 1 ? 1 : sequence + 1
}

/**
 * Takes note of the number of an answer; returns those that are missing before it, in order. A keep-alive announces the
 * number of the next notification and is none itself; servers that repeat the last number, send 0 or use a number up
 * for it lose nothing by it.
 */
export function follow(subscription: Subscription, sequence: number, isKeepAlive: boolean): number[] {
  const before = subscription.sequence
  if (isKeepAlive && sequence === 0) return []
  const ahead = before < 0 ? 1 : (sequence - before + numbers) % numbers
  if (isKeepAlive && (ahead === 0 || ahead >= furthest)) return []
  subscription.sequence = isKeepAlive ? sequence - 1 : sequence
  const missing: number[] = []
  if (ahead < furthest) for (let one = next(before); missing.length < ahead - 1; one = next(one)) missing.push(one)
  if (isKeepAlive) subscription.announced.add(sequence)
  return missing
}
