import type { NodeId } from 'node-opcua-client'
import type { NodeEvent } from '../../agent/core/index.ts'
import type { Item } from './items.ts'
import type { Changes } from './lookup.ts'
import { nodeText } from './nodes.ts'

/** Events of nodes that are found by name, and have come, gone or moved. `time`: ms since epoch. */
export function nodeEvents(changes: Changes, source: string, time: number, namespaces: readonly string[]): NodeEvent[] {
  const event = (change: NodeEvent['change'], item: Item, node: NodeId): NodeEvent[] => {
    const isNamed = item.found || item.address.startsWith('/')
    const { tag } = item.settings
    return isNamed ? [{ type: 'node', time, source, change, tag, node: nodeText(node, namespaces) }] : []
  }
  return [
    ...changes.appeared.flatMap((item) => event('appeared', item, item.nodeId!)),
    ...changes.moved.flatMap((item) => event('moved', item, item.nodeId!)),
    ...changes.vanished.flatMap(({ item, node }) => event('vanished', item, node)),
  ]
}
