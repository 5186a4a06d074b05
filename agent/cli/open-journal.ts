import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../settings/index.ts'
import { type Journal, JournalError, type Logger, type Stream } from '../core/index.ts'
import { readJournal } from '../journal/index.ts'
import { loadOrExit } from './configuration.ts'

/**
 * Opens the journal of a configuration to read, also beside a running agent, and closes it after `use`.
 * `corrupt` is told each damaged record that is met.
 */
export async function withJournal(
  file: string,
  use: (journal: Journal, config: Config) => unknown,
  corrupt?: (stream: Stream, offset: number) => void,
): Promise<void> {
  const { config } = await loadOrExit(file)
  const folder = join(config.data, 'journal')
  if (config.journal.store === 'memory' || !existsSync(join(folder, 'data.mdb'))) {
    const why = config.journal.store === 'memory' ? 'its store is `memory`' : 'the agent has not started there yet'
    throw new JournalError('JOURNAL_IO', `there is no journal in ${folder}: ${why}`, {
      remedy:
        'Name the configuration of the agent with --config; its `data` is the folder, from where the agent was started.',
    })
  }
  await readJournal(config, (journal) => use(journal, config), damageLog(corrupt))
}

/** The journal reports damaged records to its log. */
function damageLog(corrupt: ((stream: Stream, offset: number) => void) | undefined): Logger {
  const silent = () => undefined
  return {
    debug: silent,
    info: silent,
    warn: (_, message) => console.error(message),
    error: (fields, message) => {
      const { stream, offset } = fields as { stream?: Stream; offset?: number }
      if (corrupt && stream !== undefined && offset !== undefined) corrupt(stream, offset)
      else console.error(message)
    },
  }
}
