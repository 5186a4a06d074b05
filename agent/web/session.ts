import type { Session } from '../view/shapes.ts'
import { ApiError, get, post } from './api.ts'
import { strings } from './strings.ts'

const nameKey = 'millwright.operator'

/** Who operates the page, whether the agent lets them, and what was said about the last action. */
export class Operator {
  loggedIn = false
  read: Session['read'] = 'open'
  /** Who it is by their own token or the reverse proxy, with what they may do; absent: by the shared token, which may do all. */
  known: Pick<Session, 'name' | 'proof' | 'role' | 'may'> = {}
  /** Whether the log-in is on the screen. */
  asking = false
  note: { readonly text: string; readonly bad: boolean } | undefined
  readonly #changed: () => void
  #afterwards: (() => void) | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get name(): string {
    return this.known.name ?? localStorage.getItem(nameKey) ?? ''
  }

  /** Whether to offer an operation of the API, `POST /api/labels`; whoever is not logged in is asked to when they use it. */
  may(operation: string): boolean {
    return this.known.may?.includes(operation) ?? true
  }

  /** Closed to whoever is not logged in. */
  get shutOut(): boolean {
    return this.read === 'token' && !this.loggedIn
  }

  async start(): Promise<void> {
    try {
      const { loggedIn, read, ...known } = await get<Session>('/api/session')
      this.loggedIn = loggedIn
      this.read = read
      this.known = known
    } catch {
      // The event stream says when the agent is gone.
    }
    this.#changed()
  }

  ask(afterwards?: () => void): void {
    this.asking = true
    this.#afterwards = afterwards
    this.#changed()
  }

  leave(): void {
    this.asking = false
    this.#afterwards = undefined
    this.#changed()
  }

  /** Logs in, where a token is given, and keeps the name. True where that worked. */
  async enter(name: string, token: string): Promise<boolean> {
    if (name !== this.known.name) localStorage.setItem(nameKey, name)
    if (!this.loggedIn) {
      try {
        await post('/api/login', { token, ...(name && { by: name }) })
      } catch (error) {
        this.say(wordsOf(error), true)
        return false
      }
      await this.start()
      this.say(strings.session.loggedIn)
    }
    const next = this.#afterwards
    this.leave()
    next?.()
    return true
  }

  async logOut(): Promise<void> {
    await post('/api/logout', {}).catch(() => undefined)
    this.#forget()
    this.leave()
  }

  /** Does what changes something, in the operator's name; asks for the log-in first where it needs one. */
  async act(path: string, content: object, done: string): Promise<void> {
    const again = () => void this.act(path, content, done)
    if (!this.loggedIn) {
      this.ask(again)
      return
    }
    try {
      await post(path, { by: this.name || strings.session.anonymous, ...content })
      this.say(done)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        this.#forget()
        this.ask(again)
        return
      }
      this.say(wordsOf(error), true)
    }
  }

  #forget(): void {
    this.loggedIn = false
    this.known = {}
  }

  say(text: string, bad = false): void {
    this.note = text === '' ? undefined : { text, bad }
    const note = this.note
    this.#changed()
    if (!bad) setTimeout(() => this.note === note && this.say(''), 6_000)
  }
}

/** What went wrong and what to do, in words. */
export function wordsOf(error: unknown): string {
  return error instanceof ApiError ? `${error.message}. ${error.remedy}`.trim() : String(error)
}
