// Longer than others: receiving, asking again and watching share the state of one connection, which ends once.
import { DataChangeNotification, StatusChangeNotification } from 'node-opcua-client'
import type { NotificationMessage, PublishResponse, TransferResult } from 'node-opcua-client'
import type { Arrival, Clock, GapEvent } from '../../agent/core/index.ts'
import type { Connection } from './client.ts'
import { describeItems } from './describe.ts'
import { isAnswer, isOverlong } from './faults.ts'
import { backfill, readNow, type Outage } from './backfill.ts'
import type { Item, ItemReader } from './items.ts'
import { Overflows } from './overflows.ts'
import { follow, next } from './sequence.ts'
import type { Span } from './spans.ts'
import { Publisher } from './publisher.ts'
import type { SessionSettings } from './settings.ts'
import { Subscriptions } from './subscriptions.ts'
import type { Limits, Subscription } from './subscriptions.ts'
import { Tending } from './tending.ts'

/** What a link needs of its source. */
export interface LinkHost {
  readonly name: string
  readonly settings: SessionSettings
  readonly clock: Clock
  readonly items: readonly Item[]
  readonly reader: ItemReader
  readonly limits: Limits
  /** Hands data on; `settled` is called once. */
  emit(data: Partial<Arrival>, arrival: number, settled: (stored: boolean) => void): void
  /** The server has said that there is nothing new. */
  alive(): void
  /** The refusals of items have changed. */
  changed(): void
}

/** Why a link has ended. */
export interface Ending {
  readonly error: Error
  /** Nothing was heard although the session looked alive. */
  readonly silent: boolean
  /** The server no longer has the subscriptions. */
  readonly subscriptionsGone: boolean
}

/** More than this no server keeps: one that has always one more does not tell the truth. */
const mostRepublished = 10_000

/** One connection while it lasts: subscriptions, publishing, quarantine, watchdog. Ends once and does not come back. */
export class Link {
  readonly connection: Connection
  /** Resolves when the connection is lost, silent or of no use. */
  readonly ended: Promise<Ending>
  subscriptions: Subscriptions
  /** An answer came to a publish request of this link. */
  heard = false
  readonly #host: LinkHost
  readonly #publisher: Publisher
  #end!: (ending: Ending) => void
  #ticker: NodeJS.Timeout | undefined
  #tickedAt = performance.now()
  readonly #tending: Tending
  #paused = false
  readonly #overflows: Overflows
  /** Notifications that the server could not send: their numbers will be missing. */
  #unsendable = 0

  constructor(host: LinkHost, connection: Connection) {
    this.#host = host
    this.connection = connection
    host.limits.perCall = Math.min(host.limits.perCall, connection.itemsPerCall)
    this.subscriptions = new Subscriptions(host.settings, host.limits)
    this.#overflows = new Overflows(2 * host.settings.publishing)
    this.#tending = new Tending(host, this, (error) => this.#fail(error))
    this.ended = new Promise((resolve) => (this.#end = resolve))
    this.#publisher = new Publisher(connection.session, {
      received: (response) => this.#receive(response),
      unsent: () => this.#unsent(),
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
      if (carried) await this.#abandon(carried)
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
    return this.#host.items.filter((item) => item.refusal === undefined)
  }

  /** Reads what was missed from the server's history. Resolves with what is missing there, in the server's time. */
  async backfill(outage: Outage): Promise<Span[]> {
    const { reader, clock } = this.#host
    const now = () => {
      const arrival = clock.now()
      if (reader.length >= 10_000) this.handOn(arrival)
      return arrival
    }
    return backfill(this.connection, this.served, outage, reader, now).finally(() => this.handOn(clock.now()))
  }

  /** Whether notifications wait to be asked for again because the journal could not store them. */
  get owes(): boolean {
    return [...this.subscriptions.byId.values()].some(({ unstored }) => unstored.length > 0)
  }

  /** What the server gives less of than was asked for, in words, each once. */
  get cuts(): readonly string[] {
    const ofSubscriptions = [...this.subscriptions.byId.values()].flatMap(({ cuts }) => cuts)
    const ofItems = this.#host.items.flatMap(({ cut }) => cut ?? [])
    return [...new Set([...ofSubscriptions, ...ofItems])]
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
    this.#end({ error: new Error('stopped'), silent: false, subscriptionsGone: false })
  }

  /** Stops all work; the connection stays as it is. */
  close(): void {
    clearInterval(this.#ticker)
    this.#publisher.close()
    const arrival = this.#host.clock.now()
    const events = this.#overflowEvents(arrival, true)
    if (events.length > 0) this.#host.emit({ events }, arrival, () => undefined)
  }

  // ---------------------------------------------------------------- beginning

  async #placeAnew(): Promise<void> {
    const { session, namespaces } = this.connection
    await describeItems(this.connection, this.#host.items, namespaces)
    await this.subscriptions.place(session, this.#host.items, namespaces)
  }

  /** Takes over subscriptions and what they sent while nobody listened. */
  async #goOn(carried: Subscriptions): Promise<boolean> {
    try {
      if (!this.connection.resumed && !(await this.#transfer(carried))) return false
      for (const subscription of carried.byId.values()) {
        subscription.heardAt = performance.now()
        await this.#republishRest(subscription)
      }
      this.subscriptions = carried
      await this.#affirm()
      return true
    } catch (error) {
      if (isAnswer(error)) return false
      throw error
    }
  }

  async #transfer(carried: Subscriptions): Promise<boolean> {
    const subscriptionIds = [...carried.byId.keys()]
    const results = await new Promise<readonly TransferResult[]>((resolve, reject) => {
      const request = { subscriptionIds, sendInitialValues: false }
      this.connection.session.transferSubscriptions(request, (error, response) =>
        error ? reject(error) : resolve(response?.results ?? []),
      )
    })
    return results.length === subscriptionIds.length && results.every((result) => result.statusCode.isGood())
  }

  /** Some of them may still be there, where one of many was not. */
  async #abandon(carried: Subscriptions): Promise<void> {
    const subscriptionIds = [...carried.byId.keys()]
    await new Promise<void>((resolve) => {
      this.connection.session.deleteSubscriptions({ subscriptionIds }, () => resolve())
    })
  }

  /** The values that hold now: a server that goes on sends changes only, and the loss has ended what held before. */
  async #affirm(): Promise<void> {
    const { reader, clock } = this.#host
    const lost = this.served.filter((item) => item.lostAt > -Infinity)
    await readNow(this.connection, lost, (item, value) => reader.add(item, value, clock.now(), false))
    this.handOn(clock.now())
  }

  // ---------------------------------------------------------------- receiving

  #receive(response: PublishResponse): void {
    const subscription = this.subscriptions.byId.get(response.subscriptionId)
    if (!subscription) return
    this.heard = true
    subscription.heardAt = performance.now()
    const message = response.notificationMessage
    const isKeepAlive = !message.notificationData?.length
    const before = subscription.arrival
    const missing = follow(subscription, message.sequenceNumber, isKeepAlive)
    if (isKeepAlive) this.#host.alive()
    else this.#process(subscription, message)
    if (missing.length > 0) void this.#fetchMissing(subscription, missing, before)
    else if (!isKeepAlive) subscription.announced.clear()
  }

  /** A notification did not come: it is longer than a message may be. Those after it do. */
  #unsent(): void {
    this.#unsendable++
    const { clock, reader } = this.#host
    const arrival = clock.now()
    reader.addUnsent?.(arrival)
    const detail = 'the server could not send a notification: it was longer than a message may be'
    const events = [this.#gap(arrival - this.#host.settings.publishing, arrival, detail)]
    this.#host.emit({ ...reader.take(arrival), events }, arrival, () => undefined)
  }

  /** `late`: it was asked for; `again`: it has been handed on before, too, and could not be stored. */
  #process(subscription: Subscription, message: NotificationMessage, way: 'new' | 'late' | 'again' = 'new'): void {
    const { reader, items, clock } = this.#host
    const arrival = clock.now()
    for (const data of message.notificationData ?? []) {
      if (data instanceof DataChangeNotification) {
        for (const { clientHandle, value } of data.monitoredItems ?? []) {
          const item = items.at(clientHandle - 1)
          if (!item) continue
          if (way === 'again') reader.addPast(item, value, arrival)
          else reader.add(item, value, arrival, way === 'new')
        }
      } else if (data instanceof StatusChangeNotification) this.#statusChanged(data.status.name)
    }
    const { sequenceNumber } = message
    this.handOn(arrival, (stored) => {
      if (stored) this.#publisher.acknowledge(subscription.id, sequenceNumber)
      else subscription.unstored.push(sequenceNumber)
    })
    subscription.arrival = arrival
  }

  #statusChanged(status: string): void {
    const error = new Error(`the server ended a subscription: ${status}`)
    // Moved, not deleted: the server closed our session, and a new one can take the subscription back.
    if (status === 'GoodSubscriptionTransferred') this.#fail(error)
    else if (status !== 'Good') this.#gone(error)
  }

  /** Emits what the reader holds; where that is nothing, it counts as stored. */
  handOn(arrival: number, settled: (stored: boolean) => void = () => undefined): void {
    const events = this.#overflowEvents(arrival)
    const data = this.#host.reader.take(arrival)
    if (data || events.length > 0) this.#host.emit({ ...data, events }, arrival, settled)
    else settled(true)
  }

  #overflowEvents(time: number, ended = false): GapEvent[] {
    this.#overflows.add(this.#host.reader.overflows)
    const { spans, count } = this.#overflows.take(ended)
    const detail = `the server's queues overflowed ${count} times; raise queue or lower publishing`
    return spans.map(({ from, to }) => ({ ...this.#gap(from, to, detail), time }))
  }

  #gap(from: number, to: number, detail: string): GapEvent {
    return { type: 'gap', time: to, source: this.#host.name, from, to, detail }
  }

  async #fetchMissing(subscription: Subscription, missing: readonly number[], from: number): Promise<void> {
    // A number that a keep-alive used up was never that of a notification.
    const used = new Set(subscription.announced)
    for (const sequence of missing) subscription.announced.delete(sequence)
    let lost = 0
    try {
      for (const sequence of missing) {
        const message = await this.#publisher.again(subscription.id, sequence)
        if (message) this.#process(subscription, message, 'late')
        else {
          if (!used.has(sequence)) lost++
          // The server need not keep what it cannot send.
          this.#publisher.acknowledge(subscription.id, sequence)
        }
      }
    } catch {
      // The connection broke as well: its own end tells.
      lost = missing.length
    }
    const told = Math.min(lost, this.#unsendable)
    this.#unsendable -= told
    lost -= told
    if (lost === 0) return
    const arrival = this.#host.clock.now()
    const events = [
      this.#gap(from, arrival, `${lost} notifications were lost on the way and the server no longer has them`),
    ]
    this.#host.emit({ events }, arrival, () => undefined)
  }

  /** Notifications after the newest that was received, and those that could not be stored. */
  async #republishRest(subscription: Subscription): Promise<void> {
    await this.republishUnstored(subscription)
    for (let i = 0; i < mostRepublished; i++) {
      const sequence = next(Math.max(subscription.sequence, 0))
      const message = await this.#publisher.again(subscription.id, sequence)
      if (!message) return
      subscription.sequence = sequence
      this.#process(subscription, message, 'late')
    }
  }

  /** Asks for notifications again that could not be stored. */
  async republishUnstored(subscription: Subscription): Promise<void> {
    for (const sequence of subscription.unstored.splice(0)) {
      const message = await this.#publisher.again(subscription.id, sequence)
      if (message) this.#process(subscription, message, 'again')
      else {
        const arrival = this.#host.clock.now()
        const events = [
          this.#gap(
            subscription.arrival,
            arrival,
            'a notification could not be stored and the server no longer has it',
          ),
        ]
        this.#host.emit({ events }, arrival, () => undefined)
      }
    }
  }

  // ---------------------------------------------------------------- watching

  #tick(): void {
    const now = performance.now()
    const late = now - this.#tickedAt > 5_000
    this.#tickedAt = now
    if (this.#overflows.waiting) this.handOn(this.#host.clock.now())
    // After a standstill of this process the answers are still in the socket: look again at the next tick.
    if (!late && !this.#paused) this.#watch(now)
    void this.#tending.tend(now, this.#paused)
  }

  #watch(now: number): void {
    for (const subscription of this.subscriptions.byId.values()) {
      const silence = now - subscription.heardAt
      if (silence <= subscription.keepalive * this.#host.settings.watchdog) continue
      const error = new Error(`neither data nor keep-alive for ${Math.round(silence / 100) / 10} s`)
      this.#end({ error, silent: true, subscriptionsGone: false })
      return
    }
  }

  #fail(error: Error): void {
    // Asked again for the same, the server would send the same again.
    if (/BadNoSubscription|BadSubscriptionIdInvalid/.test(error.message) || isOverlong(error)) this.#gone(error)
    else this.#end({ error, silent: false, subscriptionsGone: false })
  }

  #gone(error: Error): void {
    this.#end({ error, silent: false, subscriptionsGone: true })
  }
}
