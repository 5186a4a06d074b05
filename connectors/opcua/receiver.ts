import { DataChangeNotification, EventNotificationList, StatusChangeNotification } from 'node-opcua-client'
import type { NotificationMessage, PublishResponse } from 'node-opcua-client'
import type { GapEvent } from '../../agent/core/index.ts'
import { Guard } from './guard.ts'
import type { LinkHost } from './link.ts'
import { Overflows } from './overflows.ts'
import type { Publisher } from './publisher.ts'
import { follow, next } from './sequence.ts'
import type { Subscription, Subscriptions } from './subscriptions.ts'

/** More than this no server keeps: one that has always one more does not tell the truth. */
const mostRepublished = 10_000

/** What becomes of what a receiver hears. */
export interface ReceiverEvents {
  subscriptions(): Subscriptions
  publisher(): Publisher
  /** The connection is of no use any more; `gone`: neither are its subscriptions. */
  failed(error: Error, gone: boolean): void
  /** An event that is not one of an asset. */
  noticed(handle: number, fields: EventFields): void
}

/** The fields of an event, in the order of the filter. */
export type EventFields = NonNullable<EventNotificationList['events']>[number]['eventFields']

/** Takes notifications and hands on what is in them; asks again for those that are missing. */
export class Receiver {
  /** An answer came to a publish request. */
  heard = false
  readonly #host: LinkHost
  readonly #events: ReceiverEvents
  readonly #overflows: Overflows
  readonly #guard: Guard
  /** Notifications that the server could not send: their numbers will be missing. */
  #unsendable = 0

  constructor(host: LinkHost, events: ReceiverEvents) {
    this.#host = host
    this.#events = events
    this.#guard = new Guard(host.inHand, host.name)
    this.#overflows = new Overflows(2 * host.settings.publishing)
  }

  receive(response: PublishResponse): void {
    const subscription = this.#events.subscriptions().byId.get(response.subscriptionId)
    if (!subscription) return
    this.heard = true
    subscription.heardAt = performance.now()
    const message = response.notificationMessage
    const isKeepAlive = !message.notificationData?.length
    const before = subscription.arrival
    const missing = follow(subscription, message.sequenceNumber, isKeepAlive)
    const isEnd = message.notificationData?.some((data) => data instanceof StatusChangeNotification)
    if (!isEnd) subscription.proven = true
    if (isKeepAlive) this.#host.alive()
    else this.#process(subscription, message)
    if (missing.length > 0) void this.#fetchMissing(subscription, missing, before)
    else if (!isKeepAlive) subscription.announced.clear()
  }

  /** A notification did not come: it is longer than a message may be. Those after it do. */
  unsent(): void {
    this.#unsendable++
    const { clock, reader } = this.#host
    const arrival = clock.now()
    reader.addUnsent?.(arrival)
    const detail = 'the server could not send a notification: it was longer than a message may be'
    const events = [this.#gap(arrival - this.#host.settings.publishing, arrival, detail)]
    this.#host.emit({ ...reader.take(arrival), events }, arrival, () => undefined)
  }

  /** Notifications after the newest that was received, and those that could not be stored, as long as `goesOn`. */
  async republishRest(subscription: Subscription, goesOn: () => boolean): Promise<void> {
    await this.republishUnstored(subscription)
    for (let i = 0; i < mostRepublished && goesOn(); i++) {
      const sequence = next(Math.max(subscription.sequence, 0))
      const message = await this.#events.publisher().again(subscription.id, sequence)
      if (!message) return
      subscription.sequence = sequence
      this.#process(subscription, message, 'late')
    }
  }

  /** Asks for notifications again that could not be stored. */
  async republishUnstored(subscription: Subscription): Promise<void> {
    for (const sequence of subscription.unstored.splice(0)) {
      const message = await this.#events.publisher().again(subscription.id, sequence)
      if (message) this.#process(subscription, message, 'again')
      else {
        const arrival = this.#host.clock.now()
        const detail = 'a notification could not be stored and the server no longer has it'
        this.#host.emit({ events: [this.#gap(subscription.arrival, arrival, detail)] }, arrival, () => undefined)
      }
    }
  }

  /** Emits what the readers hold; where that is nothing, it counts as stored. */
  handOn(arrival: number, settled: (stored: boolean) => void = () => undefined): void {
    const { reader, reports } = this.#host
    const events = [...this.#overflowEvents(arrival), ...reports.take()]
    const data = reader.take(arrival)
    const rejected = [...(data?.rejected ?? []), ...reports.takeLetters()]
    if (data || events.length + rejected.length > 0) this.#host.emit({ ...data, events, rejected }, arrival, settled)
    else settled(true)
  }

  /** Tells overflows that are over. */
  tick(): void {
    if (this.#overflows.waiting) this.handOn(this.#host.clock.now())
  }

  /** Tells the overflows that are left. */
  close(): void {
    const arrival = this.#host.clock.now()
    const events = this.#overflowEvents(arrival, true)
    if (events.length > 0) this.#host.emit({ events }, arrival, () => undefined)
  }

  /** `late`: it was asked for; `again`: it has been handed on before, too, and could not be stored. */
  #process(subscription: Subscription, message: NotificationMessage, way: 'new' | 'late' | 'again' = 'new'): void {
    const arrival = this.#host.clock.now()
    this.#guard.begin()
    for (const data of message.notificationData ?? []) {
      if (data instanceof DataChangeNotification) this.#values(data, arrival, way)
      else if (data instanceof EventNotificationList) this.#happened(data, arrival, way === 'again')
      else if (data instanceof StatusChangeNotification) this.#statusChanged(data.status.name)
    }
    this.#guard.done()
    const { sequenceNumber } = message
    this.handOn(arrival, (stored) => {
      if (stored) this.#events.publisher().acknowledge(subscription.id, sequenceNumber)
      else subscription.unstored.push(sequenceNumber)
    })
    subscription.arrival = arrival
  }

  #values({ monitoredItems }: DataChangeNotification, arrival: number, way: 'new' | 'late' | 'again'): void {
    const { reader, items } = this.#host
    for (const { clientHandle, value } of monitoredItems ?? []) {
      const item = items.at(clientHandle - 1)
      if (!item) continue
      if (!this.#guard.admits(item.address, value)) reader.quarantine(item, arrival)
      else if (way === 'again') reader.addPast(item, value, arrival)
      else reader.add(item, value, arrival, way)
    }
  }

  #happened({ events }: EventNotificationList, arrival: number, again: boolean): void {
    for (const { clientHandle, eventFields } of events ?? []) {
      if (!this.#host.reports.add(clientHandle, eventFields, arrival, again))
        this.#events.noticed(clientHandle, eventFields)
    }
  }

  #statusChanged(status: string): void {
    const error = new Error(`the server ended a subscription: ${status}`)
    // Moved, not deleted: the server closed our session, and a new one can take the subscription back.
    if (status !== 'Good') this.#events.failed(error, status !== 'GoodSubscriptionTransferred')
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
        const message = await this.#events.publisher().again(subscription.id, sequence)
        if (message) this.#process(subscription, message, 'late')
        else {
          if (!used.has(sequence)) lost++
          // The server need not keep what it cannot send.
          this.#events.publisher().acknowledge(subscription.id, sequence)
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
    const detail = `${lost} notifications were lost on the way and the server no longer has them`
    this.#host.emit({ events: [this.#gap(from, arrival, detail)] }, arrival, () => undefined)
  }
}
