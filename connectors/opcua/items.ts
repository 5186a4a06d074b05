import type { DataValue, NodeId } from 'node-opcua-client'
import type { Arrival, Tag, TagType } from '../../agent/core/index.ts'
import type { Span } from './spans.ts'
import type { BrowseSettings, Settings, TagSettings } from './settings.ts'

/** What an item is to be, without where its node is found. */
export interface ItemSettings extends Omit<TagSettings, 'node' | 'path' | 'browse' | 'tag'> {
  readonly tag: string
}

/** A node that is read and what is known of it. */
export interface Item {
  readonly settings: ItemSettings
  /** How its node is named: by the id or path in the configuration, or where a pattern has found it. */
  address: string
  /** A pattern has found it. */
  readonly found: boolean
  /** The node that its name leads to in this session, and the same where it is read; undefined while there is none. */
  located: NodeId | undefined
  nodeId: NodeId | undefined
  /** Client handle on the server: its place among the items, from 1, as some servers take 0 for none. */
  readonly handle: number
  /** Whether numbers become text: the configuration says so. */
  readonly toText: boolean
  tag: Tag | undefined
  /** Tags of the elements of an array without a rate. */
  readonly elements: Tag[]
  /** Type by the node's own description; for nodes that have no value yet. */
  type: TagType | undefined
  /** Names of an enum's values. */
  names: ReadonlyMap<number, string> | undefined
  /** A value has been received. */
  seen: boolean
  /** Time of the newest sample, ms since epoch. */
  lastTime: number
  /** Value and status code that came with it. */
  lastValue: unknown
  lastStatus: number
  /** Time and value of the first since its connection was made; Infinity before there is one. */
  liveFrom: number
  liveValue: unknown
  /** Time and value of the newest that was filled in from history; -Infinity where none was. */
  pastUntil: number
  pastValue: unknown
  /** Time and value that were read after a loss: the subscription tells them as well, after those before them. */
  readTime: number
  readValue: unknown
  /** When its connection was lost, until a value arrives again. */
  lostAt: number
  /** The server refuses its filter, in its words: the agent filters itself. */
  unfiltered: string | undefined
  /** The number that was handed on last, where the agent filters. */
  kept: number
  /** What the server gives less of than was asked for, in words. */
  cut: string | undefined
  /** On the server: subscription and id. */
  place: { readonly subscriptionId: number; readonly itemId: number } | undefined
  /** When it was last heard of, and when a read has found another value since; ms on the monotonic clock. */
  heardAt: number
  suspectSince: number | undefined
  /** Why the server does not serve it; undefined while it does. */
  refusal: string | undefined
  /** Refusals in a row, and when to ask again, ms on the monotonic clock. */
  refusals: number
  retryAt: number
}

/**
 * How a value came: as it was sent; asked for again, so that it may have stood long before, and another may hold by now; or read,
 * so that it holds now.
 */
export type Way = 'new' | 'late' | 'read'

/** Turns the values of notifications into what a source hands on. */
export interface ItemReader {
  /** Since the last `take`: from the value before to the first value after each overflow of the server's queue. */
  readonly overflows: readonly Span[]
  /** Values collected. */
  readonly length: number
  /** Adds a value of an item, received at `arrival`. */
  add(item: Item, data: DataValue, arrival: number, way?: Way): void
  /** Adds a value of the past, whether it was added before or not: it says nothing about what holds now. */
  addPast(item: Item, data: DataValue, arrival: number): void
  /** The connection is lost and nothing is known from then on. */
  addLoss(items: readonly Item[], arrival: number): void
  stepped?(step: number): void
  /** The server had values for a notification that was longer than a message may be: they are lost. */
  addUnsent?(arrival: number): void
  /** A value is put aside unread: it ended the process, again and again. */
  quarantine(item: Item, arrival: number): void
  /** What was added since the last time, or undefined if that is nothing. */
  take(arrival: number): Pick<Arrival, 'batch' | 'rejected'> | undefined
}

/** A pattern that finds nodes, and the items of those that it has found, by tag. */
export interface Rule {
  readonly settings: Omit<ItemSettings, 'tag'>
  readonly browse: BrowseSettings
  readonly items: Map<string, Item>
  /** What is wrong with it, in words. */
  trouble: string | undefined
}

/** What is read of a server: the nodes of the configuration, then those that patterns have found, which are never taken out. */
export interface Inventory {
  readonly items: Item[]
  readonly rules: readonly Rule[]
  /** All names were looked up once: what comes and goes from then on is news. */
  known: boolean
}

/** The inventory of a configuration before its server was asked. */
export function makeInventory({ tags }: Pick<Settings, 'tags'>): Inventory {
  const items: Item[] = []
  const rules: Rule[] = []
  for (const { node, path, browse, tag, ...settings } of tags) {
    if (browse) rules.push({ settings, browse, items: new Map(), trouble: undefined })
    else items.push(makeItem({ ...settings, tag: tag! }, (node ?? path)!, items.length + 1, false))
  }
  return { items, rules, known: false }
}

/** An item of which nothing is known yet. */
export function makeItem(settings: ItemSettings, address: string, handle: number, found: boolean): Item {
  return {
    settings,
    address,
    found,
    located: undefined,
    nodeId: undefined,
    handle,
    toText: settings.type === 'text',
    tag: undefined,
    elements: [],
    type: settings.type,
    names: undefined,
    seen: false,
    lastTime: -Infinity,
    lastValue: undefined,
    lastStatus: 0,
    liveFrom: Infinity,
    liveValue: undefined,
    pastUntil: -Infinity,
    pastValue: undefined,
    readTime: -Infinity,
    readValue: undefined,
    lostAt: -Infinity,
    unfiltered: undefined,
    kept: NaN,
    cut: undefined,
    place: undefined,
    heardAt: 0,
    suspectSince: undefined,
    refusal: undefined,
    refusals: 0,
    retryAt: 0,
  }
}
