import type { DataValue } from 'node-opcua-client'
import type { Connection } from './client.ts'
import { readHistory, type Wanted } from './history.ts'
import type { Item, ItemReader } from './items.ts'
import { readValues } from './pieces.ts'
import type { Span } from './spans.ts'
import { TimePicker } from './times.ts'
import { isSameValue } from './values.ts'

/** Reads the present values of items that have a node. */
export async function readNow(
  { session, limits }: Connection,
  items: readonly Item[],
  take: (item: Item, value: DataValue) => void,
): Promise<void> {
  const nodes = items.map(({ nodeId }) => nodeId!)
  const values = await readValues(session, limits, nodes)
  items.forEach((item, i) => take(item, values[i]))
}

/** What to fill in. */
export interface Outage {
  /** Time and value of the newest of each item before it, by the item's place; -Infinity where there is none. */
  readonly known: readonly { readonly time: number; readonly value: unknown }[]
  /** Since when nothing is stored by the agent's clock, for items of which nothing is known. */
  readonly since: number
}

/**
 * Adds what the server's history has of an outage, up to the values that came since. Resolves with what is missing, by
 * item, in the server's time.
 */
export async function backfill(
  connection: Connection,
  items: readonly Item[],
  { known, since }: Outage,
  reader: ItemReader,
  now: () => number,
): Promise<Span[]> {
  const wanted: Wanted[] = []
  const picker = new TimePicker()
  const arrival = now()
  await readNow(connection, items, (item, value) => {
    // Found since: nothing is known of it.
    const last = known.at(item.handle - 1)
    const isKnown = last !== undefined && last.time > -Infinity
    const from = isKnown ? last.time : since - connection.behind
    const to = picker.pick(value, arrival)
    // The same value with the same time: nothing has happened meanwhile.
    const isChanged = to > from || (isKnown && to === from && !isSameValue(value.value.value, last.value))
    if (isChanged) wanted.push({ item, from, to, ...(isKnown && { known: last }) })
  })
  return readHistory(connection, wanted, (item, value, time) => {
    // Those after it come by subscription.
    const held = value.value.value as unknown
    if (time > item.liveFrom) return
    // Given again after another one of the same time, so that it stays the newest.
    if (time === item.liveFrom && time !== item.pastUntil && isSameValue(held, item.liveValue)) return
    item.pastUntil = time
    item.pastValue = held
    reader.addPast(item, value, now())
  })
}
