import type { AgentState, Ledger } from '../view/shapes.ts'
import { get } from './api.ts'

/** Silence after which the connection counts as dead, ms: the agent sends a heartbeat every 5 s. */
const silence = 16_000
/** ms until a refused connection is tried again. */
const retry = 2_000
/** A page that nobody sees lets go of the agent after this long, ms. */
const unseen = 60_000
/** How often the ledger is asked for, ms. */
const ledgerEvery = 2_000

/** The agent as the page sees it: the newest state by server-sent events, the ledger by asking. Reconnects for ever. */
export class Live {
  state: AgentState | undefined
  ledger: Ledger | undefined
  connected = false
  /** When the agent was last heard, ms since epoch. */
  heard = Date.now()
  readonly #changed: () => void
  #events: EventSource | undefined
  #hidden: number | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  start(): void {
    this.#connect()
    setInterval(() => this.#watch(), 1_000)
    document.addEventListener('visibilitychange', () => this.#seen())
    void this.#keepLedger()
  }

  #connect(): void {
    this.#events?.close()
    const events = new EventSource('/api/events')
    this.#events = events
    events.addEventListener('state', (event: MessageEvent<string>) => {
      this.state = JSON.parse(event.data) as AgentState
      this.#alive()
    })
    events.addEventListener('heartbeat', () => this.#alive())
    // A refused connection is not tried again by the browser; one that broke is.
    events.onerror = () => {
      this.#dead()
      if (events.readyState === EventSource.CLOSED) setTimeout(() => this.#events === events && this.#connect(), retry)
    }
  }

  #alive(): void {
    this.heard = Date.now()
    this.connected = true
    this.#changed()
  }

  #dead(): void {
    this.connected = false
    this.#changed()
  }

  #watch(): void {
    if (this.#hidden !== undefined && Date.now() - this.#hidden > unseen) this.#events?.close()
    else if (this.#hidden === undefined && Date.now() - this.heard > silence) {
      this.#dead()
      this.heard = Date.now()
      this.#connect()
    }
  }

  #seen(): void {
    if (document.hidden) this.#hidden = Date.now()
    else {
      this.#hidden = undefined
      if (this.#events?.readyState === EventSource.CLOSED) this.#connect()
    }
  }

  async #keepLedger(): Promise<void> {
    if (!document.hidden && this.connected) {
      try {
        this.ledger = await get<Ledger>('/api/ledger')
        this.#changed()
      } catch {
        // The event stream says when the agent is gone.
      }
    }
    setTimeout(() => void this.#keepLedger(), ledgerEvery)
  }
}
