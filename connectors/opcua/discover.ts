import type { NodeId, ReferenceDescription } from 'node-opcua-client'
import { childrenOf } from './children.ts'
import type { Connection } from './client.ts'
import { Match, nameOf } from './match.ts'
import { nearest } from './path.ts'
import { resolvePaths } from './paths.ts'
import { resolveNode } from './nodes.ts'
import type { BrowseSettings } from './settings.ts'

/** A variable that fits. */
export interface Discovered {
  readonly nodeId: NodeId
  /** Browse names from below the place where the search began. */
  readonly path: string
  readonly tag: string
}

/** What a pattern finds, and what is wrong with it, in words. */
export interface Discovery {
  readonly found: readonly Discovered[]
  readonly trouble?: string
  /** There was more than was looked at. */
  readonly partial?: true
}

interface Place {
  readonly id: NodeId
  readonly levels: readonly string[]
}

const deepest = 32
const nodesPerBrowse = 50
/** Ways to one node that are followed: it may stand in folders of several kinds. */
const mostWays = 4
/** Nodes that are remembered to name the nearest where none fits. */
const mostRemembered = 1_000
const propertyType = 68
/** Node class of variables as numbered in OPC UA Part 3. */
const variableClass: number = 2

/** Finds the variables whose names fit a pattern, breadth first. Rejects only where the connection breaks. */
export async function discover(connection: Connection, rule: BrowseSettings): Promise<Discovery> {
  const below = rule.below.startsWith('/')
    ? (await resolvePaths(connection, [rule.below]))[0]
    : resolveNode(rule.below, connection.namespaces)
  if (typeof below === 'string') return { found: [], trouble: below }
  const search = new Search(connection, rule)
  await search.run(below)
  return search.result()
}

class Search {
  readonly #connection: Connection
  readonly #rule: BrowseSettings
  readonly #match: Match
  /** Properties count only where the pattern names them. */
  readonly #takesProperties: boolean
  readonly #found = new Map<string, Discovered>()
  readonly #others: string[] = []
  /** How often each node was met. */
  readonly #ways = new Map<string, number>()
  #nameless: string | undefined
  #seen = 0

  constructor(connection: Connection, rule: BrowseSettings) {
    this.#connection = connection
    this.#rule = rule
    this.#match = new Match(rule.match)
    this.#takesProperties = !rule.match.split('/').at(-1)!.includes('*')
  }

  async run(below: NodeId): Promise<void> {
    let level: Place[] = [{ id: below, levels: [] }]
    while (level.length > 0 && !this.#isFull()) {
      const next: Place[] = []
      for (let at = 0; at < level.length && !this.#isFull(); at += nodesPerBrowse) {
        const places = level.slice(at, at + nodesPerBrowse)
        const children = await childrenOf(
          this.#connection,
          places.map(({ id }) => id),
        )
        places.forEach((place, index) => this.#enter(place, children[index], next))
      }
      level = next
    }
  }

  result(): Discovery {
    const { match, most } = this.#rule
    const found = [...this.#found.values()]
    const full = `there are more than ${most} nodes; raise most, or say more in below and match`
    if (this.#isFull()) return { found, trouble: full, partial: true }
    if (this.#nameless !== undefined) return { found, trouble: `${this.#nameless} gives a tag without a name` }
    if (found.length > 0) return { found }
    const near = nearest(match, this.#others)
    return {
      found,
      trouble: `no variable fits; ${near.length === 0 ? 'nothing is there' : `the nearest are ${near.join(', ')}`}`,
    }
  }

  #isFull(): boolean {
    return this.#seen > this.#rule.most
  }

  #enter(place: Place, references: readonly ReferenceDescription[], next: Place[]): void {
    for (const { nodeId, browseName, nodeClass, typeDefinition } of references) {
      // The server's own objects are no signals.
      if (nodeId.namespace === 0) continue
      const key = nodeId.toString()
      const ways = (this.#ways.get(key) ?? 0) + 1
      if (ways > mostWays) continue
      this.#ways.set(key, ways)
      this.#seen++
      const levels = [...place.levels, (browseName.name ?? '').replaceAll('/', '_')]
      if (this.#others.length < mostRemembered) this.#others.push(levels.join('/'))
      const isProperty = typeDefinition.namespace === 0 && typeDefinition.value === propertyType
      if (Number(nodeClass) === variableClass && (!isProperty || this.#takesProperties)) this.#look(nodeId, levels)
      if (!isProperty && levels.length < deepest && this.#match.reaches(levels)) next.push({ id: nodeId, levels })
    }
  }

  #look(nodeId: NodeId, levels: readonly string[]): void {
    const path = levels.join('/')
    const fits = this.#match.fit(path)
    if (!fits) return
    const tag = nameOf(this.#rule.tag, fits)
    if (tag === '') this.#nameless ??= path
    else if (!this.#found.has(nodeId.toString())) this.#found.set(nodeId.toString(), { nodeId, path, tag })
  }
}
