import { coerceNodeId, type NodeId } from 'node-opcua-client'
import { plain } from './faults.ts'

/** The node id on this server, or in words why there is none. */
export function resolveNode(node: string, namespaces: readonly string[]): NodeId | string {
  const match = /^nsu=([^;]+);(.*)$/.exec(node)
  if (match && !namespaces.includes(match[1])) return `the server has no namespace ${match[1]}`
  try {
    return coerceNodeId(match ? `ns=${namespaces.indexOf(match[1])};${match[2]}` : node)
  } catch (error) {
    return `not a node id: ${plain(error)}`
  }
}

/** A node id by the URI of its namespace; by index for the server's own namespaces, 0 and 1. */
export function nodeText(id: NodeId, namespaces: readonly string[]): string {
  const uri = namespaces.at(id.namespace)
  const own = id.toString().replace(/^ns=\d+;/, '')
  return id.namespace > 1 && uri !== undefined && !uri.includes(';') ? `nsu=${uri};${own}` : `ns=${id.namespace};${own}`
}
