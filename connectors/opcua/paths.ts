import { NodeId, QualifiedName } from 'node-opcua-client'
import type { BrowsePathResult, ReferenceDescription } from 'node-opcua-client'
import { childrenOf } from './children.ts'
import type { Connection } from './client.ts'
import { isAnswer, plain } from './faults.ts'
import { type Level, levelText, levelsOf, nearest, pathText } from './path.ts'
import { inPieces } from './pieces.ts'

const root = new NodeId(NodeId.NodeIdType.NUMERIC, 84)
const hierarchical = new NodeId(NodeId.NodeIdType.NUMERIC, 33)
/** A target of this index is at the end of the path (Part 4, 5.9.4). */
const whole = 0xffff_ffff
/** Paths that lead nowhere and are followed level by level to say why. */
const mostExplained = 50
/** Nodes that one level of a path may stand for. */
const mostBranches = 50

/** A level with its namespace by index. */
type Step = Level & { readonly namespace: number }

/**
 * The nodes that browse paths name, or in words why a path names none, or more than one. Servers that do not translate paths
 * are browsed. Rejects only where the connection breaks.
 */
export async function resolvePaths(
  connection: Connection,
  paths: readonly string[],
): Promise<readonly (NodeId | string)[]> {
  const steps = paths.map((path) => stepsOf(path, connection.namespaces))
  const known = steps.filter((one) => typeof one !== 'string')
  const translated = (await translate(connection, known)).values()
  const trail = new Trail(connection)
  const found: (NodeId | string)[] = []
  for (const one of steps) {
    const nodes = typeof one === 'string' ? one : translated.next().value
    const targets = nodes === undefined ? await trail.follow(one as Step[]) : nodes
    found.push(typeof targets === 'string' ? targets : only(targets))
  }
  return found
}

function only(nodes: readonly NodeId[]): NodeId | string {
  if (nodes.length === 1) return nodes[0]
  const shown = nodes.slice(0, 3).map(String).join(', ')
  return `the path names ${nodes.length} nodes: ${shown}${nodes.length > 3 ? ' ...' : ''}; name one by its node id`
}

function stepsOf(path: string, namespaces: readonly string[]): Step[] | string {
  const steps: Step[] = []
  for (const level of levelsOf(path)) {
    const namespace = typeof level.namespace === 'number' ? level.namespace : namespaces.indexOf(level.namespace)
    if (namespace < 0) {
      const known = nearest(String(level.namespace), namespaces, 1).join()
      return `the server has no namespace ${level.namespace}; the nearest is ${known || 'none'}`
    }
    steps.push({ ...level, namespace })
  }
  return steps
}

/** Targets of each path; undefined where the server gives none. */
async function translate(
  { session, limits }: Connection,
  paths: readonly (readonly Step[])[],
): Promise<(readonly NodeId[] | undefined)[]> {
  const asked = paths.map((steps) => ({
    startingNode: root,
    relativePath: {
      elements: steps.map(({ namespace, name }) => ({
        referenceTypeId: hierarchical,
        isInverse: false,
        includeSubtypes: true,
        targetName: new QualifiedName({ namespaceIndex: namespace, name }),
      })),
    },
  }))
  try {
    const results = await inPieces(limits, 'translate', asked, (piece) => session.translateBrowsePath(piece))
    return results.map(targetsOf)
  } catch (error) {
    if (!isAnswer(error)) throw error
    return paths.map(() => undefined)
  }
}

function targetsOf({ statusCode, targets }: BrowsePathResult): readonly NodeId[] | undefined {
  if (!statusCode.isGood()) return undefined
  const ends = (targets ?? []).filter(({ remainingPathIndex: rest, targetId }) => rest === whole && targetId.serverIndex === 0) // prettier-ignore
  const nodes = distinct(ends.map(({ targetId }) => targetId))
  return nodes.length > 0 ? nodes : undefined
}

/** Nodes once each; ids of other classes are made plain. */
function distinct(ids: readonly NodeId[]): NodeId[] {
  const plain = ids.map(({ identifierType, value, namespace }) => new NodeId(identifierType, value, namespace))
  return [...new Map(plain.map((id) => [id.toString(), id])).values()]
}

/** Follows paths level by level, asking for no node twice. */
class Trail {
  readonly #connection: Connection
  readonly #children = new Map<string, ReferenceDescription[]>()
  #explained = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The nodes at the end, or where the path ends and what there is instead. */
  async follow(steps: readonly Step[]): Promise<NodeId[] | string> {
    if (this.#explained >= mostExplained) return 'the path leads nowhere'
    let nodes = [root]
    try {
      for (const [depth, step] of steps.entries()) {
        const there = await this.#below(nodes)
        const named = there.filter(({ browseName: { namespaceIndex, name } }) => namespaceIndex === step.namespace && name === step.name) // prettier-ignore
        if (named.length === 0) return this.#explain(steps.slice(0, depth), step, there)
        nodes = distinct(named.map(({ nodeId }) => nodeId)).slice(0, mostBranches)
      }
      return nodes
    } catch (error) {
      if (!isAnswer(error)) throw error
      return `the path cannot be followed: ${plain(error)}`
    }
  }

  async #below(nodes: readonly NodeId[]): Promise<ReferenceDescription[]> {
    const unknown = nodes.filter((id) => !this.#children.has(id.toString()))
    const found = await childrenOf(this.#connection, unknown)
    unknown.forEach((id, i) => this.#children.set(id.toString(), found[i]))
    return nodes.flatMap((id) => this.#children.get(id.toString())!)
  }

  #explain(before: readonly Step[], step: Step, there: readonly ReferenceDescription[]): string {
    this.#explained++
    const names = there.map(({ browseName: { namespaceIndex: namespace, name } }) => levelText({ namespace, name: name ?? '' })) // prettier-ignore
    const near = nearest(levelText(step), names)
    const where = before.length === 0 ? 'Root' : pathText(before)
    const instead = near.length === 0 ? 'nothing is below it' : `the nearest are ${near.join(', ')}`
    return `there is no ${levelText(step)} below ${where}; ${instead}`
  }
}
