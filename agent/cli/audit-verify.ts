import { auditHash, chainBegin, type Entry, type Journal } from '../core/index.ts'
import { type ChainEnd, isAudit, keptEnds } from '../ingest/index.ts'

/** What the chain of the audit is like. */
export interface AuditVerdict {
  /** Records with a place in the chain. */
  readonly linked: number
  /** Records from before there was a chain: nothing tells whether they were changed. */
  readonly unlinked: number
  /** Number and hash of the last record before the oldest that is kept: what the chain hangs on. */
  readonly anchor: { readonly sequence: number; readonly hash: string }
  readonly end: { readonly sequence: number; readonly hash: string }
  /** The first place where the chain does not hold, in words. */
  readonly break?: string
}

/** Follows the chain of the audit while the samples of a journal are walked through, oldest first. */
export class AuditCheck {
  readonly #ends: readonly ChainEnd[]
  readonly #trimmed: boolean
  readonly #anchored: { sequence: number; hash: string } = { sequence: 0, hash: chainBegin }
  #last: { sequence: number; hash: string } | undefined
  #linked = 0
  #unlinked = 0
  #break: string | undefined

  constructor(journal: Journal) {
    // What is appended meanwhile is beyond both.
    this.#ends = keptEnds(journal)
    this.#trimmed = journal.stats('samples').first > 0
  }

  take(entry: Entry): void {
    if (!isAudit(entry)) return
    const { event, offset } = entry
    const { link } = event
    const what = `record ${offset} (${event.by}: ${event.action} ${event.subject}, ${new Date(event.time).toISOString()})`
    if (!link) {
      this.#unlinked++
      if (this.#last) this.#broken(`${what} has no place in the chain, and those before it have`)
      return
    }
    this.#linked++
    if (!this.#last) this.#begin(link.sequence, link.previous, what)
    else if (link.sequence !== this.#last.sequence + 1)
      this.#broken(`before ${what}, number ${link.sequence}, comes number ${this.#last.sequence}: what was between is missing`) // prettier-ignore
    else if (link.previous !== this.#last.hash) this.#broken(`the record before ${what} was changed`)
    this.#last = { sequence: link.sequence, hash: auditHash(event) }
  }

  verdict(): AuditVerdict {
    const end = this.#last ?? this.#anchored
    this.#checkEnd(end)
    return { linked: this.#linked, unlinked: this.#unlinked, anchor: this.#anchored, end, ...(this.#break !== undefined && { break: this.#break }) } // prettier-ignore
  }

  #begin(sequence: number, previous: string, what: string): void {
    Object.assign(this.#anchored, { sequence: sequence - 1, hash: previous })
    if (sequence > 1 && !this.#trimmed)
      this.#broken(`${what} is number ${sequence}, but the journal was never trimmed: those before are missing`)
    if (sequence === 1 && previous !== chainBegin) this.#broken(`${what} is the first, but follows another`)
  }

  /** The newest record that was certainly stored has to be there, as it was. */
  #checkEnd({ sequence, hash }: { sequence: number; hash: string }): void {
    const [stored] = this.#ends
    if (this.#ends.length === 0) return
    if (sequence < stored.sequence && !(this.#last === undefined && this.#trimmed))
      this.#broken(`the chain ends with number ${sequence}, but ${stored.sequence} were stored: the newest are missing`)
    if (sequence === stored.sequence && hash !== stored.hash) this.#broken(`the newest record, number ${sequence}, was changed`) // prettier-ignore
  }

  #broken(what: string): void {
    this.#break ??= what
  }
}
