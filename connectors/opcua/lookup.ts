import type { NodeId } from 'node-opcua-client'
import type { Connection } from './client.ts'
import { discover, type Discovered } from './discover.ts'
import { makeItem, type Inventory, type Item, type Rule } from './items.ts'
import { nodeText, resolveNode } from './nodes.ts'
import { resolvePaths } from './paths.ts'
import { readValues } from './pieces.ts'
import type { Settings } from './settings.ts'
import { refuse } from './subscriptions.ts'

const namespaceArray = 'ns=0;i=2255'

/** Items whose nodes are others than before. */
export interface Changes {
  readonly appeared: readonly Item[]
  readonly moved: readonly Item[]
  /** With the node that each had. */
  readonly vanished: readonly { readonly item: Item; readonly node: NodeId }[]
}

/**
 * Looks up the nodes of all items, or of some, and with all of them what patterns find. Items without a node get a refusal
 * that says why. Rejects only where the connection breaks.
 */
export async function lookUp(
  connection: Connection,
  inventory: Inventory,
  settings: Pick<Settings, 'retry'>,
  some?: readonly Item[],
): Promise<Changes> {
  await readNamespaces(connection)
  const before = new Map(inventory.items.map((item) => [item, item.nodeId]))
  const troubles = new Map<Item, string>()
  const named = (some ?? inventory.items).filter(({ found }) => !found)
  await locate(connection, named, troubles)
  if (!some) for (const rule of inventory.rules) await findAll(connection, inventory, rule, troubles)
  const spare = settleTags(inventory.items, troubles)
  for (const item of inventory.items) {
    const trouble = troubles.get(item)
    item.nodeId = trouble === undefined && !spare.has(item) ? item.located : undefined
    if (trouble !== undefined) refuse(item, trouble, settings)
  }
  if (!some) inventory.known = true
  return changesOf(inventory.items, before)
}

/** Namespaces may get other indices with each download. */
async function readNamespaces(connection: Connection): Promise<void> {
  const [{ value }] = await readValues(connection.session, connection.limits, [namespaceArray])
  const uris = value.value as unknown
  if (Array.isArray(uris)) connection.namespaces = uris.map(String)
}

async function locate(connection: Connection, items: readonly Item[], troubles: Map<Item, string>): Promise<void> {
  const byPath = items.filter(({ address }) => address.startsWith('/'))
  const paths = byPath.map(({ address }) => address)
  const resolved = paths.length === 0 ? [] : await resolvePaths(connection, paths)
  const found = new Map(byPath.map((item, i) => [item, resolved[i]]))
  for (const item of items) {
    const node = found.get(item) ?? resolveNode(item.address, connection.namespaces)
    item.located = typeof node === 'string' ? undefined : node
    if (typeof node === 'string') troubles.set(item, node)
  }
}

async function findAll(
  connection: Connection,
  inventory: Inventory,
  rule: Rule,
  troubles: Map<Item, string>,
): Promise<void> {
  const { found, trouble, partial } = await discover(connection, rule.browse)
  rule.trouble = trouble
  const byTag = new Map<string, Discovered[]>()
  for (const one of found) byTag.set(one.tag, [...(byTag.get(one.tag) ?? []), one])
  for (const [tag, nodes] of byTag) {
    const item = rule.items.get(tag) ?? addItem(inventory, rule, tag)
    item.located = nodes[0].nodeId
    item.address = nodeText(item.located, connection.namespaces)
    if (nodes.length === 1) continue
    const paths = nodes.map(({ path }) => path)
    troubles.set(item, shared(tag, paths))
  }
  // Where not all was looked at, what was not seen may be there.
  if (partial) return
  for (const [tag, item] of rule.items) {
    if (byTag.has(tag)) continue
    item.located = undefined
    item.refusal = undefined
  }
}

function addItem({ items }: Inventory, { settings, items: own }: Rule, tag: string): Item {
  const item = makeItem({ ...settings, tag }, '', items.length + 1, true)
  items.push(item)
  own.set(tag, item)
  return item
}

/**
 * Refuses items whose tag other nodes give as well: nobody knows which is meant, and their values would mix. Returns those
 * that a pattern has found and the configuration names itself.
 */
function settleTags(items: readonly Item[], troubles: Map<Item, string>): ReadonlySet<Item> {
  const byTag = new Map<string, Item[]>()
  for (const item of items) {
    if (item.located) byTag.set(item.settings.tag, [...(byTag.get(item.settings.tag) ?? []), item])
  }
  const spare = new Set<Item>()
  for (const [tag, all] of byTag) {
    const [first] = all
    const isSame = ({ located }: Item) => located!.toString() === first.located!.toString()
    const sharing = all.every(isSame) ? all.filter((item) => item === first || !item.found) : all
    if (sharing.length < all.length) for (const item of all) if (!sharing.includes(item)) spare.add(item)
    if (sharing.length === 1) continue
    const addresses = sharing.map(({ address }) => address)
    for (const item of sharing) troubles.set(item, shared(tag, addresses))
  }
  return spare
}

function shared(tag: string, nodes: readonly string[]): string {
  const shown = nodes.slice(0, 3).join(', ')
  return `${nodes.length} nodes give the tag ${tag}, whose values would mix: ${shown}${nodes.length > 3 ? ' ...' : ''}`
}

function changesOf(items: readonly Item[], before: ReadonlyMap<Item, NodeId | undefined>): Changes {
  const appeared: Item[] = []
  const moved: Item[] = []
  const vanished: { item: Item; node: NodeId }[] = []
  for (const item of items) {
    const node = before.get(item)
    if (!node && item.nodeId) appeared.push(item)
    else if (node && !item.nodeId) vanished.push({ item, node })
    else if (node && item.nodeId && node.toString() !== item.nodeId.toString()) moved.push(item)
  }
  return { appeared, moved, vanished }
}
