import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Aedes } from 'aedes'

/** Aedes, a broker of MQTT 3.1.1, in this process on a free port; sessions and retained messages live as long as it does. */
export class AedesBroker {
  readonly #broker: Aedes
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(broker: Aedes) {
    this.#broker = broker
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      broker.handle(socket)
    })
  }

  static async start(): Promise<AedesBroker> {
    const started = new AedesBroker(await Aedes.createBroker())
    await new Promise<void>((resolve) => started.#server.listen(0, '127.0.0.1', () => resolve()))
    return started
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`
  }

  /** Breaks all connections, as a switch that fails does. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async dispose(): Promise<void> {
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()))
    this.cut()
    this.#server.close()
  }
}
