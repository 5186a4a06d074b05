import { AttributeIds, HistoryData } from 'node-opcua-client'
import type { DataValue, NodeId } from 'node-opcua-client'
import type { Session } from './client.ts'
import type { Item } from './items.ts'
import { resolveNode } from './subscriptions.ts'

/** Which items to read from which session. */
export interface Selection {
  readonly session: Session
  readonly namespaces: readonly string[]
  readonly items: readonly Item[]
}

type Take = (item: Item, value: DataValue) => void

const nodesPerRead = 500
const nodesPerHistoryRead = 20

/** Reads the present values of items. */
export async function readNow({ session, namespaces, items }: Selection, take: Take): Promise<void> {
  for (const chunk of chunks(items, nodesPerRead)) {
    const nodes = chunk.map((item) => ({
      nodeId: resolveNode(item.settings.node, namespaces) as NodeId,
      attributeId: AttributeIds.Value,
    }))
    const values = await session.read(nodes)
    chunk.forEach((item, i) => take(item, values[i]))
  }
}

/**
 * Reads the raw history of items between two times, ms since epoch. Resolves with the number of items for which the
 * server has no complete history.
 */
export async function readHistory(
  { session, namespaces, items, from, to }: Selection & { readonly from: number; readonly to: number },
  take: Take,
): Promise<number> {
  let incomplete = 0
  for (const chunk of chunks(items, nodesPerHistoryRead)) {
    const nodes = chunk.map((item) => resolveNode(item.settings.node, namespaces) as NodeId)
    try {
      const results = await session.readHistoryValue(nodes, new Date(from), new Date(to), { returnBounds: false })
      chunk.forEach((item, i) => {
        const { statusCode, continuationPoint, historyData } = results[i]
        if (historyData instanceof HistoryData) for (const value of historyData.dataValues ?? []) take(item, value)
        if (!statusCode.isGood() || (continuationPoint as Buffer | null)?.length) incomplete++
      })
    } catch {
      incomplete += chunk.length
    }
  }
  return incomplete
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}
