import type { DataValue } from 'node-opcua-client'
import { readNow } from './backfill.ts'
import type { Connection } from './client.ts'
import { kindOf, isSameValue } from './values.ts'
import type { Item, ItemReader } from './items.ts'
import type { SessionSettings } from './settings.ts'
import { type Subscriptions, refuse } from './subscriptions.ts'

/** After this silence an item is read, ms; and pause between two reads of one call each, whatever the number of items. */
const silence = 15_000

/** Finds items that deliver nothing any more although the server goes on: their nodes were deleted, or made again. */
export class SilentItems {
  readonly #settings: SessionSettings
  #askedAt = performance.now()
  /** Where the next read begins. */
  #next = 0

  constructor(settings: SessionSettings) {
    this.#settings = settings
  }

  /** Reads the first of them at the next turn. */
  hurry(): void {
    this.#askedAt = -Infinity
  }

  /** Reads some of the silent items, if it is time; the others have their turn later. Resolves with those that live and
   * are to be subscribed to anew; undefined where nothing is to be done. */
  async look(
    connection: Connection,
    subscriptions: Subscriptions,
    items: readonly Item[],
    reader: ItemReader,
    arrival: number,
  ): Promise<readonly Item[] | undefined> {
    const now = performance.now()
    const pause = Math.min(silence, this.#settings.retry.first)
    if (items.length === 0 || now - this.#askedAt < pause) return undefined
    this.#askedAt = now
    const silent = this.#choose(items, now - pause, connection.limits.read)
    if (silent.length === 0) return undefined
    const dead: Item[] = []
    const gone: Item[] = []
    await readNow(connection, silent, (item, value) => {
      if (/BadNodeId(Unknown|Invalid)/.test(value.statusCode.name)) {
        reader.add(item, value, arrival, 'read')
        refuse(item, `${value.statusCode.name}: ${value.statusCode.description}`, this.#settings)
        gone.push(item)
      } else if (isSilentSince(item, value, now, subscriptions)) dead.push(item)
    })
    await subscriptions.remove(connection.session, [...gone, ...dead])
    return gone.length + dead.length > 0 ? dead : undefined
  }

  /** Items that were not heard of since `before`, from where the last turn ended. */
  #choose(items: readonly Item[], before: number, most: number): Item[] {
    const chosen: Item[] = []
    for (let i = 0; i < items.length && chosen.length < most; i++) {
      const item = items[this.#next++ % items.length]
      if (item.nodeId && item.refusal === undefined && item.seen && item.place && item.heardAt <= before)
        chosen.push(item)
    }
    this.#next %= items.length
    return chosen
  }
}

/**
 * Whether a read finds, for the second time, another value than the newest that was sent, and nothing was sent since although
 * the subscription lives.
 */
function isSilentSince(item: Item, { value, statusCode }: DataValue, now: number, { byId }: Subscriptions): boolean {
  // A filter keeps small changes back, rightly.
  const isFiltered = item.settings.deadband !== undefined && item.unfiltered === undefined
  const isSame = isSameValue(value.value, item.lastValue) || isFiltered || kindOf(value.dataType) === 'null'
  if ((isSame && statusCode.value === item.lastStatus) || item.heardAt > now) {
    item.suspectSince = undefined
    return false
  }
  item.suspectSince ??= now
  const subscription = item.place && byId.get(item.place.subscriptionId)
  return subscription !== undefined && subscription.heardAt > item.suspectSince && now > item.suspectSince
}
