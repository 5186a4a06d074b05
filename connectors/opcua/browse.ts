import {
  AttributeIds,
  BrowseDirection,
  NodeClassMask,
  NodeId,
  browseAll,
  coerceNodeId,
  resolveNodeId,
} from 'node-opcua-client'
import type { DataValue, ReferenceDescription } from 'node-opcua-client'
import type { Logger, TagType } from '../../agent/core/index.ts'
import { Connector, disconnect, type Session } from './client.ts'
import { isTooLarge } from './faults.ts'
import type { Settings } from './settings.ts'
import { elementsOf, integer64, kindOf, numberOf, tagTypeOf, textOf } from './values.ts'

/** A variable that a server offers. */
export interface BrowsedVariable {
  /** `nsu=http://vendor/plc;s=Press.Force`: by URI, for the index of a namespace may change with the server's next start. */
  readonly node: string
  /** Browse names from below Objects down to the variable. Of a device's own folders only what tells variables apart. */
  readonly path: readonly string[]
  /** How many names of the path are those of the device it belongs to; 0 where the server says nothing of devices. */
  readonly device: number
  readonly type: TagType
  readonly unit?: string
  /** EURange. */
  readonly low?: number
  readonly high?: number
  readonly array: boolean
  /** Keeps history that can be read. */
  readonly history: boolean
  readonly value: number | string | boolean | null
}

/** A device after OPC UA for Devices (DI) or Machinery. */
export interface BrowsedDevice {
  readonly path: readonly string[]
  readonly manufacturer?: string
  readonly model?: string
  readonly serial?: string
}

export interface Browsed {
  readonly namespaces: readonly string[]
  /** Companion specifications that the server follows, by name. */
  readonly specifications: readonly string[]
  readonly devices: readonly BrowsedDevice[]
  readonly variables: readonly BrowsedVariable[]
  /** Variables that can become no tag, by reason. */
  readonly left: Readonly<Record<string, number>>
  /** The bound was reached: there is more. */
  readonly more: boolean
}

export interface BrowseOptions {
  /** Folder of certificates. */
  readonly pki: string
  readonly log: Logger
  /** Most nodes to visit. */
  readonly most: number
  /** Node to begin at, instead of Objects. */
  readonly root?: string
  progress?(nodes: number): void
}

const diUri = 'http://opcfoundation.org/UA/DI/'
const machineryUri = 'http://opcfoundation.org/UA/Machinery/'
const specification = /^http:\/\/opcfoundation\.org\/UA\/(.+?)\/?$/
const objectsFolder = 'ns=0;i=85'
const propertyType = 68
/** Node classes as numbered in OPC UA Part 3. */
const classes: Readonly<Record<number, 'object' | 'variable'>> = { 1: 'object', 2: 'variable' }
const deepest = 16
const nodesPerBrowse = 50
const nodesPerRead = 500

/** Looks through the address space of a server, with one session that is closed in the end. Rejects with a SourceError. */
export async function browseServer(settings: Settings, options: BrowseOptions): Promise<Browsed> {
  const connector = new Connector(settings, options.pki, options.log)
  try {
    const { client, session, namespaces } = await connector.connect()
    try {
      const walk = new Walk(session, namespaces, options)
      await walk.run()
      const { variables, left } = await new Describer(session, namespaces).describe(walk.found)
      return {
        namespaces,
        specifications: namespaces.flatMap((uri) => specification.exec(uri)?.[1] ?? []),
        devices: await readDevices(session, walk.devices),
        variables,
        left,
        more: walk.more,
      }
    } finally {
      await disconnect(client)
    }
  } finally {
    await connector.close()
  }
}

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
interface Found {
  readonly id: NodeId
  readonly path: readonly string[]
  readonly device: number
  units?: NodeId
  range?: NodeId
}

interface Identity {
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
class Walk {
  readonly found: Found[] = []
  readonly devices: Identity[] = []
  more = false
  readonly #session: Session
  readonly #options: BrowseOptions
  readonly #di: number
  readonly #machinery: number
  readonly #namespaces: readonly string[]
  readonly #visited = new Set<string>()
  /** Ids of nodes that are devices. */
  readonly #deviceIds = new Set<string>()

  constructor(session: Session, namespaces: readonly string[], options: BrowseOptions) {
    this.#session = session
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

  async #browse(nodes: readonly NodeId[]): Promise<ReferenceDescription[][]> {
    const results = await browseAll(
      this.#session,
      nodes.map((nodeId) => ({
        nodeId,
        referenceTypeId: 'HierarchicalReferences',
        browseDirection: BrowseDirection.Forward,
        includeSubtypes: true,
        nodeClassMask: NodeClassMask.Object | NodeClassMask.Variable,
        resultMask: 0x3f,
      })),
    )
    return results.map(({ references }) => references ?? [])
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

/** Abstract and derived built-in types of namespace 0 that hold numbers. */
const derived: Readonly<Record<number, TagType>> = {
  26: 'number',
  27: 'integer',
  28: 'integer',
  29: 'integer',
  290: 'number',
}

/** Reads what the variables are. */
class Describer {
  readonly #session: Session
  readonly #namespaces: readonly string[]
  #perCall = nodesPerRead

  constructor(session: Session, namespaces: readonly string[]) {
    this.#session = session
    this.#namespaces = namespaces
  }

  async describe(found: readonly Found[]): Promise<Pick<Browsed, 'variables' | 'left'>> {
    const attributes = [AttributeIds.Value, AttributeIds.DataType, AttributeIds.UserAccessLevel] as const
    const read = async (attributeId: AttributeIds) =>
      this.#read(found.map(({ id: nodeId }) => ({ nodeId, attributeId })))
    const [values, types, access] = [await read(attributes[0]), await read(attributes[1]), await read(attributes[2])]
    const units = await this.#properties(found.map((variable) => variable.units))
    const ranges = await this.#properties(found.map((variable) => variable.range))
    const variables: BrowsedVariable[] = []
    const left: Record<string, number> = {}
    found.forEach((variable, index) => {
      const level = access[index].value.value as unknown
      const type = typeOf(values[index], types[index])
      const problem =
        typeof level === 'number' && (level & 1) === 0
          ? 'cannot be read'
          : type === undefined
            ? 'a structure or bytes'
            : undefined
      if (problem === undefined)
        variables.push(this.#variable(variable, type!, values[index], level, units[index], ranges[index]))
      else left[problem] = (left[problem] ?? 0) + 1
    })
    return { variables, left }
  }

  #variable(
    { id, path, device }: Found,
    type: TagType,
    value: DataValue,
    level: unknown,
    units: DataValue | undefined,
    range: DataValue | undefined,
  ): BrowsedVariable {
    const unit = (units?.value.value as { displayName?: { text?: string | null } } | null | undefined)?.displayName
      ?.text
    const limits = range?.value.value as { low?: number; high?: number } | null | undefined
    const hasRange = limits?.low !== undefined && limits.high !== undefined && limits.low < limits.high
    return {
      node: expressionOf(id, this.#namespaces),
      path,
      device,
      type,
      ...(unit && { unit }),
      ...(hasRange && { low: limits.low, high: limits.high }),
      array: elementsOf(value.value) !== undefined,
      history: typeof level === 'number' && (level & 4) !== 0,
      value: shownValue(value),
    }
  }

  async #properties(ids: readonly (NodeId | undefined)[]): Promise<(DataValue | undefined)[]> {
    const wanted = ids.filter((id) => id !== undefined)
    const values = await this.#read(wanted.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })))
    let next = 0
    return ids.map((id) => (id === undefined ? undefined : values[next++]))
  }

  async #read(nodes: readonly { nodeId: NodeId; attributeId: AttributeIds }[]): Promise<DataValue[]> {
    const values: DataValue[] = []
    while (values.length < nodes.length) {
      const part = nodes.slice(values.length, values.length + this.#perCall)
      try {
        values.push(...(await this.#session.read(part)))
      } catch (error) {
        if (!isTooLarge(error) || this.#perCall === 1) throw error
        this.#perCall = Math.ceil(this.#perCall / 2)
      }
    }
    return values
  }
}

function typeOf({ value }: DataValue, dataType: DataValue): TagType | undefined {
  const kind = kindOf(value.dataType)
  if (kind !== 'null') return tagTypeOf(kind)
  const id = dataType.value.value as unknown
  if (!(id instanceof NodeId) || id.namespace !== 0 || typeof id.value !== 'number') return undefined
  return derived[id.value] ?? tagTypeOf(kindOf(id.value))
}

function shownValue({ value: variant }: DataValue): number | string | boolean | null {
  const kind = kindOf(variant.dataType)
  const value = variant.value as unknown
  if (value === null || value === undefined || elementsOf(variant)) return null
  if (kind === 'boolean') return value === true
  if (kind === 'int64' || kind === 'uint64') return Number(integer64(value as [number, number], kind === 'int64'))
  if (kind === 'text') return textOf(value)
  const number = numberOf(kind, value)
  return Number.isFinite(number) ? number : null
}

/** The server's own namespaces (0 and 1) by index, others by URI. */
function expressionOf(id: NodeId, namespaces: readonly string[]): string {
  const uri = namespaces.at(id.namespace)
  const own = id.toString().replace(/^ns=\d+;/, '')
  return id.namespace > 1 && uri !== undefined && !uri.includes(';') ? `nsu=${uri};${own}` : `ns=${id.namespace};${own}`
}

async function readDevices(session: Session, devices: readonly Identity[]): Promise<BrowsedDevice[]> {
  const asked = devices.flatMap(({ properties }) => [...properties.values()])
  const values =
    asked.length > 0 ? await session.read(asked.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }))) : []
  let next = 0
  return devices.map(({ path, properties }) => {
    const named = Object.fromEntries(
      [...properties.keys()].map((name) => {
        const value = values[next++].value.value as unknown
        return [name, value === null || value === undefined ? '' : textOf(value)]
      }),
    ) as Partial<Record<string, string>>
    const { Manufacturer: manufacturer, Model: model, SerialNumber: serial } = named
    return { path, ...(manufacturer && { manufacturer }), ...(model && { model }), ...(serial && { serial }) }
  })
}
