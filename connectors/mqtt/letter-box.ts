import type { DeadLetter, DeadReason } from '../../agent/core/index.ts'
import { fieldName } from './patterns.ts'

/** Bytes of a payload that a dead letter keeps, so that it can be read again once its cause is mended. */
const wholePayload = 32_768
/** The same where many messages are put aside: bytes at once, and how many come back in a second. */
const burst = 4_000_000
const perSecond = 4_000
/** Bytes that are kept in any case, for people to look at. */
const glimpse = 256
/** Characters of a topic and field that a dead letter shows. */
const keptSubject = 300
/** Letters of one message; what is wrong with the rest of it is counted in them. */
const mostLetters = 20

type Draft = { -readonly [Key in keyof DeadLetter]: DeadLetter[Key] }

/** The message that letters are about. */
export interface Message {
  readonly topic: string
  /** As much of it as was received. */
  readonly payload: Uint8Array
  /** Its size at the sender. */
  readonly size: number
  /** ms since epoch. */
  readonly arrival: number
  /** It had waited at the broker. */
  readonly late: boolean
}

/** The name of a field as a letter keeps it. */
export function shownField(field: string): string {
  return fieldName(field.slice(0, keptSubject))
}

/** Dead letters of messages on their way to the journal: few for each message, and whole as long as they are not too many. */
export class LetterBox {
  readonly #origin: string
  #letters: Draft[] = []
  /** Letters before this message, and the bytes of it that they keep. */
  #before = 0
  #payload: Uint8Array | undefined
  #allowance = burst
  #allowed = Number.NaN

  constructor(origin: string) {
    this.#origin = origin
  }

  get letters(): readonly DeadLetter[] {
    return this.#letters
  }

  /** Letters of this message. */
  get own(): number {
    return this.#letters.length - this.#before
  }

  /** A message begins. */
  begin(): void {
    this.#before = this.#letters.length
    this.#payload = undefined
  }

  /** Something of the message cannot be used. */
  add(message: Message, reason: DeadReason, detail: string, field: string): void {
    const name = shownField(field)
    const { topic, size, arrival, late } = message
    const subject = `${topic.slice(0, keptSubject)}${name === '' ? '' : ` ${name}`}`
    const last = this.own > 0 ? this.#letters[this.#letters.length - 1] : undefined
    // A list of a thousand wrong values is one letter, not a thousand copies of the payload.
    if (last && ((last.reason === reason && last.subject === subject) || this.own >= mostLetters)) {
      // One that stands for several values is none of the message or of a value: which, nobody would know later.
      if (last.subject !== subject) delete last.message
      last.rows++
      return
    }
    this.#payload ??= this.#keep(message)
    this.#letters.push({
      ...{ time: arrival, origin: this.#origin, reason, detail: detail.slice(0, 500), subject, rows: 1 },
      ...{ payload: this.#payload, size, message: { topic, field: name, part: false, late } },
    })
  }

  /** Values of this message are stored: letters that speak of the message are of a part of it. */
  partly(): void {
    for (let at = this.#before; at < this.#letters.length; at++) {
      const letter = this.#letters[at]
      if (letter.message) letter.message = { ...letter.message, part: true }
    }
  }

  take(): readonly DeadLetter[] {
    const letters = this.#letters
    this.#letters = []
    this.#before = 0
    return letters
  }

  /** A copy of the payload. A device that never sends anything else must not wear out the disk. */
  #keep({ payload, arrival }: Message): Uint8Array {
    const since = arrival > this.#allowed ? arrival - this.#allowed : 0
    this.#allowance = Math.min(burst, this.#allowance + (since / 1_000) * perSecond)
    this.#allowed = arrival
    const whole = payload.length <= wholePayload && payload.length <= this.#allowance
    const kept = Uint8Array.from(payload.subarray(0, whole ? payload.length : glimpse))
    this.#allowance -= kept.length
    return kept
  }
}
