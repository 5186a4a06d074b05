import { createServer, type Server, type Socket } from 'node:net'

/** A broker that accepts everybody and then sends `bytes`. */
export class ScriptedBroker {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  connections = 0

  constructor(port: number, version: number, bytes: readonly number[]) {
    this.#server = createServer((socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => {
        socket.write(Buffer.from(version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]))
        socket.write(Buffer.from(bytes))
      })
    }).listen(port, '127.0.0.1')
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
