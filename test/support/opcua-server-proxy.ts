import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A TCP proxy before a server, which can cut its connections, let them go silent, or change what the server says of itself. */
export class Proxy {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket }>()
  #open = true
  #silent = false
  readonly #requests: number | undefined
  /** Addresses that clients have named in their first message. */
  readonly addresses: string[] = []
  /** Closes connections whose secure channel has a security policy. */
  breaksSecure = false

  private constructor(target: number, requests: number | undefined) {
    this.#target = target
    this.#requests = requests
    this.#server = createServer((near) => this.#join(near))
  }

  /** `requests`: bytes of the longest request that the server says it takes; absent: what it says itself. */
  static async before(port: number, requests?: number): Promise<Proxy> {
    const proxy = new Proxy(port, requests)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Breaks all connections and takes none until `mend`. */
  cut(): void {
    this.#open = false
    for (const { near, far } of this.#pairs) {
      near.destroy()
      far.destroy()
    }
  }

  mend(): void {
    this.#open = true
    this.#silent = false
  }

  /** Leaves the connections open and forwards nothing more on them; new ones after `mend` work. */
  silence(): void {
    this.#silent = true
    for (const { near, far } of this.#pairs) {
      near.unpipe().resume()
      far.unpipe().resume()
    }
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #look(chunk: Buffer, near: Socket): void {
    const type = chunk.toString('latin1', 0, 3)
    // Hello (Part 6, 7.1.2.3): after the header of 8 bytes five numbers, then the address.
    if (type === 'HEL') this.addresses.push(chunk.toString('utf8', 32))
    if (type === 'OPN' && this.breaksSecure && !chunk.includes('SecurityPolicy#None')) near.destroy()
  }

  #join(near: Socket): void {
    near.on('error', () => undefined)
    if (!this.#open) {
      near.destroy()
      return
    }
    if (this.#silent) {
      near.resume()
      return
    }
    const far = connect(this.#target, '127.0.0.1')
    const pair = { near, far }
    this.#pairs.add(pair)
    far.on('error', () => undefined)
    // Acknowledge, the first message of the server (Part 6, 7.1.2.4): after the header of 8 bytes the version, two sizes of
    // buffers, and the longest message.
    far.once('data', (acknowledge: Buffer) => {
      if (this.#requests !== undefined) acknowledge.writeUInt32LE(this.#requests, 20)
      near.write(acknowledge)
      far.pipe(near)
    })
    near.on('data', (chunk: Buffer) => this.#look(chunk, near))
    near.pipe(far)
    near.on('close', () => far.destroy())
    far.on('close', () => {
      near.destroy()
      this.#pairs.delete(pair)
    })
  }
}
