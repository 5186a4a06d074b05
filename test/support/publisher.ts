import { connect, type Socket } from 'node:net'

/** Messages encoded for the wire, to be written as often as wanted. */
export interface EncodedMessages {
  readonly bytes: Buffer
  readonly messages: number
}

/** Encodes PUBLISH packets of MQTT 3.1.1. Packet ids count from 1 in each call, so at most 65,535 messages with QoS 1. */
export function encodeMessages(
  messages: Iterable<{ readonly topic: string; readonly payload: string | Uint8Array; readonly retain?: boolean }>,
  qos: 0 | 1 = 0,
): EncodedMessages {
  const packets: Buffer[] = []
  for (const { topic, payload, retain } of messages) {
    const name = Buffer.from(topic)
    const body = typeof payload === 'string' ? Buffer.from(payload) : payload
    const head = Buffer.from([
      0x30 | (qos << 1) | (retain ? 1 : 0),
      ...variableLength(2 + name.length + qos * 2 + body.length),
    ])
    const id = packets.length + 1
    packets.push(Buffer.concat([head, uint16(name.length), name, ...(qos === 1 ? [uint16(id)] : []), body]))
  }
  return { bytes: Buffer.concat(packets), messages: packets.length }
}

/**
 * Publishes over a bare socket, in large writes of messages that were encoded before: it costs next to nothing, so that
 * what is measured is the broker and who subscribes.
 */
export class RawPublisher {
  readonly #socket: Socket
  #acknowledged = 0
  #written = 0
  #failed: Error | undefined
  readonly #waiting = new Set<() => void>()

  private constructor(socket: Socket) {
    this.#socket = socket
    let accepted = false
    socket.on('data', (chunk) => {
      let bytes = chunk.length
      if (!accepted) {
        accepted = true
        bytes -= 4
      }
      // Nothing but PUBACKs of four bytes comes.
      this.#acknowledged += bytes / 4
      this.#wake()
    })
    socket.on('drain', () => this.#wake())
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the broker closed the connection')))
  }

  /** Connects with MQTT 3.1.1. */
  static async connect(port: number, host = '127.0.0.1'): Promise<RawPublisher> {
    const socket = connect({ port, host, noDelay: true })
    const publisher = new RawPublisher(socket)
    const id = Buffer.from(`raw-${process.pid}-${Math.random().toString(36).slice(2)}`)
    const body = Buffer.concat([Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 0]), uint16(id.length), id])
    socket.write(Buffer.concat([Buffer.from([0x10, ...variableLength(body.length)]), body]))
    await publisher.#until(() => socket.bytesRead >= 4)
    return publisher
  }

  /** Messages of QoS 1 that the broker has acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged
  }

  /** Writes messages; resolves when there is room for more. */
  async write({ bytes, messages }: EncodedMessages): Promise<void> {
    if (this.#failed) throw this.#failed
    this.#written += messages
    if (!this.#socket.write(bytes)) await this.#until(() => this.#socket.writableLength === 0)
  }

  /** Resolves when at most `most` messages of QoS 1 are not acknowledged. */
  acknowledgedBut(most: number): Promise<void> {
    return this.#until(() => this.#written - this.#acknowledged <= most)
  }

  /** Disconnects once everything is written. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve())
      if (this.#socket.closed) resolve()
      this.#socket.end(Buffer.from([0xe0, 0]))
    })
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failed) throw this.#failed
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #fail(error: Error): void {
    this.#failed ??= error
    this.#wake()
  }

  #wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff])
}

function variableLength(length: number): number[] {
  const bytes: number[] = []
  do {
    bytes.push((length & 0x7f) | (length > 0x7f ? 0x80 : 0))
    length >>= 7
  } while (length > 0)
  return bytes
}
