import { setTimeout as delay } from 'node:timers/promises'

/** How long a test waits for what has to come, ms. Nothing is measured by it: a slow machine may be slow. */
const patience = 180_000

/**
 * Polls until `condition` holds, every 20 ms at the latest; fails with `what` in words when patience has ended.
 * An error in `condition` fails at once.
 */
export async function until(what: string | (() => string), condition: () => unknown): Promise<void> {
  const deadline = performance.now() + patience
  for (let pause = 2; !(await condition()); pause = Math.min(pause * 1.5, 20)) {
    if (performance.now() > deadline)
      throw new Error(`not within ${patience / 1000} s: ${typeof what === 'string' ? what : what()}`)
    await delay(pause)
  }
}
