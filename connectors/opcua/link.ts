// Longer than others: beginning, looking names up and watching share the state of one connection, which ends once.
import { transfer, abandon } from './carrying.ts'
import type { Arrival, Clock, InHand } from '../../agent/core/index.ts'
import { backfill, readNow, type Outage } from './backfill.ts'
import { sessionTimeout, type Connection } from './client.ts'
import { describeItems } from './describe.ts'
import { listen, modelHandle, refresh } from './event-items.ts'
import { isAnswer, isOverlong } from './faults.ts'
import type { Inventory, Item, ItemReader } from './items.ts'
import { lookUp, type Changes } from './lookup.ts'
import { nodeEvents } from './node-events.ts'
import { Publisher } from './publisher.ts'
import { Receiver } from './receiver.ts'
import type { Reports } from './reports.ts'
import type { SessionSettings } from './settings.ts'
import type { Span } from './spans.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Limits, Subscription } from './subscriptions.ts'
import { Tending } from './tending.ts'

/** What a link needs of its source. */
export interface LinkHost {
  readonly name: string
  readonly settings: SessionSettings
  readonly clock: Clock
  readonly inventory: Inventory
  /** Those of the inventory. */
  readonly items: readonly Item[]
  readonly reader: ItemReader
  /** Of what is read. */
  readonly inHand: InHand | undefined
  readonly reports: Reports
  readonly limits: Limits
  /** Hands data on; `settled` is called once. */
  emit(data: Partial<Arrival>, arrival: number, settled: (stored: boolean) => void): void
  /** Items have missed something while they were not read. */
  missed(link: Link, items: readonly Item[], outage: Outage): void
  /** The server has said that there is nothing new. */
  alive(): void
  /** The refusals of items have changed. */
  changed(): void
}

/** Why a link has ended. */
export interface Ending {
  readonly error: Error
  /** For how long nothing was heard although the session looked alive, ms; 0 where it broke. */
  readonly silence: number
  /** The server no longer has the subscriptions. */
  readonly subscriptionsGone: boolean
}

/** One connection while it lasts: subscriptions, publishing, quarantine, watchdog. Ends once and does not come back. */
export class Link {
  readonly connection: Connection
  /** Resolves when the connection is lost, silent or of no use. */
  readonly ended: Promise<Ending>
  subscriptions: Subscriptions
  readonly #host: LinkHost
  readonly #publisher: Publisher
  #end!: (ending: Ending) => void
  #ticker: NodeJS.Timeout | undefined
  #tickedAt = performance.now()
  readonly #tending: Tending
  readonly #receiver: Receiver
  #paused = false

  constructor(host: LinkHost, connection: Connection) {
    this.#host = host
    this.connection = connection
    host.limits.perCall = Math.min(host.limits.perCall, connection.itemsPerCall)
    this.subscriptions = new Subscriptions(host.settings, host.limits)
    this.#tending = new Tending(host, this, (error) => this.#fail(error))
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#receiver = new Receiver(host, {
      subscriptions: () => this.subscriptions,
      publisher: () => this.#publisher,
      failed: (error, gone) => (gone ? this.#gone(error) : this.#fail(error)),
      noticed: (handle) => {
        if (handle === modelHandle) this.#tending.isLookupDue = true
      },
    })
    this.#publisher = new Publisher(connection.session, {
      received: (response) => this.#receiver.receive(response),
      unsent: () => this.#receiver.unsent(),
      failed: (error) => this.#fail(error),
    })
    connection.client.on('close', (error) => this.#fail(error ?? new Error('the connection was closed')))
  }

  /**
   * Starts the flow. With the subscriptions of a connection before, goes on where they stopped and resolves with true;
   * otherwise, or where the server no longer has them, makes new ones and resolves with false.
   */
  async open(carried: Subscriptions | undefined): Promise<boolean> {
    const goesOn = carried !== undefined && (await this.#goOn(carried))
    if (!goesOn) {
      if (carried) await abandon(this.connection.session, carried)
      await this.#placeAnew()
    }
    this.serve()
    const pace = Math.min(
      1_000,
      this.#tending.pace,
      this.#host.settings.keepalive / 4,
      this.#host.settings.retry.first / 2,
    )
    this.#ticker = setInterval(() => this.#tick(), Math.max(pace, 10))
    return goesOn
  }

  /** Items that the server serves. */
  get served(): readonly Item[] {
    return this.#host.items.filter(isServed)
  }

  /** Reads what was missed from the server's history. Resolves with what is missing there, in the server's time. */
  async backfill(items: readonly Item[], outage: Outage): Promise<Span[]> {
    const { reader, clock } = this.#host
    const now = () => {
      const arrival = clock.now()
      if (reader.length >= 10_000) this.handOn(arrival)
      return arrival
    }
    return backfill(this.connection, items, outage, reader, now).finally(() => this.handOn(clock.now()))
  }

  /** An answer came to a publish request of this link. */
  get heard(): boolean {
    return this.#receiver.heard
  }

  /** All subscriptions have sent something: those that were taken over are still there. */
  get proven(): boolean {
    return [...this.subscriptions.byId.values()].every(({ proven }) => proven)
  }

  /** Whether notifications wait to be asked for again because the journal could not store them. */
  get owes(): boolean {
    return [...this.subscriptions.byId.values()].some(({ unstored }) => unstored.length > 0)
  }

  /** What the server gives less of than was asked for, in words, each once. */
  get cuts(): readonly string[] {
    const ofSubscriptions = [...this.subscriptions.byId.values()].flatMap(({ cuts }) => cuts)
    const ofItems = this.#host.items.flatMap(({ cut }) => cut ?? [])
    const asked = sessionTimeout(this.#host.settings)
    const given = this.connection.session.timeout
    const ofSession = given < asked ? [`session ${asked} ms asked, ${given} ms given`] : []
    return [...new Set([...ofSession, ...ofSubscriptions, ...ofItems])]
  }

  /** Has publish requests wait for as many subscriptions as there are. */
  serve(): void {
    this.#publisher.serve(this.subscriptions.byId.size)
  }

  /** Stops asking for more until `resume`. */
  pause(): void {
    this.#paused = true
    this.#publisher.pause()
  }

  resume(): void {
    this.#paused = false
    const now = performance.now()
    for (const subscription of this.subscriptions.byId.values()) subscription.heardAt = now
    this.#publisher.resume()
  }

  /** Ends the link because nobody wants it any more. */
  quit(): void {
    this.#end({ error: new Error('stopped'), silence: 0, subscriptionsGone: false })
  }

  /** Stops all work; the connection stays as it is. */
  close(): void {
    clearInterval(this.#ticker)
    this.#publisher.close()
    this.#receiver.close()
  }

  /** Emits what was read; where that is nothing, it counts as stored. */
  handOn(arrival: number): void {
    this.#receiver.handOn(arrival)
  }

  /** Asks for notifications again that could not be stored. */
  republishUnstored(subscription: Subscription): Promise<void> {
    return this.#receiver.republishUnstored(subscription)
  }

  /** Looks up names, of all items or of some; tells what has come, gone or moved, and reads it where it is now. */
  async lookUp(some?: readonly Item[]): Promise<void> {
    const { inventory, settings, items } = this.#host
    const { known } = inventory
    const changes = await lookUp(this.connection, inventory, settings, some)
    if (known) this.#tell(changes)
    const { appeared, moved, vanished } = changes
    await this.subscriptions.remove(this.connection.session, [...vanished.map(({ item }) => item), ...moved])
    const refused = (some ?? items).filter(({ refusal, nodeId }) => refusal !== undefined && nodeId !== undefined)
    await this.placeAgain([...new Set([...appeared, ...moved, ...refused])])
  }

  /** Reads items again that were not read for a while; what those that were read before have missed is filled in. */
  async placeAgain(items: readonly Item[]): Promise<void> {
    const before = items.filter(({ lastTime }) => lastTime > -Infinity)
    const known = knownOf(this.#host.items)
    for (const item of before) item.liveFrom = Infinity
    await describeItems(this.connection, items)
    await this.subscriptions.place(this.connection.session, items)
    const back = before.filter(isServed)
    const since = Math.min(...back.map(({ lastTime }) => lastTime))
    if (back.length > 0) this.#host.missed(this, back, { known, since })
  }

  /** Asks for the conditions that hold, where the server wants to be asked. */
  async refreshConditions(): Promise<void> {
    if (!this.#host.reports.isRefreshDue) return
    this.#host.reports.isRefreshDue = false
    await refresh(this.connection, this.subscriptions)
  }

  // ---------------------------------------------------------------- beginning

  async #placeAnew(): Promise<void> {
    const { session } = this.connection
    const { inventory, items, settings, reports } = this.#host
    const isNews = inventory.known
    const changes = await lookUp(this.connection, inventory, settings)
    if (isNews) this.#tell(changes)
    await describeItems(this.connection, items)
    await this.subscriptions.place(session, items)
    // A session for images has nothing else in its notifications.
    if (settings.bounds === undefined) await listen(this.connection, this.subscriptions, reports)
  }

  /** Nodes that are found by name have come, gone, or are others. */
  #tell(changes: Changes): void {
    const { name, clock, reader } = this.#host
    const arrival = clock.now()
    // What is lost since the connection was is told already.
    const gone = changes.vanished.map(({ item }) => item).filter(({ lostAt }) => lostAt === -Infinity)
    reader.addLoss(gone, arrival)
    const events = nodeEvents(changes, name, arrival, this.connection.namespaces)
    const data = reader.take(arrival)
    if (data || events.length > 0) this.#host.emit({ ...data, events }, arrival, () => undefined)
  }

  /** Takes over subscriptions and what they sent while nobody listened. */
  async #goOn(carried: Subscriptions): Promise<boolean> {
    // Longer than this no server holds them: taking them over would not end.
    const until = performance.now() + this.#host.settings.lifetime
    try {
      if (!this.connection.resumed && !(await transfer(this.connection.session, carried))) return false
      for (const subscription of carried.byId.values()) {
        subscription.heardAt = performance.now()
        subscription.proven = false
        await this.#receiver.republishRest(subscription, () => performance.now() < until)
      }
      this.subscriptions = carried
      if (this.#hasNames) await this.lookUp()
      await this.#affirm()
      return true
    } catch (error) {
      if (isAnswer(error)) return false
      throw error
    }
  }

  /** Nodes may have changed meanwhile, where they are found by name. */
  get #hasNames(): boolean {
    const { rules, items } = this.#host.inventory
    return rules.length > 0 || items.some(({ address }) => address.startsWith('/'))
  }

  /** The values that hold now: a server that goes on sends changes only, and the loss has ended what held before. */
  async #affirm(): Promise<void> {
    const { reader, clock } = this.#host
    const lost = this.served.filter((item) => item.lostAt > -Infinity)
    await readNow(this.connection, lost, (item, value) => {
      reader.add(item, value, clock.now(), 'read')
      item.readTime = item.lastTime
      item.readValue = item.lastValue
    })
    this.handOn(clock.now())
  }

  // ---------------------------------------------------------------- watching

  #tick(): void {
    const now = performance.now()
    const late = now - this.#tickedAt > 5_000
    this.#tickedAt = now
    this.#receiver.tick()
    // After a standstill of this process the answers are still in the socket: look again at the next tick.
    if (!late && !this.#paused) this.#watch(now)
    void this.#tending.tend(now, this.#paused)
  }

  /** The clock was set forward: the library takes its security token for expired, and hears nothing more on this channel. */
  outlive(): void {
    const error = new Error('the clock was set beyond the life of the security token')
    this.#end({ error, silence: 0, subscriptionsGone: false })
  }

  #watch(now: number): void {
    for (const subscription of this.subscriptions.byId.values()) {
      const silence = now - subscription.heardAt
      if (silence <= subscription.keepalive * this.#host.settings.watchdog) continue
      const error = new Error(`neither data nor keep-alive for ${Math.round(silence / 100) / 10} s`)
      this.#end({ error, silence, subscriptionsGone: false })
      return
    }
  }

  #fail(error: Error): void {
    // Asked again for the same, the server would send the same again.
    if (/BadNoSubscription|BadSubscriptionIdInvalid/.test(error.message) || isOverlong(error)) this.#gone(error)
    else this.#end({ error, silence: 0, subscriptionsGone: false })
  }

  #gone(error: Error): void {
    this.#end({ error, silence: 0, subscriptionsGone: true })
  }
}

function isServed({ nodeId, refusal }: Item): boolean {
  return nodeId !== undefined && refusal === undefined
}

/** Time and value of the newest of each item. */
export function knownOf(items: readonly Item[]): Outage['known'] {
  return items.map(({ lastTime: time, lastValue: value }) => ({ time, value }))
}
