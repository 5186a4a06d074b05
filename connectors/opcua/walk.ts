import { NodeId, coerceNodeId, resolveNodeId } from 'node-opcua-client'
import type { ReferenceDescription } from 'node-opcua-client'
import type { BrowseOptions } from './browse.ts'
import { childrenOf } from './children.ts'
import type { Connection } from './client.ts'

const diUri = 'http://opcfoundation.org/UA/DI/'
const machineryUri = 'http://opcfoundation.org/UA/Machinery/'
const objectsFolder = 'ns=0;i=85'
const propertyType = 68
/** Node classes as numbered in OPC UA Part 3. */
const classes: Readonly<Record<number, 'object' | 'variable'>> = { 1: 'object', 2: 'variable' }
const deepest = 16
const nodesPerBrowse = 50

interface Place {
  readonly id: NodeId
  readonly path: readonly string[]
  readonly device: number
  readonly depth: number
  /** The variable among `found` that it is, if it is one. */
  readonly variable?: Found
  /** The device it is, or whose identification it is. */
  readonly identity?: Identity
}

/** A variable as the walk meets it. */
export interface Found {
  readonly id: NodeId
  readonly path: readonly string[]
  readonly device: number
  units?: NodeId
  range?: NodeId
}

/** A device and the nodes that name it. */
export interface Identity {
  readonly path: readonly string[]
  readonly properties: Map<string, NodeId>
}

/** Folders of a device that group its parameters and name nothing. */
const transparent = ['ParameterSet', 'Components', 'Parameters']
/** Objects of a device that hold no signals. */
const skipped = [
  'MethodSet',
  'Lock',
  'DeviceFeatures',
  'NetworkSet',
  'DeviceTopology',
  'DeviceTypeImage',
  'Documentation',
]
const identityNames = ['Manufacturer', 'Model', 'SerialNumber']

/** Breadth first from the root, each node once, by the shortest path; devices come first, so that they name their nodes. */
export class Walk {
  readonly found: Found[] = []
  readonly devices: Identity[] = []
  more = false
  readonly #connection: Connection
  readonly #options: BrowseOptions
  readonly #di: number
  readonly #machinery: number
  readonly #namespaces: readonly string[]
  readonly #visited = new Set<string>()
  /** Ids of nodes that are devices. */
  readonly #deviceIds = new Set<string>()

  constructor(connection: Connection, options: BrowseOptions) {
    const { namespaces } = connection
    this.#connection = connection
    this.#options = options
    this.#namespaces = namespaces
    this.#di = namespaces.indexOf(diUri)
    this.#machinery = namespaces.indexOf(machineryUri)
  }

  async run(): Promise<void> {
    const { root, most } = this.#options
    await this.#collectDevices()
    let level: Place[] = [{ id: rootId(root ?? objectsFolder, this.#namespaces), path: [], device: 0, depth: 0 }]
    while (level.length > 0) {
      const next: Place[] = []
      for (let at = 0; at < level.length && !this.more; at += nodesPerBrowse) {
        const places = level.slice(at, at + nodesPerBrowse)
        const children = await this.#browse(places.map(({ id }) => id))
        places.forEach((place, index) => this.#enter(place, children[index], next))
        this.#options.progress?.(this.#visited.size)
        this.more = this.#visited.size >= most
      }
      level = this.more ? [] : next
    }
  }

  /** What stands in DeviceSet (DI) and Machines (Machinery) are devices, wherever else they are referenced. */
  async #collectDevices(): Promise<void> {
    const folders = [
      ...(this.#di < 0 ? [] : [new NodeId(NodeId.NodeIdType.NUMERIC, 5001, this.#di)]),
      ...(this.#machinery < 0 ? [] : [new NodeId(NodeId.NodeIdType.NUMERIC, 1001, this.#machinery)]),
    ]
    if (folders.length === 0) return
    for (const references of await this.#browse(folders))
      for (const { nodeId, nodeClass, browseName } of references)
        if (classes[nodeClass] === 'object' && !skipped.includes(browseName.name ?? ''))
          this.#deviceIds.add(nodeId.toString())
  }

  #browse(nodes: readonly NodeId[]): Promise<ReferenceDescription[][]> {
    return childrenOf(this.#connection, nodes)
  }

  #enter(place: Place, references: readonly ReferenceDescription[], next: Place[]): void {
    const ordered = [...references].sort((a, b) => rank(a) - rank(b))
    for (const reference of ordered) {
      const { nodeId, browseName, nodeClass, typeDefinition } = reference
      const name = browseName.name ?? ''
      const isProperty =
        classes[nodeClass] === 'variable' && typeDefinition.namespace === 0 && typeDefinition.value === propertyType
      if (isProperty) {
        if (name === 'EngineeringUnits' && place.variable) place.variable.units = nodeId
        if (name === 'EURange' && place.variable) place.variable.range = nodeId
        if (identityNames.includes(name)) place.identity?.properties.set(name, nodeId)
        continue
      }
      const key = nodeId.toString()
      // The server's own objects, and what begins with _ (systems' internals, as in Kepware), are no signals.
      if (this.#visited.has(key) || place.depth >= deepest || nodeId.namespace === 0 || name.startsWith('_')) continue
      if (place.identity && classes[nodeClass] === 'variable' && identityNames.includes(name)) {
        place.identity.properties.set(name, nodeId)
        continue
      }
      if (skipped.includes(name) && browseName.namespaceIndex === this.#di) continue
      this.#visited.add(key)
      next.push(this.#place(place, key, name, reference))
    }
  }

  #place(parent: Place, key: string, name: string, { nodeId: id, nodeClass, browseName }: ReferenceDescription): Place {
    const depth = parent.depth + 1
    const companion = browseName.namespaceIndex === this.#di || browseName.namespaceIndex === this.#machinery
    if (classes[nodeClass] === 'variable') {
      const variable: Found = { id, path: [...parent.path, name], device: parent.device }
      this.found.push(variable)
      return { id, path: variable.path, device: parent.device, depth, variable }
    }
    if (this.#deviceIds.has(key)) {
      const path = [...parent.path, name]
      const identity: Identity = { path, properties: new Map() }
      this.devices.push(identity)
      return { id, path, device: path.length, depth, identity }
    }
    const hidden = companion && (transparent.includes(name) || name === 'DeviceSet' || name === 'Machines')
    const inherited = name === 'Identification' && parent.identity ? { identity: parent.identity } : {}
    return { id, path: hidden ? parent.path : [...parent.path, name], device: parent.device, depth, ...inherited }
  }
}

/** Folders of devices before others, ParameterSet before the functional groups that refer to the same parameters. */
function rank({ browseName: { name } }: ReferenceDescription): number {
  return name === 'Machines' || name === 'DeviceSet' || name === 'ParameterSet' || name === 'Identification' ? 0 : 1
}

function rootId(root: string, namespaces: readonly string[]): NodeId {
  const byUri = /^nsu=([^;]+);(.*)$/.exec(root)
  return byUri ? coerceNodeId(`ns=${Math.max(0, namespaces.indexOf(byUri[1]))};${byUri[2]}`) : resolveNodeId(root)
}
