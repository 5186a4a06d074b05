import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { describeError, type Logger } from '../core/index.ts'
import type { Caller, Callers } from './callers.ts'
import { hashOf, sameHash } from './named-tokens.ts'
import { sessionLength } from './token.ts'

/** The file in the data folder with the sessions that are open: hashes of their cookies only. */
export const sessionsFileName = 'http-sessions.json'

const session = z.strictObject({
  /** SHA-256 of the cookie. */
  hash: z.string(),
  key: z.string(),
  /** ms since epoch. */
  begun: z.number(),
  expires: z.number(),
  /** Where the log-in came from. */
  address: z.string(),
})
type Session = Readonly<z.output<typeof session>>
const fileSchema = z.strictObject({ format: z.literal(1), sessions: z.array(session) })

/** Sessions of one token, and of all; the oldest gives way. */
const most = { ofOne: 100, ofAll: 1_000 }

/** An open session, for people. */
export interface OpenSession {
  readonly id: string
  readonly name?: string
  readonly role: Caller['role']
  readonly begun: number
  readonly expires: number
  readonly address: string
}

/**
 * The log-ins of browsers. A cookie is its end and a random number; what it stands for is here, on disk where there is
 * a folder, so that it outlives a restart and ends when somebody ends it. The token itself never reaches the browser. A
 * session is good as long as the token that began it.
 */
export class Sessions {
  /** One per token, for agents on two ports of a host share their cookies. */
  readonly cookie: string
  readonly callers: Callers
  readonly #file: string | undefined
  readonly #log: Logger
  #sessions: readonly Session[] = []

  constructor(options: { callers: Callers; token: string; folder?: string | undefined; log: Logger }) {
    const { callers, token, folder, log } = options
    this.cookie = `millwright_${createHash('sha256').update(token).digest('hex').slice(0, 8)}`
    this.callers = callers
    this.#log = log
    this.#file = folder === undefined ? undefined : join(folder, sessionsFileName)
    this.#load()
  }

  /** The cookie's value for a session that begins at `now`, ms since epoch. */
  begin({ key }: Caller, address: string, now: number): string {
    const expires = now + sessionLength
    const value = `${expires}.${randomBytes(32).toString('base64url')}`
    const added = { hash: hashOf(value), key, begun: now, expires, address }
    const others = this.#good(now)
    const own = others.filter((other) => other.key === key)
    const oldest = own.slice(0, Math.max(0, own.length + 1 - most.ofOne))
    this.#keep([...others.filter((other) => !oldest.includes(other)), added].slice(-most.ofAll))
    return value
  }

  /** Who a cookie stands for; undefined where its session is over. */
  callerOf(value: string | undefined, now: number): Caller | undefined {
    const found = this.#find(value)
    const caller = found && now < found.expires ? this.callers.ofKey(found.key, now) : undefined
    return caller && { ...caller, session: idOf(found!.hash) }
  }

  /** Ends the session of a cookie. */
  end(value: string | undefined): void {
    const found = this.#find(value)
    if (found) this.#keep(this.#sessions.filter((other) => other !== found))
  }

  /** Ends a session that `list` tells of; false where there is none of that id. */
  endOf(id: string): boolean {
    const left = this.#sessions.filter(({ hash }) => idOf(hash) !== id)
    const ended = left.length < this.#sessions.length
    if (ended) this.#keep(left)
    return ended
  }

  /** Those that are open, oldest first. */
  list(now: number): OpenSession[] {
    return this.#good(now).map(({ hash, key, begun, expires, address }) => {
      const { name, role } = this.callers.ofKey(key, now)!
      return { id: idOf(hash), ...(name !== undefined && { name }), role, begun, expires, address }
    })
  }

  #find(value: string | undefined): Session | undefined {
    if (value === undefined) return undefined
    const hash = hashOf(value)
    return this.#sessions.find((other) => sameHash(other.hash, hash))
  }

  #good(now: number): readonly Session[] {
    return this.#sessions.filter(({ key, expires }) => now < expires && this.callers.ofKey(key, now))
  }

  #load(): void {
    if (this.#file === undefined) return
    try {
      this.#sessions = fileSchema.parse(JSON.parse(readFileSync(this.#file, 'utf8'))).sessions
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn({}, `everybody has to log in again, as ${this.#file} cannot be read: ${describeError(error)}`)
    }
  }

  #keep(sessions: readonly Session[]): void {
    this.#sessions = sessions
    if (this.#file === undefined) return
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify({ format: 1, sessions }), { mode: 0o600 })
      renameSync(`${this.#file}.new`, this.#file)
    } catch (error) {
      this.#log.warn({}, `log-ins and log-outs are forgotten at the next start: ${describeError(error)}`)
    }
  }
}

/** Names a session without opening it. */
function idOf(hash: string): string {
  return hash.slice(0, 16)
}
