// Longer than others: connecting, losing and leaving are one life with one owner of what remains of a connection.
import { join } from 'node:path'
import type { OPCUAClient } from 'node-opcua-client'
import { Observable } from 'rxjs'
import type { Subscriber } from 'rxjs'
import {
  type Arrival,
  type Clock,
  type ConnectorContext,
  type GapEvent,
  type InHand,
  type Source,
  describeError,
  emptyBatch,
} from '../../agent/core/index.ts'
import type { Connector, Session } from './client.ts'
import { isOverlong, told } from './faults.ts'
import type { Outage } from './backfill.ts'
import { LastStored } from './last-stored.ts'
import type { Ending, Link, LinkHost } from './link.ts'
import { makeInventory, type Item, type ItemReader } from './items.ts'
import { ValueReader } from './reader.ts'
import { Reports } from './reports.ts'
import { statusOf } from './status.ts'
import { mergeSpans, type Span } from './spans.ts'
import type { SessionSettings } from './settings.ts'
import type { Limits, Subscriptions } from './subscriptions.ts'

/** Batches that may wait for the journal before the source stops reading. */
const mostUnsettled = 64
/** Of a security token, as node-opcua asks for it, ms. */
const lifeOfToken = 600_000

const lost = 'the connection was lost'

/** Makes the reader of one run of a source. */
type MakeReader = (settings: SessionSettings, context: ConnectorContext) => ItemReader

const samples: MakeReader = ({ elements }, { name, tags, metrics }) => new ValueReader(name, tags, metrics, elements)

/** Reads the values of nodes of one OPC UA server by subscription. `reader`: what becomes of them; samples by default. */
export class OpcuaSource implements Source {
  readonly #settings: SessionSettings
  readonly #context: ConnectorContext
  readonly #reader: MakeReader
  #run: Run | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(settings: SessionSettings, context: ConnectorContext, reader = samples) {
    this.#settings = settings
    this.#context = context
    this.#reader = reader
  }

  batches(): Observable<Arrival> {
    return new Observable((subscriber) => {
      const run = new Run(this.#settings, this.#context, subscriber, this.#reader(this.#settings, this.#context))
      this.#run = run
      this.#running = run.start()
      return () => run.stop()
    })
  }

  closed(): Promise<void> {
    return this.#running
  }

  stepped(step: number): void {
    this.#run?.stepped(step)
  }
}

/** What is kept of a connection that was lost. */
interface Remains {
  readonly client: OPCUAClient
  readonly session: Session
  readonly subscriptions: Subscriptions | undefined
}

/** One subscription of the observable: connects, again and again, until it is stopped. The one owner of reconnecting. */
class Run implements LinkHost {
  readonly name: string
  readonly settings: SessionSettings
  readonly clock: Clock
  readonly inventory
  readonly items: readonly Item[]
  readonly reports
  readonly reader
  readonly inHand: InHand | undefined
  readonly limits: Limits
  readonly #context: ConnectorContext
  readonly #subscriber: Subscriber<Arrival>
  readonly #lastStored: LastStored
  #link: Link | undefined
  #remains: Remains | undefined
  #stopping = false
  /** Ends a pause between attempts. */
  #wake: () => void = () => undefined
  #unsettled = 0
  #paused = false
  /** Since when nothing is known, ms since epoch; undefined while connected. */
  #lostSince: number | undefined
  /** What was known before subscriptions were taken over, and since when not, until they have sent something. */
  #unproven: Outage | undefined

  constructor(
    settings: SessionSettings,
    context: ConnectorContext,
    subscriber: Subscriber<Arrival>,
    reader: ItemReader,
  ) {
    this.settings = settings
    this.#context = context
    this.#subscriber = subscriber
    this.name = context.name
    this.clock = context.clock
    this.inventory = makeInventory(settings)
    this.items = this.inventory.items
    this.reports = new Reports(context.name, settings.events)
    this.limits = { perCall: settings.items_per_call }
    this.reader = reader
    this.inHand = context.inHand
    this.#lastStored = new LastStored(join(context.folder, 'last-stored'))
  }

  async start(): Promise<void> {
    if (!Number.isNaN(this.#lastStored.time)) this.#lostSince = this.#lastStored.time
    this.#context.report({ state: 'connecting', message: `connecting to ${this.settings.endpoint}` })
    // Loading the library takes half a second and 100 MB: only where there is such a source.
    const { Connector } = await import('./client.ts')
    const pki = this.settings.pki ?? join(this.#context.folder, 'pki')
    const connector = new Connector(this.settings, pki, this.#context.log)
    for (let attempt = 0; !this.#stopping; attempt++) {
      const since = performance.now()
      let untrusted = false
      try {
        const ending = await this.#connectOnce(connector)
        if (performance.now() - since > this.settings.reconnect.longest) attempt = 0
        await this.#lost(ending)
      } catch (error) {
        untrusted = told(error).code === 'SOURCE_UNTRUSTED'
        this.#failed(error)
      }
      await this.#pause(attempt, untrusted)
    }
    await this.#leave(connector)
  }

  stop(): void {
    this.#stopping = true
    this.#link?.quit()
    this.#wake()
  }

  // ---------------------------------------------------------------- connecting

  /** Connects and stays; resolves when the connection has ended. Rejects where it cannot be made. */
  async #connectOnce(connector: Connector): Promise<Ending> {
    const [{ Link, knownOf }, { disconnect }] = await Promise.all([import('./link.ts'), import('./client.ts')])
    const remains = this.#remains
    const connection = await connector.connect(remains?.session)
    const link = new Link(this, connection)
    const known = this.#unproven?.known ?? knownOf(this.items)
    try {
      const goesOn = await link.open(remains?.subscriptions)
      this.#remains = undefined
      this.#up(link, known, goesOn, remains !== undefined)
    } catch (error) {
      link.close()
      if (!connection.resumed) await disconnect(connection.client)
      else {
        // The session has moved to the new client: it is tried again from there.
        this.#remains = {
          client: connection.client,
          session: connection.session,
          subscriptions: remains?.subscriptions,
        }
        void disconnect(remains!.client)
      }
      throw error
    }
    // The session, if it went on, is the new client's; the old one has nothing left to wait for.
    if (remains) void disconnect(remains.client)
    if (this.#stopping) link.quit()
    return link.ended
  }

  /** `known`: the newest value of each item before; `goesOn`: with the subscriptions of before. */
  #up(link: Link, known: Outage['known'], goesOn: boolean, again: boolean): void {
    const source = this.name
    this.#link = link
    if (this.#paused) link.pause()
    this.#context.metrics.gauge('source_up', 1, { source })
    if (again) this.#context.metrics.count('reconnects_total', 1, { source })
    const since = this.#unproven?.since ?? this.#lostSince
    this.#unproven = goesOn && since !== undefined ? { known, since } : undefined
    if (!goesOn && since !== undefined) {
      void this.#fillGap(link, link.served, { known, since }, lost)
      // Events are in no history of values.
      const time = this.clock.now()
      if (this.reports.nodes.length > 0) this.#tellGaps([{ from: since, to: time }], time, `events: ${lost}`)
    }
    this.#lostSince = undefined
    this.changed()
  }

  /** What was lost before is of the time of then; from when on nothing has come is told by the clock of now. */
  stepped(step: number): void {
    this.reader.stepped?.(step)
    if (step > lifeOfToken / 2) this.#link?.outlive()
    if (this.#lostSince !== undefined && Number.isNaN(this.#lastStored.time)) this.#lostSince += step
  }

  missed(link: Link, items: readonly Item[], outage: Outage): void {
    void this.#fillGap(link, items, outage, 'the server did not serve them')
  }

  /** Reads what items have missed, or records that it is missing. */
  async #fillGap(link: Link, items: readonly Item[], outage: Outage, why: string): Promise<void> {
    const { length } = items
    if (length === 0) return
    const time = this.clock.now()
    const { backfill } = this.settings
    const none = (): Span[] => [{ from: outage.since, to: time }]
    const holes = backfill ? await link.backfill(items, outage).catch(none) : none()
    const detail = backfill
      ? `${Math.min(holes.length, length)} nodes: the server has no whole history of them`
      : `${length} nodes: ${why}`
    this.#tellGaps(holes, time, detail)
  }

  #tellGaps(spans: readonly Span[], time: number, detail: string): void {
    const gap = { type: 'gap', time, source: this.name, detail } as const
    const events = mergeSpans(spans).map(({ from, to }): GapEvent => ({ ...gap, from, to }))
    if (events.length > 0) this.emit({ events }, this.clock.now(), () => undefined)
  }

  async #lost(ending: Ending): Promise<void> {
    const link = this.#link!
    link.close()
    this.#link = undefined
    if (link.proven) this.#unproven = undefined
    const { client, session } = link.connection
    const gone = ending.subscriptionsGone || this.#stopping
    this.#remains = { client, session, subscriptions: gone ? undefined : link.subscriptions }
    if (this.#stopping) return
    this.#tellLoss(ending)
    if (ending.silence === 0 || link.heard) return
    // Taken over and then silent again: such a session is dead, whatever the server says. Its end frees its place.
    this.#remains = undefined
    const { disconnect } = await import('./client.ts')
    await disconnect(client)
  }

  #tellLoss(ending: Ending): void {
    const { metrics, log } = this.#context
    metrics.gauge('source_up', 0, { source: this.name })
    if (ending.silence > 0) metrics.count('rebuilds_total', 1, { source: this.name })
    const arrival = this.clock.now()
    this.#lostSince ??= Number.isNaN(this.#lastStored.time) ? arrival : this.#lastStored.time
    // What was heard last held until then; it may take a while until silence is noticed.
    this.reader.addLoss(this.items, arrival - ending.silence)
    const data = this.reader.take(arrival)
    if (data) this.emit(data, arrival, () => undefined)
    const message = `connection lost: ${describeError(ending.error)}`
    log.warn({ endpoint: this.settings.endpoint }, message)
    const remedy = 'Bound the longest message on the server: it sends more than it is asked for.'
    this.#context.report({ state: 'down', message, ...(isOverlong(ending.error) && { remedy }) })
  }

  #failed(error: unknown): void {
    if (this.#stopping) return
    this.#context.metrics.gauge('source_up', 0, { source: this.name })
    const { remedy } = told(error)
    this.#context.report({ state: 'down', message: describeError(error), ...(remedy !== undefined && { remedy }) })
  }

  /** Waits before the next attempt: longer each time, half of it by chance, so that a plant's agents do not come at once. */
  async #pause(attempt: number, untrusted: boolean): Promise<void> {
    const { first, longest } = this.settings.reconnect
    // Someone may be approving the certificate right now.
    const most = untrusted ? Math.min(longest, 5_000) : longest
    const base = Math.min(most, first * 2 ** Math.min(attempt, 30))
    await this.#stoppedOr(base * (0.5 + Math.random() / 2))
  }

  /** Closes session and connection, so that a server with one session has it free. */
  async #leave(connector: Connector): Promise<void> {
    const { disconnect } = await import('./client.ts')
    if (this.#remains) await disconnect(this.#remains.client)
    await connector.close()
  }

  #stoppedOr(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      if (this.#stopping) this.#wake()
    })
  }

  // ---------------------------------------------------------------- for the link

  emit(data: Partial<Arrival>, arrival: number, settled: (stored: boolean) => void): void {
    if (this.#stopping) return
    if (++this.#unsettled >= mostUnsettled && !this.#paused) {
      this.#paused = true
      this.#link?.pause()
      this.#context.metrics.count('paused_total', 1, { source: this.name })
    }
    const batch = data.batch ?? emptyBatch(this.name, arrival)
    this.#subscriber.next({
      batch,
      ...data,
      settled: (stored) => {
        this.#unsettled--
        if (stored) this.#stored(arrival)
        if (this.#paused && this.#unsettled < mostUnsettled / 2) {
          this.#paused = false
          this.#link?.resume()
        }
        settled(stored)
      },
    })
  }

  changed(): void {
    const refused = this.items.filter((item) => item.refusal !== undefined)
    this.#context.metrics.gauge('quarantined_items', refused.length, { source: this.name })
    const { endpoint } = this.settings
    this.#context.report(statusOf(endpoint, this.inventory, this.reports, this.#link?.cuts ?? []))
  }

  alive(): void {
    this.#stored(this.clock.now())
  }

  #stored(arrival: number): void {
    if (this.#unsettled > 0 || this.#link?.owes) return
    this.#lastStored.note(arrival)
  }
}
