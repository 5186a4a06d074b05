import { setTimeout as delay } from 'node:timers/promises'

/**
 * Polls until `condition` holds, every 20 ms at the latest; fails with `what` in words after `limit` ms.
 * An error in `condition` fails at once.
 */
export async function until(what: string | (() => string), condition: () => unknown, limit = 25_000): Promise<void> {
  const deadline = performance.now() + limit
  for (let pause = 2; !(await condition()); pause = Math.min(pause * 1.5, 20)) {
    if (performance.now() > deadline)
      throw new Error(`not within ${limit / 1000} s: ${typeof what === 'string' ? what : what()}`)
    await delay(pause)
  }
}
