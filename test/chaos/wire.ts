import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** What a wire does with what is sent over it. */
export type Condition = 'sound' | 'cut off' | 'stalled' | 'slowed'

/** Bytes that a slowed wire passes at a time, and the pause after them in ms. */
const slow = { bytes: 700, pause: 20 }

/** TCP to a server of the loopback that can be cut off, stalled, slowed, or reset in the middle of a message. */
export class Wire {
  readonly port: number
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #condition: Condition = 'sound'
  #changed = new AbortController()
  #resets = false

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#join(near))
  }

  static async to(target: number): Promise<Wire> {
    const server = createServer()
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new Wire(server, target)
  }

  set condition(condition: Condition) {
    this.#condition = condition
    this.#changed.abort()
    this.#changed = new AbortController()
    if (condition === 'cut off') for (const socket of this.#sockets) socket.destroy()
  }

  /** Of the next piece that comes, half is passed on; then both ends are told that the connection is no more. */
  reset(): void {
    this.#resets = true
  }

  async close(): Promise<void> {
    this.condition = 'cut off'
    await once(this.#server.close(), 'close')
  }

  #join(near: Socket): void {
    if (this.#condition === 'cut off') {
      near.on('error', () => undefined).destroy()
      return
    }
    const far = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      this.#sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
      this.#pass(one, other).catch(() => one.destroy())
    }
  }

  async #pass(from: Socket, to: Socket): Promise<void> {
    for await (const bytes of from as AsyncIterable<Buffer>) {
      if (this.#resets) {
        this.#resets = false
        to.write(bytes.subarray(0, bytes.length >> 1), () => to.resetAndDestroy())
        return
      }
      for (let at = 0; at < bytes.length;) {
        const { signal } = this.#changed
        if (this.#condition === 'stalled') {
          if (!signal.aborted) await once(signal, 'abort')
          continue
        }
        const slowed = this.#condition === 'slowed'
        const piece = bytes.subarray(at, slowed ? at + slow.bytes : undefined)
        at += piece.length
        if (!to.write(piece)) await once(to, 'drain', { signal: AbortSignal.timeout(60_000) })
        if (slowed) await wait(slow.pause, undefined, { signal }).catch(() => undefined)
      }
    }
    to.end()
  }
}
