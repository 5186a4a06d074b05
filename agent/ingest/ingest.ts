import type { Subscription } from 'rxjs'
import {
  type Arrival,
  type Clock,
  type CorrectionEvent,
  type DeadLetter,
  type InHand,
  type Journal,
  JournalError,
  type JournalRecord,
  type LabelEvent,
  type Logger,
  type Metrics,
  type Source,
  describeError,
  emptyBatch,
} from '../core/index.ts'
import { AuditChain } from './audit-chain.ts'
import type { Corrections } from './corrections.ts'
import { expressible, expressibleEvents } from './expressible.ts'

/** How long arrivals may be under way from a source to here, ms. */
const inFlight = 10_000

/** What became of a source's samples: received = stored + rejected + in flight. */
export interface SourceLedger {
  readonly received: number
  readonly stored: number
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>
  readonly inFlight: number
  /** Could not be stored; the far side keeps them, where its protocol can. Not part of `received`. */
  readonly refused: number
}

interface Tally {
  received: number
  stored: number
  rejected: Record<string, number>
  inFlight: number
  refused: number
}

/** A source at work, and the arrivals of it that are on their way to the disk. */
interface Running {
  readonly source: Source
  readonly subscription: Subscription
  readonly underWay: Set<Promise<void>>
}

export interface IngestOptions {
  readonly journal: Journal
  readonly metrics: Metrics
  readonly log: Logger
  readonly clock: Clock
  /** How long after the last sample ticks go on, in ms: until every window has had its idle timeout. */
  tickFor(): number
  /** Looks up what corrections speak of; absent where there are no stations. */
  readonly corrections?: Corrections
  readonly inHand?: InHand | undefined
}

/** From the sources into the journal. A source is told that its batch is settled when the disk has it. */
export class Ingest {
  readonly #options: IngestOptions
  readonly #chain: AuditChain
  readonly #tallies = new Map<string, Tally>()
  readonly #sources = new Map<string, Running>()
  /** The newest step of the clock, and until when arrivals by the clock before may come. */
  #step: { readonly ms: number; readonly until: number } | undefined
  #appended = -Infinity
  #full = false
  #ticker: NodeJS.Timeout | undefined

  constructor(options: IngestOptions) {
    this.#options = options
    this.#chain = new AuditChain(options.journal)
  }

  /** Lets time pass in the journal; sources are added. */
  start(): void {
    this.#ticker = setInterval(() => this.#tick(), 1_000)
  }

  /** Takes what a source has, from now on. */
  add(name: string, source: Source): void {
    const { log, inHand } = this.#options
    this.#tallies.set(name, this.#earlier(name))
    const underWay = new Set<Promise<void>>()
    inHand?.take(`connector ${name}`, '')
    const subscription = source.batches().subscribe({
      next: (arrival) => this.#follow(underWay, this.#take(name, this.#byClock(arrival))),
      error: (error: unknown) => log.error({ source: name }, `source stopped: ${describeError(error)}`),
      complete: () => log.info({ source: name }, 'source has no more data'),
    })
    inHand?.done(`connector ${name}`)
    this.#sources.set(name, { source, subscription, underWay })
  }

  /** Ends a source; resolves when what it had handed on is stored and acknowledged, and its connections are closed. */
  async remove(name: string): Promise<void> {
    const known = this.#sources.get(name)
    if (!known) return
    known.subscription.unsubscribe()
    await known.source.closed?.()
    await Promise.all(known.underWay)
    this.#sources.delete(name)
    this.#tallies.delete(name)
  }

  stop(): void {
    clearInterval(this.#ticker)
    for (const { subscription } of this.#sources.values()) subscription.unsubscribe()
  }

  /** Resolves when nothing is in flight. */
  async drained(): Promise<void> {
    for (const { underWay } of this.#sources.values()) while (underWay.size > 0) await Promise.all(underWay)
  }

  /** Whether nothing can be stored at the moment. */
  get full(): boolean {
    return this.#full
  }

  ledger(): Record<string, SourceLedger> {
    return Object.fromEntries(
      [...this.#tallies].map(([name, tally]) => [name, { ...tally, rejected: { ...tally.rejected } }]),
    )
  }

  /** Stores what a source has read once more of what it had put aside; resolves when the disk has it. */
  async takeAgain(name: string, arrival: Arrival): Promise<void> {
    if (!this.#tallies.has(name)) throw new JournalError('JOURNAL_IO', `${name} is not at work now`)
    const stored = await new Promise<boolean>((resolve) => void this.#take(name, { ...arrival, settled: resolve }))
    if (!stored) throw new JournalError('JOURNAL_IO', 'the journal could not store it')
  }

  /** The clock is about to be set forward by `step` ms: what follows in the journal is by the new one. */
  async stepped(step: number): Promise<void> {
    const time = this.#options.clock.now()
    this.#step = { ms: step, until: performance.now() + inFlight }
    await this.record([{ kind: 'event', event: { type: 'clock', time, step }, arrival: time }])
  }

  /** What no sink could express is put aside before it is stored. */
  #expressible(name: string, arrival: Arrival): Arrival {
    const { batch, letters } = expressible(arrival.batch, this.#options.journal.tags)
    const said = expressibleEvents(arrival.events ?? [], name, arrival.batch.arrival)
    if (letters.length + said.letters.length === 0) return arrival
    return { ...arrival, batch, events: said.events, rejected: [...(arrival.rejected ?? []), ...letters, ...said.letters] } // prettier-ignore
  }

  /** As the clock is now: what was received just before it was set is not of another time. */
  #byClock(arrival: Arrival): Arrival {
    if (!this.#step || arrival.batch.paced) return arrival
    if (performance.now() > this.#step.until) this.#step = undefined
    const at = arrival.batch.arrival + (this.#step?.ms ?? 0)
    const now = this.#options.clock.now()
    const isOld = Math.abs(at - now) < Math.abs(arrival.batch.arrival - now)
    return isOld ? { ...arrival, batch: { ...arrival.batch, arrival: at } } : arrival
  }

  /** Appends records that come from the agent itself: operator actions, model changes. */
  async record(records: readonly JournalRecord[]): Promise<void> {
    await this.#chain.append(records)
  }

  #follow(underWay: Set<Promise<void>>, taking: Promise<void>): void {
    underWay.add(taking)
    void taking.finally(() => underWay.delete(taking))
  }

  async #take(name: string, given: Arrival): Promise<void> {
    const { journal } = this.#options
    const arrival = this.#expressible(name, given)
    const { batch, rejected = [], events = [] } = arrival
    const tally = this.#tallies.get(name)!
    const rows = batch.length + rejected.reduce((total, letter) => total + letter.rows, 0)
    tally.received += rows
    tally.inFlight += rows
    const records: JournalRecord[] = batch.length > 0 || batch.paced ? [{ kind: 'samples', batch }] : []
    const said = events.filter((event) => event.type === 'correction')
    for (const event of events) {
      if (event.type === 'correction') continue
      records.push({ kind: 'event', event, arrival: batch.arrival })
      // What a file says is read as data; what comes as a message somebody says now.
      if (event.type === 'label' && batch.paced !== true) records.push(audited(name, event, batch.arrival))
    }
    const letters = rejected.map((letter): JournalRecord => ({ kind: 'dead', letter }))
    try {
      await Promise.all([
        records.length > 0 ? this.#chain.append(records) : undefined,
        letters.length > 0 ? journal.append('dead', letters) : undefined,
        said.length > 0 ? this.#correct(name, tally, said, batch.arrival) : undefined,
      ])
    } catch (error) {
      tally.inFlight -= rows
      tally.received -= rows
      tally.refused += rows
      this.#refused(error)
      arrival.settled?.(false)
      return
    }
    tally.inFlight -= rows
    this.#count(name, tally, arrival)
    this.#recovered()
    arrival.settled?.(true)
  }

  /** Corrections wait for what they speak of to be found; what comes after them does not. */
  async #correct(name: string, tally: Tally, said: readonly CorrectionEvent[], arrival: number): Promise<void> {
    const { journal, corrections, metrics } = this.#options
    for (const event of said) {
      const found = corrections ? await corrections.admit(event) : 'there are no stations'
      if (typeof found !== 'string') {
        await this.#chain.append([{ kind: 'event', event: found, arrival }, audited(name, found, arrival)])
        continue
      }
      await journal.append('dead', [{ kind: 'dead', letter: unknownPart(name, event, found, arrival) }])
      tally.received++
      tally.rejected.unknown = ((tally.rejected.unknown as number | undefined) ?? 0) + 1
      metrics.count('rejected_samples_total', 1, { source: name, reason: 'unknown' })
    }
  }

  #count(name: string, tally: Tally, { batch, rejected = [] }: Arrival): void {
    const { metrics, clock } = this.#options
    let rows = batch.length
    tally.stored += batch.length
    for (const letter of rejected) {
      rows += letter.rows
      tally.rejected[letter.reason] = (tally.rejected[letter.reason] ?? 0) + letter.rows
      metrics.count('rejected_samples_total', letter.rows, { source: name, reason: letter.reason })
    }
    metrics.count('received_samples_total', rows, { source: name })
    this.#appended = clock.now()
  }

  /** Time passes in the journal also when nothing arrives, so that windows close without the pipeline reading a clock. */
  #tick(): void {
    const now = this.#options.clock.now()
    if (now - this.#appended < 1_000 || now - this.#appended > this.#options.tickFor()) return
    const batch = emptyBatch('', now)
    this.#options.journal
      .append('samples', [{ kind: 'samples', batch }])
      .catch((error: unknown) => this.#refused(error))
  }

  #refused(error: unknown): void {
    if (!this.#full) this.#options.log.error({}, `nothing is acknowledged: ${describeError(error)}`)
    this.#full = true
  }

  #recovered(): void {
    if (this.#full) this.#options.log.info({}, 'the journal stores again')
    this.#full = false
  }

  /** What the journal has of this source from earlier runs; letters with the reason `rejected` come from a sink. */
  #earlier(name: string): Tally {
    const stored = this.#options.journal.stats('samples').totals[name] ?? 0
    const rejected: Record<string, number> = {}
    for (const [key, rows] of Object.entries(this.#options.journal.stats('dead').totals)) {
      const reason = key.startsWith(`${name}/`) ? key.slice(name.length + 1) : 'rejected'
      if (reason !== 'rejected') rejected[reason] = rows
    }
    const received = stored + Object.values(rejected).reduce((total, rows) => total + rows, 0)
    return { received, stored, rejected, inFlight: 0, refused: 0 }
  }
}

/** What somebody said of an asset or a part over a source, by the name that they gave themselves. */
function audited(source: string, event: LabelEvent | CorrectionEvent, time: number): JournalRecord {
  const [action, subject, word] =
    event.type === 'label'
      ? ['label', event.asset, [event.label, event.class ?? event.value].filter((part) => part !== undefined).join(' ')]
      : ['verdict', `${event.station} ${event.part}`, event.class]
  const detail = `${word} over ${source}`
  return { kind: 'event', event: { type: 'audit', time, by: event.by, action, subject, detail }, arrival: time }
}

function unknownPart(origin: string, event: CorrectionEvent, detail: string, time: number): DeadLetter {
  const payload = Buffer.from(JSON.stringify(event))
  const subject = `${event.station} ${event.part}`
  return { time, origin, reason: 'unknown', detail, subject, rows: 1, payload, size: payload.length }
}
