import { mkdirSync } from 'node:fs'
import { open } from 'lmdb'
import { JournalError } from '../core/index.ts'

/**
 * Copies the journal of a folder as it stands at one moment, also while another process writes it: one read transaction,
 * so nothing in the copy is half. Free pages are left out. Rejects with a JournalError.
 */
export async function copyJournal(folder: string, to: string): Promise<void> {
  try {
    mkdirSync(to, { recursive: true })
    const root = open({ path: folder, noSubdir: false, encoding: 'binary', readOnly: true })
    try {
      await root.backup(to, true)
    } finally {
      await root.close()
    }
  } catch (error) {
    throw new JournalError('JOURNAL_IO', `the journal in ${folder} cannot be copied`, {
      cause: error,
      remedy: 'Check that the folder holds a journal and that there is room for the copy.',
    })
  }
}
