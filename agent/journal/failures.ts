import { openSync, closeSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { JournalError } from '../core/index.ts'

/** The code of a system or LMDB error: `ENOSPC`, or a number such as 28 or -30792. */
export function codeOf(error: unknown): string | number | undefined {
  return error instanceof Error && 'code' in error ? (error.code as string | number) : undefined
}

const corrupted = -30796
/** LMDB's codes of a file that is not, or no longer, a store: page not found, corrupted, invalid. */
const damageCodes: readonly unknown[] = [-30797, corrupted, -30793]

/** An error that says the store itself is damaged, not one record of it. */
export function damage(message: string): Error {
  return Object.assign(new Error(message), { code: corrupted })
}

export function isDamage(error: unknown): boolean {
  return damageCodes.includes(codeOf(error))
}

const mapFull = -30792
const fullCodes: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG', 28, 122, 27, mapFull]
const deniedCodes: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 1, 13, 30]

/** A failed commit as a JournalError. */
export function commitFailure(error: unknown, folder: string, end: number): JournalError {
  const code = codeOf(error)
  if (fullCodes.includes(code) || ((code === 5 || code === 'EIO') && lacksRoom(folder, end))) {
    return new JournalError('JOURNAL_FULL', `no room is left for the journal in ${folder}`, {
      cause: error,
      remedy: 'Free disk space, or lower journal.size; appending goes on by itself once there is room.',
    })
  }
  return new JournalError('JOURNAL_IO', `the journal in ${folder} could not be written`, {
    cause: error,
    remedy: 'Check the disk and the system log.',
  })
}

/** A folder that could not be opened for writing as a JournalError. */
export function openFailure(error: unknown, folder: string): JournalError {
  if (error instanceof JournalError) return error
  const code = codeOf(error)
  if (deniedCodes.includes(code)) {
    return new JournalError('JOURNAL_READ_ONLY', `the data folder ${folder} cannot be written`, {
      cause: error,
      remedy: `Make ${folder} a folder that the agent's user may write to, or set journal.store to memory.`,
    })
  }
  if (fullCodes.includes(code)) return commitFailure(error, folder, 0)
  return new JournalError('JOURNAL_IO', `the journal in ${folder} could not be opened`, {
    cause: error,
    remedy: 'Check the folder, the disk and the system log.',
  })
}

/**
 * Whether a file in the folder cannot grow beyond `end` bytes. LMDB reports a write that a full disk, a quota or a file
 * size limit cut short as a plain I/O error (5); so try the same on a file of our own.
 */
function lacksRoom(folder: string, end: number): boolean {
  const probe = join(folder, 'probe')
  try {
    const file = openSync(probe, 'w')
    try {
      writeSync(file, new Uint8Array(1 << 16), 0, 1 << 16, end)
    } finally {
      closeSync(file)
    }
    return false
  } catch (error) {
    return fullCodes.includes(codeOf(error))
  } finally {
    rmSync(probe, { force: true })
  }
}
