import { AttributeIds, DataType, NodeId, Variant } from 'node-opcua-client'
import type { DataValue } from 'node-opcua-client'
import { DeliveryError, type Logger } from '../../agent/core/index.ts'
import { Connector, disconnect, type Connection } from './client.ts'
import { isAnswer } from './faults.ts'
import type { Settings } from './settings.ts'
import { resolveNode } from './nodes.ts'
import { integer64 } from './values.ts'
import type { Writable } from './writable.ts'

/** Node that tells that the server lives: Server_ServerStatus_State. */
const serverState = 'ns=0;i=2259'

/**
 * Writes values into nodes of one server over a session of its own, and reads them back. Connects at the first call, and
 * again at the next one after a loss: pauses are up to the caller. One call at a time.
 */
export class OpcuaWriter {
  readonly #connector: Connector
  #connection: Connection | undefined
  /** Type by node, as long as the connection lasts. */
  readonly #types = new Map<string, DataType>()

  constructor(settings: Settings, pki: string, log: Logger) {
    this.#connector = new Connector(settings, pki, log)
  }

  /** Connects if need be and asks the server for a sign of life. Rejects with a SourceError or DeliveryError. */
  async alive(): Promise<void> {
    await this.#within((connection) =>
      connection.session.read({ nodeId: serverState, attributeId: AttributeIds.Value }),
    )
  }

  /**
   * Writes a value, converted to the type of the node. Rejects with a SourceError where the server cannot be had, with a
   * DeliveryError where it refuses: DELIVERY_DENIED (someone has to mend it) or DELIVERY_BUSY (it may work later).
   */
  async write(node: string, value: Writable): Promise<void> {
    const status = await this.#within(async (connection) => {
      const nodeId = nodeOf(node, connection)
      const dataType = await this.#typeOf(node, nodeId, connection)
      const variant = new Variant({ dataType, value: converted(value, dataType, node) })
      return connection.session.write({ nodeId, attributeId: AttributeIds.Value, value: { value: variant } })
    })
    if (!status.isGood()) throw refused(`the server refuses to write ${node}`, status)
  }

  /** The value of a node as the server has it now. Rejects as `write` does. */
  async read(node: string): Promise<Writable | null> {
    const { value, statusCode } = await this.#within((connection) =>
      connection.session.read({ nodeId: nodeOf(node, connection), attributeId: AttributeIds.Value }),
    )
    if (!statusCode.isGood()) throw refused(`the server refuses to read ${node}`, statusCode)
    return plain(value)
  }

  /**
   * Calls a method of an object with arguments of the types that it declares. Rejects as `write` does; `sent`: called when
   * the server may carry it out from here on.
   */
  async call(object: string, method: string, values: readonly Writable[], sent: () => void): Promise<void> {
    const result = await this.#within(async (connection) => {
      const [objectId, methodId] = [nodeOf(object, connection), nodeOf(method, connection)]
      const { inputArguments: wanted } = await connection.session.getArgumentDefinition(methodId)
      if (wanted.length !== values.length)
        throw new DeliveryError('DELIVERY_DENIED', `${method} takes ${wanted.length} arguments, and ${values.length} are given`, { remedy: 'Give the arguments that the method declares.' }) // prettier-ignore
      const inputArguments = wanted.map(({ dataType: id }, i) => {
        const dataType = builtInType(id) ?? DataType.Int32
        return new Variant({ dataType, value: converted(values[i], dataType, method) })
      })
      sent()
      return connection.session.call({ objectId, methodId, inputArguments })
    })
    if (!result.statusCode.isGood()) throw refused(`the server refuses to call ${method}`, result.statusCode)
  }

  /** Closes the session and the connection. */
  async close(): Promise<void> {
    await this.#leave()
    await this.#connector.close()
  }

  async #within<Result>(work: (connection: Connection) => Promise<Result>): Promise<Result> {
    this.#connection ??= await this.#connector.connect()
    try {
      return await work(this.#connection)
    } catch (error) {
      if (error instanceof DeliveryError) throw error
      // Anything but an answer has broken the connection: the next call makes another one.
      if (!isAnswer(error)) await this.#leave()
      throw new DeliveryError('DELIVERY_UNREACHABLE', 'the server does not answer', { cause: error })
    }
  }

  async #leave(): Promise<void> {
    const connection = this.#connection
    this.#connection = undefined
    this.#types.clear()
    if (connection) await disconnect(connection.client)
  }

  /** The node's built-in type; of an enumeration or another type of its own that of its value, else Int32. */
  async #typeOf(node: string, nodeId: NodeId, { session }: Connection): Promise<DataType> {
    const known = this.#types.get(node)
    if (known !== undefined) return known
    const [type, current] = await session.read([
      { nodeId, attributeId: AttributeIds.DataType },
      { nodeId, attributeId: AttributeIds.Value },
    ])
    if (!type.statusCode.isGood()) throw refused(`the server has no node ${node} to write`, type.statusCode)
    const id = type.value.value as unknown
    const found = builtInType(id) ?? (current.value.dataType || DataType.Int32)
    this.#types.set(node, found)
    return found
  }
}

function builtInType(id: unknown): DataType | undefined {
  if (!(id instanceof NodeId) || id.namespace !== 0) return undefined
  return Object.values(DataType).find((type): type is DataType => type === id.value)
}

function nodeOf(node: string, { namespaces }: Connection): NodeId {
  const nodeId = resolveNode(node, namespaces)
  if (typeof nodeId !== 'string') return nodeId
  throw new DeliveryError('DELIVERY_DENIED', nodeId, { remedy: 'Check the node id.' })
}

interface Status {
  readonly name: string
  readonly description: string
}

function refused(what: string, { name, description }: Status): DeliveryError {
  const mend = /NotWritable|AccessDenied|NodeId|TypeMismatch|OutOfRange|NotSupported|NotReadable/.test(name)
  const remedy = remedies.find(([says]) => says.test(name))?.[1]
  const message = `${what}: ${name}, ${description}`
  return new DeliveryError(mend ? 'DELIVERY_DENIED' : 'DELIVERY_BUSY', message, { ...(remedy !== undefined && { remedy }) }) // prettier-ignore
}

const remedies: readonly (readonly [RegExp, string])[] = [
  [/NotWritable|AccessDenied/, 'Let the identity of the connector write this node on the server.'],
  [/NodeId/, 'Check the node id.'],
  [/TypeMismatch|OutOfRange/, 'Write a value of the type and range of the node.'],
]

/** The value in the type of the node. Throws a DeliveryError (DELIVERY_DENIED) where there is no way. */
function converted(value: Writable, dataType: DataType, node: string): unknown {
  if (dataType === DataType.Boolean && typeof value !== 'string') return Boolean(value)
  if (dataType === DataType.String) return String(value)
  const number = typeof value === 'string' && value.trim() === '' ? NaN : Number(value)
  if (dataType === DataType.Float || dataType === DataType.Double) {
    if (Number.isFinite(number)) return number
  } else if (dataType >= DataType.SByte && dataType <= DataType.UInt64 && Number.isSafeInteger(number)) {
    if (dataType < DataType.Int64) return number
    return [Math.floor(number / 2 ** 32) >>> 0, number >>> 0]
  }
  throw new DeliveryError(
    'DELIVERY_DENIED',
    `${node} is of the type ${DataType[dataType]}, which cannot hold ${value}`,
    {
      remedy: 'Write a value of the type of the node.',
    },
  )
}

function plain({ dataType, value }: DataValue['value']): Writable | null {
  const raw = value as unknown
  if (dataType === DataType.Int64 || dataType === DataType.UInt64) {
    return Number(integer64(raw as [number, number], dataType === DataType.Int64))
  }
  return typeof raw === 'boolean' || typeof raw === 'number' || typeof raw === 'string' ? raw : null
}
