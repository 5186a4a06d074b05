import type { Logger, TagType } from '../../agent/core/index.ts'
import { Connector, disconnect, type Connection } from './client.ts'
import { Describer } from './browse-values.ts'
import { readValues } from './pieces.ts'
import type { Settings } from './settings.ts'
import { textOf } from './values.ts'
import { type Identity, Walk } from './walk.ts'

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

const specification = /^http:\/\/opcfoundation\.org\/UA\/(.+?)\/?$/

/** Looks through the address space of a server, with one session that is closed in the end. Rejects with a SourceError. */
export async function browseServer(settings: Settings, options: BrowseOptions): Promise<Browsed> {
  const connector = new Connector(settings, options.pki, options.log)
  try {
    const connection = await connector.connect()
    const { client, namespaces } = connection
    try {
      const walk = new Walk(connection, options)
      await walk.run()
      const { variables, left } = await new Describer(connection).describe(walk.found)
      return {
        namespaces,
        specifications: namespaces.flatMap((uri) => specification.exec(uri)?.[1] ?? []),
        devices: await readDevices(connection, walk.devices),
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

async function readDevices({ session, limits }: Connection, devices: readonly Identity[]): Promise<BrowsedDevice[]> {
  const asked = devices.flatMap(({ properties }) => [...properties.values()])
  const values = await readValues(session, limits, asked)
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
