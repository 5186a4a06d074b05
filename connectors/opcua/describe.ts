import { AttributeIds, BrowseDirection, NodeClassMask, NodeId } from 'node-opcua-client'
import type { DataValue } from 'node-opcua-client'
import type { Connection, Session } from './client.ts'
import type { Item } from './items.ts'
import { readAll } from './pieces.ts'
import { kindOf, tagTypeOf } from './values.ts'

/**
 * Learns from the server what the configuration leaves open: types of nodes that may have no value yet, and names of
 * enum values where the configuration wants text. What the server does not tell stays open.
 */
export async function describeItems({ session, limits }: Connection, items: readonly Item[]): Promise<void> {
  const open = items.filter((item) => item.type === undefined || (item.toText && !item.names))
  for (let start = 0; start < open.length; start += 500) {
    const asked = open.slice(start, start + 500).flatMap((item) => {
      const { nodeId } = item
      return nodeId === undefined ? [] : [{ item, nodeId }]
    })
    if (asked.length === 0) continue
    const types = await readAll(
      session,
      limits,
      asked.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.DataType })),
    )
    for (const [i, { item, nodeId }] of asked.entries()) {
      const dataType = types[i].value.value as unknown
      if (!(dataType instanceof NodeId)) continue
      const builtIn = dataType.namespace === 0 && typeof dataType.value === 'number' ? dataType.value : 0
      item.type ??= tagTypeOf(kindOf(builtIn))
      // Built-in types have no names.
      if (item.toText && (builtIn === 0 || builtIn > 25)) item.names = await namesOf(session, nodeId, dataType)
      else if (item.toText) item.names = await namesOf(session, nodeId)
    }
  }
}

/** Names of values: of the variable itself (MultiStateDiscrete) or of its data type (enumeration). */
async function namesOf(session: Session, ...nodes: readonly NodeId[]): Promise<ReadonlyMap<number, string>> {
  const names = new Map<number, string>()
  for (const nodeId of nodes) {
    const { references } = await session.browse({
      nodeId,
      referenceTypeId: 'HasProperty',
      browseDirection: BrowseDirection.Forward,
      includeSubtypes: true,
      nodeClassMask: NodeClassMask.Variable,
      resultMask: 0x3f,
    })
    for (const reference of references ?? []) {
      const property = reference.browseName.name
      if (property !== 'EnumStrings' && property !== 'EnumValues') continue
      collect(names, await session.read({ nodeId: reference.nodeId, attributeId: AttributeIds.Value }))
    }
    if (names.size > 0) break
  }
  return names
}

interface EnumValue {
  readonly value: readonly [number, number]
  readonly displayName: { readonly text: string | null }
}

function collect(names: Map<number, string>, property: DataValue): void {
  const list = property.value.value as unknown
  if (!Array.isArray(list)) return
  for (const [i, entry] of (list as (EnumValue | EnumValue['displayName'])[]).entries()) {
    if ('displayName' in entry) names.set(entry.value[1] | 0, entry.displayName.text ?? '')
    else names.set(i, entry.text ?? '')
  }
}
