import { BinaryStream } from 'node-opcua-binary-stream'
import { ClientTCP_transport } from 'node-opcua-transport'
import type { IClientTransportFactory, TransportSettingsOptions } from 'node-opcua-transport'

/** Bytes of the smallest chunk that a server may cut a message into (Part 6, 7.1.2.3). */
const smallestChunk = 8_192
/** What the library takes where nobody names a bound, bytes. */
const usual = 64 * 1024 * 1024

/**
 * Asks servers for messages of up to so many bytes, and takes them. By itself the library takes messages no longer than the
 * requests that the server takes, and breaks the connection at a longer one; and no ByteString above 16 MB, a bound of
 * the whole process that is lifted here: the message bounds what is in it.
 */
export function longMessages(bytes: number): IClientTransportFactory {
  BinaryStream.maxByteStringLength = 2 ** 31 - 1
  return { create: (settings) => new LongTransport({ ...settings, maxMessageSize: bytes }, bytes) }
}

class LongTransport extends ClientTCP_transport {
  readonly #bytes: number

  constructor(settings: TransportSettingsOptions, bytes: number) {
    super(settings)
    this.#bytes = bytes
  }

  override setLimits(limits: Parameters<ClientTCP_transport['setLimits']>[0]): void {
    const maxMessageSize = Math.max(limits.maxMessageSize, this.#bytes, usual)
    super.setLimits({ ...limits, maxMessageSize, maxChunkCount: Math.ceil((2 * maxMessageSize) / smallestChunk) })
  }
}
