import { encodeAcks, packetType } from './wire.ts'

/** The messages of one arrival: what is owed to the broker for them, and what they weigh. */
interface Parcel {
  /** `packetType << 16 | packetId`, in the order the messages came. */
  readonly acks: number[]
  readonly received: readonly Received[]
  readonly bytes: number
  stored: boolean
}

/** A message of QoS 2 that the broker has not released. */
interface Received {
  readonly packetId: number
  recorded: boolean
  /** The connection on which it came last. */
  desk: AckDesk
}

/**
 * Messages of QoS 2 of a session that the broker may send again: known until it releases them, so that each is delivered
 * once however often the connection breaks. It is kept in memory: an agent that is killed may deliver one again.
 */
export class Unreleased {
  readonly #messages = new Map<number, Received>()

  /** Undefined where the message is known: it is not to be delivered again. */
  receive(packetId: number, desk: AckDesk): Received | undefined {
    const known = this.#messages.get(packetId)
    if (!known) {
      const message = { packetId, recorded: false, desk }
      this.#messages.set(packetId, message)
      return message
    }
    known.desk = desk
    if (known.recorded) desk.send([(packetType.pubrec << 16) | packetId])
    return undefined
  }

  /** The message is durable: says so on the connection on which it came last. */
  record(message: Received): void {
    message.recorded = true
    if (this.#messages.get(message.packetId) !== message) return
    message.desk.send([(packetType.pubrec << 16) | message.packetId])
  }

  /** Takes the next message of that packet id as a new one. */
  release(packetId: number): void {
    this.#messages.delete(packetId)
  }

  /** The messages could not be stored: the broker's next try is to be delivered. */
  forget(messages: readonly Received[]): void {
    for (const message of messages) {
      if (this.#messages.get(message.packetId) === message) this.#messages.delete(message.packetId)
    }
  }

  /** The broker began a new session: packet ids mean other messages now. */
  clear(): void {
    this.#messages.clear()
  }
}

/**
 * Acknowledges the messages of one connection, in the order in which they came (MQTT 5, 4.6) and only when their arrival
 * is durable. All that is due in one turn of the event loop is written in one piece.
 */
export class AckDesk {
  readonly #write: (packets: Buffer) => void
  readonly #unreleased: Unreleased
  #open = true
  #acks: number[] = []
  #received: Received[] = []
  #bytes = 0
  readonly #parcels: Parcel[] = []
  #due: number[] = []

  constructor(write: (packets: Buffer) => void, unreleased: Unreleased) {
    this.#write = write
    this.#unreleased = unreleased
  }

  /** Notes a message of `qos` and `bytes`; false where it was delivered before. */
  receive(qos: number, packetId: number, bytes: number): boolean {
    if (qos === 2) {
      const message = this.#unreleased.receive(packetId, this)
      if (!message) return false
      this.#received.push(message)
    } else if (qos === 1) this.#acks.push((packetType.puback << 16) | packetId)
    this.#bytes += bytes
    return true
  }

  /** Ends the parcel of the messages noted so far. Returns its bytes and what to call when its arrival is settled. */
  close(): { readonly bytes: number; settled(stored: boolean): void } {
    const parcel: Parcel = { acks: this.#acks, received: this.#received, bytes: this.#bytes, stored: false }
    this.#acks = []
    this.#received = []
    this.#bytes = 0
    this.#parcels.push(parcel)
    return { bytes: parcel.bytes, settled: (stored) => this.#settle(parcel, stored) }
  }

  /** Writes acks soon, together with all others of this turn. */
  send(acks: readonly number[]): void {
    if (!this.#open || acks.length === 0) return
    if (this.#due.length === 0) queueMicrotask(() => this.flush())
    for (const ack of acks) this.#due.push(ack)
  }

  /** Writes now what is due. */
  flush(): void {
    const due = this.#due
    if (due.length === 0) return
    this.#due = []
    if (this.#open) this.#write(encodeAcks(due))
  }

  /** Nothing more is written: the connection is gone, and the broker will send again what it was not told about. */
  abandon(): void {
    this.#open = false
  }

  #settle(parcel: Parcel, stored: boolean): void {
    parcel.stored = stored
    if (!stored) {
      this.#unreleased.forget(parcel.received)
      this.#open = false
      return
    }
    while (this.#parcels.length > 0 && this.#parcels[0].stored) {
      const { acks, received } = this.#parcels.shift()!
      this.send(acks)
      for (const message of received) this.#unreleased.record(message)
    }
  }
}
