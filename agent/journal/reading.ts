import { join } from 'node:path'
import type { Journal, Logger } from '../core/index.ts'
import { openJournal, type OpenJournalOptions } from './open.ts'

/** Opens the journal of a configuration to read, also beside a running agent, and closes it after `use`. `log` is told of damage. */
export async function readJournal<Result>(
  config: { readonly data: string; readonly journal: OpenJournalOptions['settings'] },
  use: (journal: Journal) => Result | Promise<Result>,
  log?: Logger,
): Promise<Result> {
  const folder = join(config.data, 'journal')
  const journal = await openJournal({ folder, settings: config.journal, readOnly: true, ...(log && { log }) })
  try {
    return await use(journal)
  } finally {
    await journal.close()
  }
}
