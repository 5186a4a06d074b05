import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** Passes TCP connections on to a port of the loopback, until they are cut as a broken cable would. */
export class Proxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

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
        one.pipe(other)
      }
    })
    return proxy
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
