import { BrowseDirection, NodeClassMask, browseAll } from 'node-opcua-client'
import type { NodeId, ReferenceDescription } from 'node-opcua-client'
import type { Connection } from './client.ts'
import { inPieces } from './pieces.ts'

/** Objects and variables that nodes refer to downwards, by node, in the order of the server. */
export async function childrenOf(
  { session, limits }: Pick<Connection, 'session' | 'limits'>,
  nodes: readonly NodeId[],
): Promise<ReferenceDescription[][]> {
  const asked = nodes.map((nodeId) => ({
    nodeId,
    referenceTypeId: 'HierarchicalReferences',
    browseDirection: BrowseDirection.Forward,
    includeSubtypes: true,
    nodeClassMask: NodeClassMask.Object | NodeClassMask.Variable,
    resultMask: 0x3f,
  }))
  const results = await inPieces(limits, 'browse', asked, (piece) => browseAll(session, piece))
  return results.map(({ references }) => references ?? [])
}
