import { audit, timer, type Subscription } from 'rxjs'
import { type Logger, describeError } from '../core/index.ts'
import type { AgentView } from '../view/index.ts'

export interface FeedOptions {
  /** Least time between two states, ms. Large states, and states for many, come less often: see `pauseFor`. */
  readonly interval?: number
  /** ms. A page that hears nothing for three of them knows that the connection is dead. */
  readonly heartbeat?: number
  /** Streams at a time, of all clients together. */
  readonly capacity?: number
  /** A client that takes nothing for so long is cut off, ms. */
  readonly patience?: number
}

/** Whose stream it is: what tells clients apart, and whether token or session was shown. */
export interface Listener {
  readonly name: string
  readonly known: boolean
  /** False once its token or session is over: then the stream ends. */
  stays?(): boolean
}

interface Client {
  readonly listener: Listener
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** The newest state, while the one before it has not been taken. */
  waiting: Uint8Array | undefined
  /** When it last took something, ms since epoch. */
  taken: number
}

/** What one client gets at most, and what all of them get together. */
const bytesPerMillisecond = { client: 500, all: 2_000 }

/** ms between two states: at most 500 kB/s to each client, and 2 MB/s altogether. */
export function pauseFor(interval: number, size: number, clients: number): number {
  return Math.max(interval, size / bytesPerMillisecond.client, (size * clients) / bytesPerMillisecond.all)
}

/**
 * The agent's state as server-sent events: `state` with the whole `AgentState` when it changed, `heartbeat` in between.
 * Holds at most two states per client: a slow one skips what it has no time for, and never slows the agent or others.
 * Works only while somebody listens.
 */
export class EventFeed {
  readonly #view: AgentView
  readonly #log: Logger
  readonly #options: Required<FeedOptions>
  readonly #clients = new Set<Client>()
  readonly #encoder = new TextEncoder()
  #changes: Subscription | undefined
  #heartbeat: NodeJS.Timeout | undefined
  #size = 0
  #closed = false

  constructor(view: AgentView, log: Logger, options: FeedOptions = {}) {
    this.#view = view
    this.#log = log
    this.#options = { interval: 300, heartbeat: 5_000, capacity: 64, patience: 60_000, ...options }
  }

  get clients(): number {
    return this.#clients.size
  }

  /**
   * A new stream that begins with the state as it is. Where there are too many, the oldest of whoever has most is ended for
   * it; undefined where that would be the listener's own, or one of a known listener for an unknown one.
   */
  open(listener: Listener): ReadableStream<Uint8Array> | undefined {
    if (this.#closed || !this.#makeRoom(listener)) return undefined
    const first = this.#state()
    let client: Client
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          client = { listener, controller, waiting: undefined, taken: Date.now() }
          controller.enqueue(first)
          this.#join(client)
        },
        pull: () => {
          client.taken = Date.now()
          const frame = client.waiting
          client.waiting = undefined
          if (frame) client.controller.enqueue(frame)
        },
        cancel: () => this.#leave(client),
      },
      { highWaterMark: 1 },
    )
  }

  /** Ends every stream. */
  close(): void {
    this.#closed = true
    for (const client of [...this.#clients]) this.#end(client)
  }

  #end(client: Client): void {
    this.#leave(client)
    client.controller.close()
  }

  /** False where nobody has to give way to this listener. */
  #makeRoom({ name, known }: Listener): boolean {
    if (this.#clients.size < this.#options.capacity) return true
    const streams = new Map<string, Client[]>()
    for (const client of this.#clients) {
      const own = client.listener
      if (!known && own.known) continue
      streams.set(own.name, [...(streams.get(own.name) ?? []), client])
    }
    const most = [...streams.values()]
      .sort((a, b) => Number(a[0].listener.known) - Number(b[0].listener.known) || b.length - a.length)
      .at(0)
    if (!most || most[0].listener.name === name) return false
    // Who has as many as anybody waits: pages that end each other would do so for ever.
    const own = streams.get(name)?.length ?? 0
    if (most[0].listener.known === known && most.length <= own + 1) return false
    this.#end(most[0])
    return true
  }

  #sendAway(): void {
    for (const client of [...this.#clients]) if (client.listener.stays?.() === false) this.#end(client)
  }

  #join(client: Client): void {
    this.#clients.add(client)
    if (this.#changes) return
    const pause = () => timer(pauseFor(this.#options.interval, this.#size, this.#clients.size))
    this.#changes = this.#view.changes.pipe(audit(pause)).subscribe({
      next: () => this.#send(),
      error: (error: unknown) => this.#log.error({ error: describeError(error) }, 'live events ended'),
    })
    this.#heartbeat = setInterval(() => this.#beat(), this.#options.heartbeat)
  }

  #leave(client: Client): void {
    this.#clients.delete(client)
    if (this.#clients.size > 0) return
    this.#changes?.unsubscribe()
    this.#changes = undefined
    clearInterval(this.#heartbeat)
  }

  #send(): void {
    this.#sendAway()
    let frame: Uint8Array
    try {
      frame = this.#state()
    } catch (error) {
      this.#log.error({ error: describeError(error) }, 'the state could not be read')
      return
    }
    for (const client of this.#clients)
      if (client.controller.desiredSize! > 0) client.controller.enqueue(frame)
      else client.waiting = frame
  }

  #beat(): void {
    this.#sendAway()
    const frame = this.#encoder.encode(`event: heartbeat\ndata: ${Date.now()}\n\n`)
    for (const client of [...this.#clients])
      if (client.controller.desiredSize! > 0) client.controller.enqueue(frame)
      else if (Date.now() - client.taken > this.#options.patience) {
        this.#leave(client)
        client.controller.error(new Error('the client takes nothing'))
      }
  }

  #state(): Uint8Array {
    const frame = this.#encoder.encode(`retry: 2000\nevent: state\ndata: ${JSON.stringify(this.#view.state())}\n\n`)
    this.#size = frame.length
    return frame
  }
}
