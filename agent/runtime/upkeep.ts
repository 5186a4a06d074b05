import { describeError, type Journal, type Logger } from '../core/index.ts'
import type { Config } from '../settings/index.ts'

/** How long windows may wait for a source that has gone silent, in ms. */
export function tickFor(config: Config): number {
  const waits = Object.values(config.monitors).map(({ idle, lateness, window, hold }) => {
    const length = typeof window === 'number' ? window : 'session' in window ? window.session : 0
    return idle + lateness + length + (hold ?? length)
  })
  return Math.max(10_000, ...waits) + 10_000
}

/** Trims the journal, to what is too old at `now`; says where that fails. */
export async function trim(journal: Journal, now: number, log: Logger): Promise<void> {
  try {
    await journal.trim(now)
  } catch (error) {
    log.error({}, `the journal could not be trimmed: ${describeError(error)}`)
  }
}
