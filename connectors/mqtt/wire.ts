/** Packet types of MQTT, in the high half of a packet's first byte. */
export const packetType = { connack: 2, publish: 3, puback: 4, pubrec: 5, pubrel: 6, pingresp: 13 } as const

/**
 * Takes what comes from the broker. `bytes` is valid during the call only.
 * Topic and payload of a message are given as places in `bytes`; `size` is the full size of the payload, of which only
 * the beginning is there where the message is too large.
 */
export interface PacketReceiver {
  message(
    bytes: Buffer,
    first: number,
    packetId: number,
    topicStart: number,
    topicEnd: number,
    start: number,
    end: number,
    size: number,
  ): void
  /** Any other packet, whole and long enough for what its type must hold; its body begins at `body`. */
  control(packet: Buffer, body: number): void
  /** What came is not MQTT; nothing more is read. */
  broken(detail: string): void
}

/** Room for what stands before the payload: topic, packet id and properties. */
const headRoom = 128 * 1024
const maxControlPacket = 1024 * 1024

/**
 * Cuts the byte stream of an MQTT connection into packets, and messages into topic and payload, without an object per
 * message. Holds at most one packet of `maxPayload`; of a larger message it keeps the beginning and lets the rest pass.
 */
export class PacketReader {
  readonly #receiver: PacketReceiver
  readonly #version: 4 | 5
  readonly #largest: number
  /** The beginning of a packet whose end has not come. */
  #pieces: Buffer[] = []
  #have = 0
  #need = 0
  /** Bytes that still belong to a message that was too large. */
  #skip = 0
  #broken = false

  constructor(receiver: PacketReceiver, version: 4 | 5, maxPayload: number) {
    this.#receiver = receiver
    this.#version = version
    this.#largest = maxPayload + headRoom
  }

  push(chunk: Buffer): void {
    if (this.#broken) return
    let bytes = chunk
    if (this.#skip > 0) {
      const skipped = Math.min(this.#skip, bytes.length)
      this.#skip -= skipped
      bytes = bytes.subarray(skipped)
    }
    if (bytes.length === 0) return
    if (this.#have > 0) {
      this.#pieces.push(bytes)
      this.#have += bytes.length
      if (this.#have < this.#need) return
      bytes = Buffer.concat(this.#pieces, this.#have)
      this.#pieces = []
      this.#have = 0
    }
    this.#cut(bytes)
  }

  #cut(bytes: Buffer): void {
    const end = bytes.length
    let at = 0
    while (at < end) {
      let body = at + 1
      let length = 0
      let shift = 0
      let byte = 0x80
      while (body < end && byte >= 0x80 && shift <= 21) {
        byte = bytes[body++]
        length |= (byte & 0x7f) << shift
        shift += 7
      }
      if (byte >= 0x80) {
        if (shift > 21) {
          this.#break('a packet length of more than four bytes')
          return
        }
        this.#keep(bytes, at, end - at + 1)
        return
      }
      const next = body + length
      if (next > end) {
        this.#incomplete(bytes, at, body, length)
        return
      }
      const first = bytes[at]
      if (first >> 4 !== packetType.publish) {
        const problem = controlProblem(first, bytes, body, next, this.#version)
        if (problem !== undefined) {
          this.#break(problem)
          return
        }
        this.#receiver.control(bytes.subarray(at, next), body - at)
      } else if (!this.#message(bytes, first, body, next, next)) return
      at = next
    }
  }

  #incomplete(bytes: Buffer, at: number, body: number, length: number): void {
    const first = bytes[at]
    if (first >> 4 !== packetType.publish) {
      if (length > maxControlPacket) {
        this.#break(`a packet of ${length} bytes that is no message`)
        return
      }
      this.#keep(bytes, at, body + length - at)
      return
    }
    if (length <= this.#largest) {
      this.#keep(bytes, at, body + length - at)
      return
    }
    if (bytes.length - body < headRoom) {
      this.#keep(bytes, at, body + headRoom - at)
      return
    }
    this.#skip = length - (bytes.length - body)
    this.#message(bytes, first, body, body + length, bytes.length)
  }

  /** `next`: where the message ends; `end`: where what is there of it ends. */
  #message(bytes: Buffer, first: number, body: number, next: number, end: number): boolean {
    const topicStart = body + 2
    const topicEnd = topicStart + ((bytes[body] << 8) | bytes[body + 1])
    const hasId = (first & 0x06) !== 0
    let at = topicEnd + (hasId ? 2 : 0)
    if (body + 2 > end || at > end || (first & 0x06) === 0x06) {
      this.#break('a malformed message')
      return false
    }
    const packetId = hasId ? (bytes[topicEnd] << 8) | bytes[topicEnd + 1] : 0
    if (this.#version === 5) {
      at = afterProperties(bytes, at, end)
      if (at < 0 || at > next) {
        this.#break('malformed properties of a message')
        return false
      }
    }
    this.#receiver.message(bytes, first, packetId, topicStart, topicEnd, Math.min(at, end), end, next - at)
    return true
  }

  #keep(bytes: Buffer, at: number, need: number): void {
    this.#pieces = [at === 0 ? bytes : bytes.subarray(at)]
    this.#have = bytes.length - at
    this.#need = need
  }

  #break(detail: string): void {
    this.#broken = true
    this.#receiver.broken(detail)
  }
}

/** Least bytes of the body of what a broker may send, by type of packet; -1: a broker never sends it. */
const shortest = [-1, -1, 2, -1, 2, 2, 2, 2, -1, 3, -1, 2, -1, 0, 0, 0] as const

/**
 * What is wrong with a packet that is no message; undefined where nothing is. What parses it later throws, or answers with
 * what cannot be written, where an id is missing.
 */
function controlProblem(first: number, bytes: Buffer, body: number, end: number, version: 4 | 5): string | undefined {
  const type = first >> 4
  const flags = type === packetType.pubrel ? 2 : 0
  if (shortest[type] < 0 || (type > packetType.pingresp && version === 4))
    return `a packet of type ${type} from a broker`
  if ((first & 15) !== flags) return `flags ${first & 15} in a packet of type ${type}`
  const named = (type >= packetType.puback && type <= 7) || type === 9 || type === 11
  if (end - body < shortest[type] || (version === 5 && type === 2 && end - body < 3))
    return `a packet of type ${type} that is too short`
  return named && bytes[body] === 0 && bytes[body + 1] === 0 ? `a packet of type ${type} without an id` : undefined
}

/** The place after the properties that begin at `at`; negative where their length is malformed. */
function afterProperties(bytes: Buffer, at: number, end: number): number {
  let length = 0
  for (let shift = 0; shift <= 21 && at < end; shift += 7) {
    const byte = bytes[at++]
    length |= (byte & 0x7f) << shift
    if (byte < 0x80) return at + length
  }
  return -1
}

/** PUBACK or PUBREC packets, the success of each, in one piece: `acks` are `packetType << 16 | packetId`. */
export function encodeAcks(acks: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(acks.length * 4)
  for (let i = 0; i < acks.length; i++) {
    const ack = acks[i]
    bytes[i * 4] = (ack >> 16) << 4
    bytes[i * 4 + 1] = 2
    bytes[i * 4 + 2] = (ack >> 8) & 0xff
    bytes[i * 4 + 3] = ack & 0xff
  }
  return bytes
}
