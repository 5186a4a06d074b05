import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../core/index.ts'
import { tokenFileName } from '../process/index.ts'

/**
 * The token that changes need, from the file `http-token` in `folder`; made at the first start, readable by its owner only.
 * Rejects with a ConfigError where the file cannot be read or written, or holds no token.
 */
export async function loadToken(folder: string): Promise<string> {
  const file = join(folder, tokenFileName)
  try {
    const token = (await readFile(file, 'utf8')).trim()
    if (token.length >= 32) return token
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return makeToken(folder, file)
    throw tokenError(file, 'cannot be read', error)
  }
  throw tokenError(file, 'holds fewer than 32 characters')
}

async function makeToken(folder: string, file: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  try {
    await mkdir(folder, { recursive: true })
    // Under its own name only when it is whole: a crash leaves no half token.
    await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (error) {
    throw tokenError(file, 'cannot be written', error)
  }
  return token
}

function tokenError(file: string, what: string, cause?: unknown): ConfigError {
  const remedy = 'Remove the file to get a new token, or mend its permissions.'
  return new ConfigError([{ path: 'http', message: `the token file ${file} ${what}`, remedy }], { cause })
}

/** How long a log-in lasts, ms. */
export const sessionLength = 12 * 3_600_000
