import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import {
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { AgentError, describeError, type Logger, roleNames, type Role } from '../core/index.ts'

/** The file in the data folder with the tokens that have names: their hashes only. */
export const namedTokensFileName = 'http-tokens.json'

const tokenName = z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u, {
  error: 'a name is of letters, digits, spaces and . _ @ -, at most 64 of them, and begins with a letter or digit',
})

const fileSchema = z.strictObject({
  format: z.literal(1),
  tokens: z.array(
    z.strictObject({
      name: tokenName,
      role: z.enum(roleNames),
      hash: z.string().regex(/^[0-9a-f]{64}$/),
      created: z.number(),
      expires: z.number().optional(),
    }),
  ),
})

/** A token of a person or program. `hash`: SHA-256 of the token, which has 256 random bits; times in ms since epoch. */
export interface NamedToken {
  readonly name: string
  readonly role: Role
  readonly hash: string
  readonly created: number
  readonly expires?: number | undefined
}

/** SHA-256, hexadecimal. */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Compares two hashes in a time that says nothing about where they differ. */
export function sameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
}

/** The tokens in the data folder; none where there is no file. Throws an AgentError where it cannot be read. */
export function readTokens(folder: string): readonly NamedToken[] {
  const file = join(folder, namedTokensFileName)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unreadable(file, describeError(error), error)
  }
  try {
    return fileSchema.parse(JSON.parse(text)).tokens
  } catch (error) {
    throw unreadable(file, 'it is not as `millwright token` writes it', error)
  }
}

/**
 * Makes a token and stores its hash; resolves with the token, which is nowhere else. Throws an AgentError where the name is
 * taken by a token that is still good, or the file cannot be written.
 */
export function addToken(
  folder: string,
  { name, role, expires }: { name: string; role: Role; expires?: number },
): string {
  const named = tokenName.safeParse(name)
  if (!named.success) throw new AgentError('TOKEN_REFUSED', named.error.issues[0].message)
  const now = Date.now()
  const secret = randomBytes(32).toString('base64url')
  change(folder, (tokens) => {
    const old = tokens.find((token) => isOf(token, name))
    if (old && isGood(old, now))
      throw new AgentError('TOKEN_REFUSED', `${old.name} has a token already`, {
        remedy: `Take it back first: millwright token revoke "${old.name}". Or give the new one another name.`,
      })
    const token = { name, role, hash: hashOf(secret), created: now, ...(expires !== undefined && { expires }) }
    return [...tokens.filter((other) => other !== old), token]
  })
  return secret
}

/** Takes a token back; what a running agent is asked with it from now on is refused. Throws an AgentError where there is none. */
export function revokeToken(folder: string, name: string): NamedToken {
  let revoked: NamedToken | undefined
  change(folder, (tokens) => {
    revoked = tokens.find((token) => isOf(token, name))
    if (!revoked)
      throw new AgentError('TOKEN_REFUSED', `nobody called ${name} has a token`, {
        remedy: `There are: ${tokens.map((token) => token.name).join(', ') || 'none'}.`,
      })
    return tokens.filter((token) => token !== revoked)
  })
  return revoked!
}

export function isGood({ expires }: Pick<NamedToken, 'expires'>, now: number): boolean {
  return expires === undefined || now < expires
}

/** Names that look alike are one. */
function isOf(token: NamedToken, name: string): boolean {
  return token.name.normalize('NFKC').toLowerCase() === name.normalize('NFKC').toLowerCase()
}

/** Reads, changes and writes the file; whole or not at all, and never two at a time. */
function change(folder: string, next: (tokens: readonly NamedToken[]) => readonly NamedToken[]): void {
  const file = join(folder, namedTokensFileName)
  const part = `${file}.new`
  let handle: number
  try {
    mkdirSync(folder, { recursive: true })
    handle = openSync(part, 'wx', 0o600)
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new AgentError('TOKEN_REFUSED', taken ? `${part} is there: another command changes tokens` : `${file} cannot be written`, { cause: error, remedy: taken ? 'Try again; if no such command runs, remove that file.' : 'Run this as the user of the agent.' }) // prettier-ignore
  }
  try {
    const content = { format: 1, tokens: next(readTokens(folder)) }
    writeSync(handle, `${JSON.stringify(content, null, 2)}\n`)
    // A command of root would leave a file that the agent cannot read.
    const { uid, gid } = statSync(folder)
    if (process.getuid?.() === 0) chownSync(part, uid, gid)
    renameSync(part, file)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
}

function unreadable(file: string, what: string, cause: unknown): AgentError {
  return new AgentError('TOKEN_REFUSED', `the tokens in ${file} cannot be read: ${what}`, {
    cause,
    remedy: 'Mend its permissions, or remove it and give out new tokens.',
  })
}

/** The tokens as the file has them now: it is read again when it has changed. While it cannot be read, no token in it is good. */
export class NamedTokens {
  readonly #folder: string
  readonly #log: Logger
  readonly #changed: (name: string, what: string) => void
  #seen = ''
  #tokens: readonly NamedToken[] = []
  /** Whether those of the start are known. */
  #told = false

  /** `changed` is told of tokens that are given out and taken back, once that is noticed. */
  constructor(folder: string, log: Logger, changed: (name: string, what: string) => void) {
    this.#folder = folder
    this.#log = log
    this.#changed = changed
    this.#look()
    this.#told = true
  }

  /** The token with this hash; undefined where there is none, or not any more. */
  find(hash: string, now: number): NamedToken | undefined {
    this.#look()
    const found = this.#tokens.filter((token) => sameHash(token.hash, hash))
    return found.find((token) => isGood(token, now))
  }

  #look(): void {
    const seen = stampOf(join(this.#folder, namedTokensFileName))
    if (seen === this.#seen) return
    this.#seen = seen
    const before = this.#tokens
    try {
      this.#tokens = readTokens(this.#folder)
    } catch (error) {
      this.#tokens = []
      this.#log.error({}, describeError(error))
      return
    }
    if (this.#told) this.#tell(before)
  }

  #tell(before: readonly NamedToken[]): void {
    const has = (tokens: readonly NamedToken[], { hash }: NamedToken) => tokens.some((token) => token.hash === hash)
    for (const token of before) if (!has(this.#tokens, token)) this.#changed(token.name, 'taken back')
    for (const token of this.#tokens)
      if (!has(before, token)) this.#changed(token.name, `given out, role ${token.role}`)
  }
}

/** Differs where the file is another, or was written since; the reason where it cannot be looked at. */
export function stampOf(file: string): string {
  try {
    const stats = statSync(file, { throwIfNoEntry: false })
    return stats ? `${stats.ino} ${stats.mtimeMs} ${stats.size}` : ''
  } catch (error) {
    return describeError(error)
  }
}
