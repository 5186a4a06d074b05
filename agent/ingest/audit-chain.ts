import { type AuditEvent, auditHash, chainBegin, type Journal, type JournalRecord } from '../core/index.ts'

/** Under this name among the places of the journal stands where the audit ends. */
export const auditCursor = 'audit'

/** A record of the audit that others may follow: where it stands, its number and hash. */
export interface ChainEnd {
  readonly offset: number
  readonly sequence: number
  readonly hash: string
}

const nothing: ChainEnd = { offset: -1, sequence: 0, hash: chainBegin }

/**
 * Links the records of the audit: each carries the hash of the one before, so that none can be changed or taken out without
 * the others showing it. Where the chain ends stands beside the records.
 */
export class AuditChain {
  readonly #journal: Journal
  /** The newest that is on disk, and those on their way there. */
  #ends: readonly ChainEnd[]

  constructor(journal: Journal) {
    this.#journal = journal
    this.#ends = [chainEnd(journal)]
  }

  /** Appends records to the samples; those of the audit are linked. Resolves and rejects as the journal's `append` does. */
  async append(records: readonly JournalRecord[]): Promise<void> {
    const journal = this.#journal
    if (!records.some(isAudit)) {
      await journal.append('samples', records)
      return
    }
    let end = this.#ends[this.#ends.length - 1]
    const first = journal.stats('samples').next
    const linked = records.map((record, i) => {
      if (!isAudit(record)) return record
      const event = wellFormed({ ...record.event, link: { sequence: end.sequence + 1, previous: end.hash } })
      end = { offset: first + i, sequence: end.sequence + 1, hash: auditHash(event) }
      return { ...record, event }
    })
    const before = this.#ends
    this.#ends = [...before, end]
    try {
      // Where it is to stand is kept before it is there: after a crash, a look at that place tells whether it is.
      this.#keep()
      await journal.append('samples', linked)
      this.#ends = this.#ends.slice(Math.max(0, this.#ends.indexOf(end)))
      // Once it is there for certain, its absence is a loss; where this is not kept, it might have been a crash.
      this.#keep()
    } catch (error) {
      // What waited behind it is not stored either.
      if (this.#ends.includes(end)) this.#ends = this.#ends.slice(0, this.#ends.indexOf(end))
      throw error
    }
  }

  /** Where this cannot be stored, nor can what is appended behind it. */
  #keep(): void {
    const { offset } = this.#ends[this.#ends.length - 1]
    this.#journal.commit(auditCursor, { offset, state: this.#ends }).catch(() => undefined)
  }
}

/** What is kept of the end of a journal's chain: the newest record that is stored, and then those that were being stored. */
export function keptEnds(journal: Journal): readonly ChainEnd[] {
  return (journal.cursor(auditCursor)?.state ?? []) as readonly ChainEnd[]
}

/** Where the chain of a journal ends. */
function chainEnd(journal: Journal): ChainEnd {
  const ends = keptEnds(journal)
  const { first } = journal.stats('samples')
  const isThere = ({ offset, hash }: ChainEnd) => {
    const found = journal.read('samples', offset, 1).at(0)
    return offset < first || (found?.offset === offset && isAudit(found) && auditHash(found.event) === hash)
  }
  return ends.findLast(isThere) ?? ends.at(0) ?? nothing
}

type AuditRecord = Extract<JournalRecord, { kind: 'event' }> & { readonly event: AuditEvent }

export function isAudit<Any extends JournalRecord>(record: Any): record is Any & AuditRecord {
  return record.kind === 'event' && record.event.type === 'audit'
}

/** What is hashed is what will be read: UTF-8 keeps no half characters. */
function wellFormed(event: AuditEvent): AuditEvent {
  const pairs = Object.entries(event).map(([key, value]: [string, unknown]) => [
    key,
    typeof value === 'string' ? Buffer.from(value).toString() : value,
  ])
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined)) as AuditEvent
}
