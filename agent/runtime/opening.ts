import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describeError, type Journal, type Logger, type Metrics } from '../core/index.ts'
import { openJournal } from '../journal/index.ts'
import { closeFolder, type Starts } from '../process/index.ts'
import type { Config } from '../settings/index.ts'

/** How often a journal that had no room to begin is tried again, ms. */
const tryAgain = 2_000

export interface OpeningParts {
  readonly config: Pick<Config, 'data' | 'journal'>
  readonly starts: Starts
  readonly metrics: Metrics
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
}

/**
 * Opens the journal of a data folder, on a full disk as soon as there is room: looked through first where the process before
 * ended without a stop, put aside where two in a row ended while they opened it. Rejects with a JournalError, or with the
 * reason of the signal.
 */
export async function openWithCare({ config, starts, metrics, log, signal }: OpeningParts): Promise<Journal> {
  const { data, journal: settings } = config
  const suspect = starts.endsIn('journal') >= 2 ? 'aside' : starts.unclean ? 'look' : undefined
  for (let told = false; ; told = true) {
    try {
      closeFolder(data, log)
      starts.enter('journal')
      const folder = join(data, 'journal')
      return await openJournal({ folder, settings, metrics, log, ...(suspect && { suspect }) })
    } catch (error) {
      // It ended in words: no reason to suspect the store, and the folder may be that of an agent at work.
      starts.leave()
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'JOURNAL_FULL' && code !== 'ENOSPC') throw error
      if (!told) log.error({ code }, `the start waits for room on the disk: ${describeError(error)}`)
      await delay(tryAgain, undefined, { signal })
    }
  }
}
