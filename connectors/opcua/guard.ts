import { createHash } from 'node:crypto'
import { BinaryStream } from 'node-opcua-binary-stream'
import type { DataValue } from 'node-opcua-client'
import type { InHand } from '../../agent/core/index.ts'

/**
 * Marks the notification that is read. Where a process has ended in one, each value is marked by itself from then on, and
 * one that ended two is known: the library has decoded it by then, so only what we make of it is guarded.
 */
export class Guard {
  readonly #inHand: InHand | undefined
  readonly #part: string
  readonly #singly: boolean

  constructor(inHand: InHand | undefined, name: string) {
    this.#inHand = inHand
    this.#part = `connector ${name}`
    this.#singly = inHand !== undefined && inHand.suspects(this.#part).length > 0
  }

  /** Begins with a notification. */
  begin(): void {
    this.#inHand?.take(this.#part, '')
  }

  /** Whether a value of the node at `address` may be read. */
  admits(address: string, { value }: DataValue): boolean {
    if (!this.#singly) return true
    const stream = new BinaryStream(value.binaryStoreSize())
    value.encode(stream)
    const key = createHash('sha1').update(address).update(stream.buffer).digest('base64')
    return this.#inHand!.take(this.#part, key)
  }

  /** Through with it. */
  done(): void {
    this.#inHand?.done(this.#part)
  }
}
