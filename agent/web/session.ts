import type { Session } from '../view/shapes.ts'
import { ApiError, get, post } from './api.ts'
import { strings } from './strings.ts'

const nameKey = 'millwright.operator'

/** Who operates the page, whether the agent lets them, and what was said about the last action. */
export class Operator {
  loggedIn = false
  read: Session['read'] = 'open'
  /** Whether the log-in is on the screen. */
  asking = false
  note: { readonly text: string; readonly bad: boolean } | undefined
  readonly #changed: () => void
  #afterwards: (() => void) | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get name(): string {
    return localStorage.getItem(nameKey) ?? ''
  }

  /** Closed to whoever is not logged in. */
  get shutOut(): boolean {
    return this.read === 'token' && !this.loggedIn
  }

  async start(): Promise<void> {
    try {
      const { loggedIn, read } = await get<Session>('/api/session')
      this.loggedIn = loggedIn
      this.read = read
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
    localStorage.setItem(nameKey, name)
    if (!this.loggedIn) {
      try {
        await post('/api/login', { token, ...(name && { by: name }) })
      } catch (error) {
        this.say(wordsOf(error), true)
        return false
      }
      this.loggedIn = true
      this.say(strings.session.loggedIn)
    }
    const next = this.#afterwards
    this.leave()
    next?.()
    return true
  }

  async logOut(): Promise<void> {
    await post('/api/logout', {}).catch(() => undefined)
    this.loggedIn = false
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
        this.loggedIn = false
        this.ask(again)
        return
      }
      this.say(wordsOf(error), true)
    }
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
