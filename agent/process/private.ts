import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { type Logger, describeError } from '../core/index.ts'

/**
 * From here on all that this process and its children make may be read by its own user only, whatever mask it was started
 * with: journal, images, models, keys and token, and the files of sinks.
 */
export function keepPrivate(): void {
  process.umask(0o077)
}

/** The file in the data folder that holds the token of an admin. */
export const tokenFileName = 'http-token'

/** What may be there before the journal is. */
const ours = new Set(['start.json', tokenFileName, 'models', 'connectors', 'inspection', 'lost+found'])

/** Makes the data folder where it is missing, and takes it from others where an earlier version, or somebody else, left it open. */
export function closeFolder(folder: string, log: Logger): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  if ((statSync(folder).mode & 0o077) === 0) return
  const names = readdirSync(folder)
  // A folder of others, such as a home or /var/lib, is not taken from them by a slip of the configuration.
  if (!names.includes('journal') && names.some((name) => !ours.has(name))) {
    log.warn({ folder }, 'others on this machine may look into the data folder, which holds other things: give it one of its own') // prettier-ignore
    return
  }
  try {
    chmodSync(folder, 0o700)
  } catch (error) {
    // That of a volume belongs to whoever mounts it.
    log.info({ folder }, `others on this machine may look into the data folder: ${describeError(error)}`)
  }
}
