import type { DeadLetter, DeadReason } from '../../agent/core/index.ts'

const payloadSize = 256
/** A footer is no longer than this, in lines. */
const longestFooter = 20

/** A letter that is no letter where the file ends with it: a line such as `Rows: 60`. */
interface Pending {
  readonly letter: DeadLetter
  readonly mayEnd: boolean
}

/** What cannot be used of a file, on its way to dead letters. */
export class Letters {
  readonly #origin: string
  #ready: DeadLetter[] = []
  #pending: Pending[] = []

  constructor(origin: string) {
    this.#origin = origin
  }

  get length(): number {
    return this.#ready.length
  }

  /** A value that is put aside, of a row that is taken. */
  add(reason: DeadReason, detail: string, time: number, subject: string, rows: number, bytes: Uint8Array): void {
    this.#ready.push(this.#letter(reason, detail, time, subject, rows, bytes))
  }

  /** A line that is put aside; where nothing but such lines come behind it and it `mayEnd` the table, it is its footer. */
  line(
    reason: DeadReason,
    detail: string,
    time: number,
    subject: string,
    rows: number,
    bytes: Uint8Array,
    mayEnd: boolean,
  ): void {
    // prettier-ignore
    this.#pending.push({ letter: this.#letter(reason, detail, time, subject, rows, bytes), mayEnd })
    if (this.#pending.length > longestFooter) this.#ready.push(this.#pending.shift()!.letter)
  }

  /** A row was taken: what came before it is no footer. */
  rowTaken(): void {
    if (this.#pending.length === 0) return
    for (const { letter } of this.#pending.splice(0)) this.#ready.push(letter)
  }

  take(): DeadLetter[] {
    const ready = this.#ready
    this.#ready = []
    return ready
  }

  /** The file has ended; returns the lines of its footer. */
  finish(): string[] {
    const last = this.#pending.findLastIndex(({ mayEnd }) => !mayEnd)
    const footer = this.#pending.splice(last + 1)
    this.rowTaken()
    return footer.map(({ letter }) => Buffer.from(letter.payload).toString().trim())
  }

  #letter(
    reason: DeadReason,
    detail: string,
    time: number,
    subject: string,
    rows: number,
    bytes: Uint8Array,
  ): DeadLetter {
    // prettier-ignore
    const payload = Uint8Array.from(bytes.subarray(0, payloadSize))
    return { time, origin: this.#origin, reason, detail, subject, rows, payload, size: bytes.length }
  }
}
