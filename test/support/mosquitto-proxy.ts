import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes TCP connections on to a port of the loopback, until they are cut as a broken cable would. */
export class Proxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #held: { readonly bytes: Buffer; readonly from: Socket }[] | undefined

  private constructor(server: Server) {
    this.#server = server
    this.port = (server.address() as AddressInfo).port
  }

  static async start(target: number): Promise<Proxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const proxy = new Proxy(server)
    server.on('connection', (from) => {
      const to = connect({ port: target, host: '127.0.0.1', noDelay: true })
      for (const [one, other] of [
        [from, to],
        [to, from],
      ]) {
        proxy.#sockets.add(one)
        one.on('error', () => undefined)
        one.on('close', () => {
          proxy.#sockets.delete(one)
          other.destroy()
        })
      }
      from.pipe(to)
      to.on('data', (bytes: Buffer) => {
        if (proxy.#held) proxy.#held.push({ bytes, from })
        else from.write(bytes)
      })
    })
    return proxy
  }

  /** Keeps back what comes from the other side, until `release`. */
  hold(): void {
    this.#held ??= []
  }

  /** What is kept back. */
  get held(): Buffer {
    return Buffer.concat((this.#held ?? []).map(({ bytes }) => bytes))
  }

  /** Hands on in one piece what was kept back of a connection. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const from of new Set(held.map((one) => one.from)))
      from.write(Buffer.concat(held.filter((one) => one.from === from).map(({ bytes }) => bytes)))
  }

  /** Breaks every connection; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Breaks every connection and accepts no more. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }
}
