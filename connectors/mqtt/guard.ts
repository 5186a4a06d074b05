import { createHash } from 'node:crypto'
import { type ConnectorContext, mostEnds } from '../../agent/core/index.ts'

/** A message was in hand whenever the agent ended. */
export class Quarantined extends Error {
  override readonly message = `the agent ended ${mostEnds} times while it read this message`
}

/** Marks the message that is read, and knows those that ended the agent. */
export class Guard {
  readonly #inHand: ConnectorContext['inHand']
  readonly #part: string

  constructor({ inHand, name }: ConnectorContext) {
    this.#inHand = inHand
    this.#part = `connector ${name}`
  }

  /** Begins with the message whose topic and payload stand there. Throws Quarantined. */
  take(bytes: Buffer, from: number, to: number): void {
    if (!this.#inHand) return
    const key = createHash('sha1').update(bytes.subarray(from, to)).digest('base64')
    if (!this.#inHand.take(this.#part, key)) throw new Quarantined()
  }

  /** Through with it. */
  done(): void {
    this.#inHand?.done(this.#part)
  }
}
