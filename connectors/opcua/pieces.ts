import { AttributeIds } from 'node-opcua-client'
import type { DataValue, NodeIdLike, ReadValueIdOptions } from 'node-opcua-client'
import type { Session } from './client.ts'
import { isTooLarge } from './faults.ts'

/** Most nodes in one call of a service: what the server says (Part 5, 6.3.11) or what its refusals have taught. */
export interface CallLimits {
  read: number
  historyRead: number
  browse: number
  translate: number
  items: number
}

/** Nodes that hold the limits. */
const limitNodes: Readonly<Record<keyof CallLimits, string>> = {
  read: 'ns=0;i=11705',
  historyRead: 'ns=0;i=12165',
  browse: 'ns=0;i=11710',
  translate: 'ns=0;i=11712',
  items: 'ns=0;i=11714',
}

/** What is asked in one call where the server names no limit. */
export function usualLimits(): CallLimits {
  return { read: 500, historyRead: 20, browse: 50, translate: 200, items: 1_000 }
}

/** Calls for a list in as large pieces as the server takes; halves, and remembers, where it takes less. */
export async function inPieces<T, Result>(
  limits: CallLimits,
  service: keyof CallLimits,
  list: readonly T[],
  call: (piece: T[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const results: Result[] = []
  while (results.length < list.length) {
    const piece = list.slice(results.length, results.length + limits[service])
    try {
      results.push(...(await call(piece)))
    } catch (error) {
      if (!isTooLarge(error) || piece.length === 1) throw error
      limits[service] = Math.ceil(piece.length / 2)
    }
  }
  return results
}

/** Reads attributes of any number of nodes. */
export function readAll(
  session: Pick<Session, 'read'>,
  limits: CallLimits,
  nodes: readonly ReadValueIdOptions[],
): Promise<DataValue[]> {
  return inPieces(limits, 'read', nodes, (piece) => session.read(piece))
}

/** Reads the values of any number of nodes. */
export function readValues(
  session: Pick<Session, 'read'>,
  limits: CallLimits,
  nodes: readonly NodeIdLike[],
): Promise<DataValue[]> {
  return readAll(
    session,
    limits,
    nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
  )
}

/** Lowers limits to what the server says; returns the most monitored items in a call, Infinity where it does not say. */
export async function learnLimits(session: Pick<Session, 'read'>, limits: CallLimits): Promise<number> {
  const services = Object.keys(limitNodes) as (keyof CallLimits)[]
  const values = await readValues(session, limits, Object.values(limitNodes))
  let items = Infinity
  services.forEach((service, i) => {
    const limit = values[i].value.value as unknown
    if (typeof limit !== 'number' || limit <= 0) return
    limits[service] = Math.min(limits[service], limit)
    if (service === 'items') items = limit
  })
  return items
}
