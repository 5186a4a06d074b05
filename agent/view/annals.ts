import type { AlarmEvent, AuditEvent, Entry, Journal, JournalEvent } from '../core/index.ts'
import { readSoon, timeOf } from '../journal/index.ts'

/** Events kept in memory; older ones are in the journal. */
const most = 5_000
/** Bytes of one answer, about: what is older is asked for in other ways. */
const mostBytes = 2_000_000
/** Entries that one request looks through at most, beyond what earlier ones have. */
const entriesPerRequest = 50_000

type Told = AlarmEvent | AuditEvent

/**
 * What became of alarms and what operators did, newest last: followed as it happens, and looked up in the journal, backwards
 * and only as far as somebody asks.
 */
export class Annals {
  readonly #journal: Journal
  readonly #heard: (event: JournalEvent) => void
  #events: Told[] = []
  /** Looked through from here on. */
  #from: number
  #reached: number | undefined
  #searching: Promise<void> = Promise.resolve()

  /** `heard`: called with every event among the new results, also those that are not kept here. */
  constructor(journal: Journal, heard: (event: JournalEvent) => void = () => undefined) {
    this.#journal = journal
    this.#heard = heard
    this.#from = journal.stats('results').next
  }

  /** Follows the results until the signal aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    for await (const entries of this.#journal.follow('results', this.#from, signal)) {
      for (const entry of entries) if (entry.kind === 'event') this.#heard(entry.event)
      this.#events.push(...told(entries))
      if (this.#events.length > most * 1.1) this.#events = this.#events.slice(-most)
    }
  }

  /** Newest first; `reaches` is where the search has come to, null at the beginning of the journal. */
  async newest<Type extends Told['type']>(
    type: Type,
    limit: number,
  ): Promise<{ events: Extract<Told, { type: Type }>[]; reaches: number | null }> {
    const found = () => this.#events.filter((event): event is Extract<Told, { type: Type }> => event.type === type)
    if (found().length < limit) await (this.#searching = this.#searching.then(() => this.#search(limit)))
    const complete = this.#from <= this.#journal.stats('results').first
    const wanted = found().slice(-limit).reverse()
    const events = within(mostBytes, wanted)
    if (events.length < wanted.length) return { events, reaches: events[events.length - 1].time }
    return { events, reaches: complete ? null : (this.#reached ?? Date.now()) }
  }

  /** Goes back through the journal: until there are enough, or enough was looked through. */
  async #search(limit: number): Promise<void> {
    const chunk = 100
    const { first } = this.#journal.stats('results')
    for (let read = 0; read < entriesPerRequest && this.#from > first; read += chunk) {
      const begin = Math.max(first, this.#from - chunk)
      const entries = await readSoon(this.#journal, 'results', begin, this.#from - begin)
      const earlier = told(entries.filter(({ offset }) => offset < this.#from))
      this.#events.unshift(...earlier)
      this.#from = begin
      if (entries.length > 0) this.#reached = timeOf(entries[0])
      if (this.#events.length >= Math.max(most, limit)) return
      await new Promise(setImmediate)
    }
  }
}

/** As many from the beginning as are not larger together, the first in any case. */
function within<Type extends Told>(bytes: number, events: readonly Type[]): Type[] {
  let size = 0
  return events.filter((event, at) => (size += size > bytes ? 1 : JSON.stringify(event).length) <= bytes || at === 0)
}

function told(entries: readonly Entry[]): Told[] {
  return entries.flatMap((entry) =>
    entry.kind === 'event' && (entry.event.type === 'alarm' || entry.event.type === 'audit') ? [entry.event] : [],
  )
}
