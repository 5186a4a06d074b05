import { Duplex } from 'node:stream'
import { PacketReader, type PacketReceiver, packetType } from './wire.ts'

/** What the owner of a gate is told; see `PacketReceiver`. */
export interface GateEvents extends Pick<PacketReceiver, 'message'> {
  /** The broker has released a message of QoS 2. */
  released(packetId: number): void
  /** The broker accepts the connection; `session`: it remembers this client. */
  accepted(session: boolean): void
  /** The broker has answered a ping. */
  answered(): void
  /** Something came from the broker. */
  alive(): void
}

/**
 * Stands between the socket and mqtt.js, which keeps the connection, subscriptions and pings. Messages do not go through
 * mqtt.js: they are read here, and acknowledged by `send` when they are durable and not before. mqtt.js would
 * acknowledge at once, or read one message per commit. Everything else passes in both directions.
 */
export class Gate extends Duplex {
  readonly #socket: Duplex
  readonly #reader: PacketReader
  #paused = false

  constructor(socket: Duplex, events: GateEvents, version: 4 | 5, maxPayload: number) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#reader = new PacketReader(
      {
        message: events.message.bind(events),
        control: (packet, body) => {
          if (packet[0] >> 4 === packetType.pubrel) events.released(packet.readUInt16BE(body))
          if (packet[0] >> 4 === packetType.connack && packet[body + 1] === 0) events.accepted(packet[body] === 1)
          if (packet[0] >> 4 === packetType.pingresp) events.answered()
          this.push(packet)
        },
        broken: (detail) => this.destroy(Object.assign(new Error(detail), { code: 'EPROTO' })),
      },
      version,
      maxPayload,
    )
    socket.on('data', (chunk: Buffer) => {
      // What the broker sends must end its connection at worst, whatever it is.
      try {
        this.#reader.push(chunk)
        events.alive()
      } catch (error) {
        this.destroy(error as Error)
      }
    })
    socket.on('error', (error) => this.destroy(error))
    // Later, so that mqtt.js reads the packet in which the broker says why.
    const ended = () => void setImmediate(() => this.destroy())
    socket.on('end', ended)
    socket.on('close', ended)
  }

  get paused(): boolean {
    return this.#paused
  }

  /** Stops or goes on reading from the broker. What was read already is still handed on. */
  setPaused(paused: boolean): void {
    this.#paused = paused
    if (paused) this.#socket.pause()
    else this.#socket.resume()
  }

  /** Writes packets past mqtt.js, which never splits a packet over two turns of the event loop. */
  send(packets: Buffer): void {
    if (!this.destroyed && this.#socket.writable) this.#socket.write(packets)
  }

  override _read(): void {
    // Control packets are pushed as they come; the flow of messages is held by `setPaused`.
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done)
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
