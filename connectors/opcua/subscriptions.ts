import {
  AttributeIds,
  DataChangeFilter,
  DataChangeTrigger,
  DeadbandType,
  MonitoringMode,
  TimestampsToReturn,
} from 'node-opcua-client'
import type {
  CreateSubscriptionResponse,
  MonitoredItemCreateRequestOptions,
  MonitoredItemCreateResult,
  NodeId,
} from 'node-opcua-client'
import type { Session } from './client.ts'
import { isAnswer, isTooLarge, plain } from './faults.ts'
import type { Item } from './items.ts'
import type { SessionSettings, Settings } from './settings.ts'

/** A subscription on the server. Times on the monotonic clock, ms. */
export interface Subscription {
  readonly id: number
  /** What the server gives less of than was asked for, in words. */
  readonly cuts: readonly string[]
  /** Longest time between two answers while all is well. */
  readonly keepalive: number
  items: number
  /** How many items it takes; learnt from the server's refusals. */
  room: number
  /** Sequence number of the newest notification; -1 before the first. */
  sequence: number
  /** Numbers that keep-alives have announced since the newest notification. */
  readonly announced: Set<number>
  heardAt: number
  /** It has sent something in this connection: it lives, and nothing of it is missing. */
  proven: boolean
  /** When its newest notification arrived, ms since epoch. */
  arrival: number
  /** Notifications that the journal could not store: asked for again. */
  readonly unstored: number[]
}

/** What was learnt of a server; outlives its connections, as a request that is too large may end one. */
export interface Limits {
  /** Items in one request. */
  perCall: number
}

/** The subscriptions of one session and the items in them. */
export class Subscriptions {
  readonly byId = new Map<number, Subscription>()
  readonly #settings: SessionSettings
  readonly #limits: Limits
  readonly #watching = new Set<number>()

  constructor(settings: SessionSettings, limits: Limits) {
    this.#settings = settings
    this.#limits = limits
  }

  /**
   * Has the server monitor those of these items that have a node, in as many subscriptions as it takes. An item that the server refuses gets
   * `refusal` and leaves the others alone. Rejects only where the connection breaks.
   */
  async place(session: Session, items: readonly Item[]): Promise<void> {
    const waiting = items.filter(({ nodeId }) => nodeId !== undefined)
    while (waiting.length > 0) {
      const subscription = this.#withRoom() ?? (await this.#open(session))
      if (typeof subscription === 'string') {
        for (const item of waiting) refuse(item, subscription, this.#settings)
        return
      }
      const batch = waiting.splice(0, Math.min(this.#limits.perCall, subscription.room - subscription.items))
      waiting.unshift(...(await this.#create(session, subscription, batch)))
    }
  }

  #withRoom(): Subscription | undefined {
    return [...this.byId.values()].find((subscription) => subscription.items < subscription.room)
  }

  /** A new subscription, or in words why the server makes none. */
  async #open(session: Session): Promise<Subscription | string> {
    const { publishing, keepalive, lifetime, items_per_subscription, bounds } = this.#settings
    const interval = Math.max(publishing, 1)
    const keepaliveCount = Math.max(1, Math.round(keepalive / interval))
    try {
      const answer = await session.createSubscription({
        requestedPublishingInterval: interval,
        requestedMaxKeepAliveCount: keepaliveCount,
        requestedLifetimeCount: Math.max(3 * keepaliveCount, Math.ceil(lifetime / interval)),
        maxNotificationsPerPublish: bounds?.values ?? 10_000,
        publishingEnabled: true,
        priority: 0,
      })
      const subscription: Subscription = {
        id: answer.subscriptionId,
        keepalive: answer.revisedPublishingInterval * answer.revisedMaxKeepAliveCount,
        cuts: cutsOf(answer, interval, lifetime),
        items: 0,
        room: items_per_subscription,
        sequence: -1,
        announced: new Set(),
        heardAt: performance.now(),
        proven: false,
        arrival: Date.now(),
        unstored: [],
      }
      this.byId.set(subscription.id, subscription)
      return subscription
    } catch (error) {
      if (!isAnswer(error)) throw error
      return `the server makes no further subscription: ${plain(error)}`
    }
  }

  /** Creates the items of a batch; returns those that need another subscription or a smaller request. */
  async #create(session: Session, subscription: Subscription, batch: readonly Item[]): Promise<readonly Item[]> {
    let results: readonly MonitoredItemCreateResult[]
    try {
      const answer = await session.createMonitoredItems({
        subscriptionId: subscription.id,
        timestampsToReturn: TimestampsToReturn.Both,
        itemsToCreate: batch.map((item) => this.#request(item, item.nodeId!)),
      })
      results = answer.results ?? []
    } catch (error) {
      return this.#failed(error, batch)
    }
    const full: Item[] = []
    const unfiltered: Item[] = []
    batch.forEach((item, i) => {
      const { statusCode: status } = results[i]
      if (status.isGood()) {
        this.#served(item, subscription, results[i])
      } else if (/BadTooManyMonitoredItems/.test(status.name) && subscription.items > 0) full.push(item)
      else if (refusesFilter.test(status.name) && item.unfiltered === undefined && filterOf(item)) {
        item.unfiltered = status.name
        unfiltered.push(item)
      } else refuse(item, `${status.name}: ${status.description}`, this.#settings)
    })
    if (full.length > 0) subscription.room = subscription.items
    return [...unfiltered, ...full]
  }

  #served(item: Item, subscription: Subscription, result: MonitoredItemCreateResult): void {
    item.refusal = undefined
    item.refusals = 0
    item.place = { subscriptionId: subscription.id, itemId: result.monitoredItemId }
    item.heardAt = performance.now()
    item.suspectSince = undefined
    subscription.items++
    const { sampling = this.#settings.sampling, queue = this.#settings.queue } = item.settings
    const cuts: string[] = []
    // 0 asks for the fastest there is.
    if (sampling > 0 && result.revisedSamplingInterval > 1.01 * sampling)
      cuts.push(`sampling ${sampling} ms asked, ${result.revisedSamplingInterval} ms given`)
    if (result.revisedQueueSize < queue) cuts.push(`queue ${queue} asked, ${result.revisedQueueSize} given`)
    item.cut = cuts.length > 0 ? cuts.join('; ') : undefined
  }

  /** Ids of subscriptions that tell events. */
  get watching(): readonly number[] {
    return [...this.#watching]
  }

  /** Has the server tell events, in a subscription that has room; resolves with its refusal in words. */
  async watch(session: Session, request: MonitoredItemCreateRequestOptions): Promise<string | undefined> {
    const subscription = this.#withRoom() ?? (await this.#open(session))
    if (typeof subscription === 'string') return subscription
    try {
      const { results } = await session.createMonitoredItems({
        subscriptionId: subscription.id,
        timestampsToReturn: TimestampsToReturn.Both,
        itemsToCreate: [request],
      })
      const status = results?.at(0)?.statusCode
      if (!status?.isGood()) return status ? `${status.name}: ${status.description}` : 'no answer'
      subscription.items++
      this.#watching.add(subscription.id)
      return undefined
    } catch (error) {
      if (!isAnswer(error)) throw error
      return plain(error)
    }
  }

  /** Takes items off the server that deliver nothing any more; what it says to that does not matter. */
  async remove(session: Session, items: readonly Item[]): Promise<void> {
    for (const item of items) {
      const { place } = item
      item.place = undefined
      const subscription = place && this.byId.get(place.subscriptionId)
      if (!subscription) continue
      subscription.items--
      const request = { subscriptionId: subscription.id, monitoredItemIds: [place.itemId] }
      await session.deleteMonitoredItems(request).catch((error: unknown) => {
        if (!isAnswer(error)) throw error
      })
    }
  }

  /** The whole request failed: smaller ones find the item at fault, or fit the server's limits. */
  #failed(error: unknown, batch: readonly Item[]): readonly Item[] {
    if (isTooLarge(error) && this.#limits.perCall > 1)
      this.#limits.perCall = Math.ceil(Math.min(this.#limits.perCall, batch.length) / 2)
    if (!isAnswer(error)) throw error
    if (batch.length === 1) {
      refuse(batch[0], plain(error), this.#settings)
      return []
    }
    if (!isTooLarge(error)) this.#limits.perCall = Math.ceil(batch.length / 2)
    return batch
  }

  #request(item: Item, nodeId: NodeId): MonitoredItemCreateRequestOptions {
    const { sampling, queue } = item.settings
    return {
      itemToMonitor: { nodeId, attributeId: AttributeIds.Value },
      monitoringMode: MonitoringMode.Reporting,
      requestedParameters: {
        clientHandle: item.handle,
        samplingInterval: sampling ?? this.#settings.sampling,
        queueSize: queue ?? this.#settings.queue,
        discardOldest: true,
        filter: item.unfiltered === undefined ? filterOf(item) : null,
      },
    }
  }
}

/** Status codes of a server that does not take a filter, or not for this node. */
const refusesFilter = /BadMonitoredItemFilter|BadFilterNotAllowed|BadDeadbandFilterInvalid/

function filterOf({ settings: { deadband, report } }: Item): DataChangeFilter | null {
  if (!deadband && report !== 'updates') return null
  const trigger = report === 'updates' ? DataChangeTrigger.StatusValueTimestamp : DataChangeTrigger.StatusValue
  if (!deadband) return new DataChangeFilter({ trigger })
  const absolute = 'absolute' in deadband
  return new DataChangeFilter({
    trigger,
    deadbandType: absolute ? DeadbandType.Absolute : DeadbandType.Percent,
    deadbandValue: absolute ? deadband.absolute : deadband.percent,
  })
}

function cutsOf(
  { revisedPublishingInterval: given, revisedLifetimeCount: count }: CreateSubscriptionResponse,
  publishing: number,
  lifetime: number,
): string[] {
  return [
    ...(given > 1.01 * publishing ? [`publishing ${publishing} ms asked, ${given} ms given`] : []),
    ...(given * count < 0.99 * lifetime ? [`lifetime ${lifetime} ms asked, ${given * count} ms given`] : []),
  ]
}

/** Puts an item into quarantine, longer each time. */
export function refuse(item: Item, reason: string, { retry }: Pick<Settings, 'retry'>): void {
  item.refusal = reason
  item.retryAt = performance.now() + Math.min(retry.longest, retry.first * 2 ** Math.min(item.refusals, 30))
  item.refusals++
}
