// Longer than others: one process, whose commands share its address space.
import { X509Certificate } from 'node:crypto'
import {
  DataType,
  DataValue,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  coerceStatusCode,
  Variant,
  VariantArrayType,
  makeEUInformation,
  nodesets,
} from 'node-opcua'
import type { AddressSpace, Namespace, NodeId, UAObject, UAVariable } from 'node-opcua'
import { misbehave, republishes, type OpenSubscription } from './opcua-server-misbehaviour.ts'
import type { ServerCommand, ServerNode, ServerOptions, ServerValue } from './opcua-server.ts'

/** The child process of `opcua-server.ts`: a node-opcua server that does what its parent says over IPC. */

/** Given by `become`, before anything else is asked. */
let options: ServerOptions & { readonly port: number; readonly pki: string }
const definitions = new Map<string, ServerNode>()
const variables = new Map<string, UAVariable>()
let server: OPCUAServer | undefined
let ticking: NodeJS.Timeout | undefined

async function start(): Promise<void> {
  const insecure = options.insecure === true
  server = new OPCUAServer({
    port: options.port,
    hostname: '127.0.0.1',
    ...(options.path !== undefined && { resourcePath: options.path }),
    nodeset_filename: [nodesets.standard, ...(options.nodesets ?? []).map((name) => nodesets[name as 'di'])],
    serverCertificateManager: manager(options.pki),
    userCertificateManager: manager(`${options.pki}-users`),
    securityModes: insecure
      ? [MessageSecurityMode.None]
      : [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: insecure
      ? [SecurityPolicy.None]
      : [SecurityPolicy.None, SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss],
    allowAnonymous: options.anonymous !== false,
    userManager: { isValidUser: (name: string, password: string) => options.users?.[name] === password },
    // A rate of 0: the server reports every change to who asks for it, and merges none.
    serverCapabilities: {
      minSupportedSampleRate: 0,
      ...options.capabilities,
      ...(options.operationLimits && { operationLimits: options.operationLimits }),
    },
    ...(options.messages && { transportSettings: { adjustTransportLimits: limitsOf(options.messages) } }),
    maxConnectionsPerEndpoint: 50,
    disableDiscovery: true,
  })
  if (options.transfers === false) handlers()._on_TransferSubscriptionsRequest = undefined
  await server.initialize()
  const namespace = space().registerNamespace('http://millwright.test/plant')
  for (const node of definitions.values()) create(namespace, node)
  await server.start()
}

/** Buffers of 64 kB, and bounds of its own. */
function limitsOf({ bytes, chunks }: { bytes: number; chunks: number }) {
  return () => ({ receiveBufferSize: 65_536, sendBufferSize: 65_536, maxMessageSize: bytes, maxChunkCount: chunks })
}

/** What answers the requests of clients, by the name of the request; a request without one is refused as unsupported. */
function handlers(): Record<string, (() => void) | undefined> {
  return server as unknown as Record<string, (() => void) | undefined>
}

function manager(rootFolder: string): OPCUACertificateManager {
  return new OPCUACertificateManager({
    rootFolder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  })
}

function space(): AddressSpace {
  return server!.engine.addressSpace!
}

async function stop(): Promise<void> {
  clearInterval(ticking)
  variables.clear()
  folders.clear()
  await server?.shutdown(0)
  server = undefined
}

function create(namespace: Namespace, node: ServerNode): void {
  const common = {
    ...(node.folder === undefined
      ? { organizedBy: space().rootFolder.objects, browseName: node.name }
      : { componentOf: folder(namespace, node.folder), browseName: node.name.split('/').at(-1)! }),
    nodeId: `s=${node.id ?? node.name}`,
    dataType: node.enumeration ? enumeration(namespace, node.enumeration) : (node.dataType ?? 'Double'),
    valueRank: Array.isArray(node.value) && !isPair(node) ? 1 : -1,
    minimumSamplingInterval: 0,
    ...(node.readOnly && { userAccessLevel: 'CurrentRead', accessLevel: 'CurrentRead' }),
  }
  const { unit, range } = node
  const variable =
    unit === undefined || range === undefined
      ? namespace.addVariable(common)
      : (namespace.addAnalogDataItem({
          ...common,
          engineeringUnitsRange: range,
          engineeringUnits: makeEUInformation(unit, unit, unit),
        }) as UAVariable)
  variables.set(node.name, variable)
  if (node.alarm) addAlarm(namespace, variable, node.alarm)
  if (node.method !== undefined) addMethod(namespace, node, node.method)
  const { history, past = [] } = node
  if (history)
    space().installHistoricalDataNode(variable, { maxOnlineValues: typeof history === 'number' ? history : 1_000 })
  for (const one of past) write({ name: node.name, ...one })
  write(node)
}

const folders = new Map<string, UAObject>()

/** The object at a path below Objects, made where it is missing; `DeviceSet` and what is in it are those of DI. */
function folder(namespace: Namespace, path: string): UAObject {
  const known = folders.get(path)
  if (known) return known
  const names = path.split('/')
  const name = names.pop()!
  const di = space().getNamespaceIndex('http://opcfoundation.org/UA/DI/')
  if (path === 'DeviceSet') return space().findNode(`ns=${di};i=5001`) as UAObject
  const parent = names.length === 0 ? space().rootFolder.objects : folder(namespace, names.join('/'))
  const made = namespace.addObject({
    ...(names.length === 0 ? { organizedBy: parent } : { componentOf: parent }),
    ...(path === 'Methods' && { nodeId: 's=Methods' }),
    browseName: name === 'ParameterSet' ? { name, namespaceIndex: di } : name,
    eventSourceOf: space().rootFolder.objects.server,
  })
  if (names.join('/') === 'DeviceSet') identify(namespace, made, di)
  folders.set(path, made)
  return made
}

function identify(namespace: Namespace, device: UAObject, di: number): void {
  for (const [name, value] of Object.entries({ Manufacturer: 'ACME', Model: 'P-100', SerialNumber: '4711' })) {
    namespace.addVariable({
      propertyOf: device,
      browseName: { name, namespaceIndex: di },
      dataType: 'String',
      value: { dataType: DataType.String, value },
    })
  }
}

function addAlarm(namespace: Namespace, inputNode: UAVariable, { name, high }: NonNullable<ServerNode['alarm']>): void {
  space().installAlarmsAndConditionsService()
  namespace.instantiateExclusiveLimitAlarm('ExclusiveLimitAlarmType', {
    browseName: name,
    conditionName: name,
    conditionSource: inputNode.parent!,
    inputNode,
    highLimit: high,
    lowLimit: -1e9,
    lowLowLimit: -2e9,
    highHighLimit: 1e9,
  })
}

function addMethod(namespace: Namespace, { name }: ServerNode, method: string): void {
  const inputArguments = [{ name: 'value', dataType: DataType.Double }]
  const owner = folder(namespace, 'Methods')
  namespace
    .addMethod(owner, {
      browseName: method,
      nodeId: `s=${method}`,
      inputArguments,
      outputArguments: [],
    }) // prettier-ignore
    .bindMethod(([{ value }], _, callback) => {
      const refused = value < 0
      if (!refused) write({ name, value })
      callback(null, { statusCode: refused ? StatusCodes.BadOutOfRange : StatusCodes.Good, outputArguments: [] })
    })
}

function enumeration(namespace: Namespace, names: string[]) {
  return namespace.addEnumerationType({ browseName: `Enumeration${names.join('')}`, enumeration: names })
}

/** 64-bit integers travel as [high, low]. */
function isPair(node: ServerValue): boolean {
  return /Int64/.test(node.dataType ?? '') && !Array.isArray((node.value as unknown[])[0])
}

function write(change: ServerValue): void {
  const { name } = change
  const variable = variables.get(name)!
  const dataType = change.dataType ?? definitions.get(name)?.dataType ?? 'Double'
  const status = change.status ? coerceStatusCode(change.status) : StatusCodes.Good
  const sourceTime = change.sourceTime === undefined ? new Date() : new Date(change.sourceTime)
  const isArray = Array.isArray(change.value) && !isPair({ ...change, dataType })
  const variant = new Variant(
    change.value === null || change.value === undefined
      ? { dataType: DataType.Null }
      : {
          dataType: DataType[dataType as keyof typeof DataType],
          arrayType: isArray ? VariantArrayType.Array : VariantArrayType.Scalar,
          value: decode(change.value, dataType),
        },
  )
  if (variable.dataTypeObj.browseName.name !== dataType || change.value === null) {
    // Past the checks of the address space: what a careless server sends.
    const dataValue = new DataValue({ value: variant, statusCode: status, sourceTimestamp: sourceTime })
    ;(variable as unknown as { _inner_replace_dataValue(value: DataValue): void })._inner_replace_dataValue(dataValue)
  } else variable.setValueFromSource(variant, status, sourceTime)
}

function decode(value: unknown, dataType: string): unknown {
  if (dataType === 'DateTime') return new Date(value as string)
  if (dataType === 'ByteString') return Buffer.from(value as Uint8Array)
  return value
}

/** Counts every node up, all of them at once, `hertz` times a second. */
function tick(hertz: number): void {
  clearInterval(ticking)
  if (hertz === 0) return
  let count = 0
  const all = [...variables.values()]
  ticking = setInterval(() => {
    count++
    const now = new Date()
    for (const variable of all)
      variable.setValueFromSource({ dataType: DataType.Double, value: count }, StatusCodes.Good, now)
  }, 1_000 / hertz)
}

const actions: { [Name in ServerCommand['do']]: (command: Extract<ServerCommand, { do: Name }>) => unknown } = {
  become: (command) => {
    options = command.options
    definitions.clear()
    counted.clear()
    keepAlives = 0
    answeredBefore = republishes
  },
  start: () => start(),
  stop: () => stop(),
  add: ({ nodes }) => {
    for (const node of nodes) definitions.set(node.name, node)
    if (!server) return
    const namespace = space().registerNamespace('http://millwright.test/plant')
    for (const node of nodes) create(namespace, node)
  },
  write: ({ values }) => {
    for (const value of values) write(value)
  },
  read: ({ name }) => variables.get(name)!.readValue().value.value as unknown,
  remove: ({ name }) => {
    space().deleteNode(variables.get(name)!)
    variables.delete(name)
  },
  raise: ({ event: { source, message, severity } }) =>
    space().rootFolder.objects.server.raiseEvent('BaseEventType', {
      message: { dataType: DataType.LocalizedText, value: { text: message } },
      severity: { dataType: DataType.UInt16, value: severity },
      sourceName: { dataType: DataType.String, value: source ?? '' },
    }),
  tick: ({ hertz }) => tick(hertz),
  /** The sessions and subscriptions that clients hold, and the values of all nodes counted. */
  look: () => ({
    sessions: server?.engine.currentSessionCount ?? 0,
    subscriptions: server?.engine.currentSubscriptionCount ?? 0,
    republishes: republishes - answeredBefore,
    identities: server ? sessions().map(identityOf) : [],
  }),
  mute: () => {
    handlers()._on_PublishRequest = () => undefined
    for (const { publishEngine } of sessions()) publishEngine._publish_request_queue = []
  },
  unmute: () => delete handlers()._on_PublishRequest,
  misbehave: ({ how }) => {
    const misbehaving = server
    misbehave(server!, how, {
      variables: [...variables.values()],
      subscriptions: subscriptions(),
      endSessions: () => server === misbehaving && endSessions(),
    })
  },
  countKeepAlives: () => {
    for (const subscription of subscriptions())
      if (!counted.has(subscription)) {
        counted.add(subscription)
        subscription.on('keepalive', () => keepAlives++)
      }
    return keepAlives
  },
  dropSubscriptions: () => {
    for (const session of sessions())
      for (const { id } of session.publishEngine.subscriptions) session.deleteSubscription(id)
  },
  dropSessions: () => endSessions(),
}

function endSessions(): void {
  for (const { authenticationToken } of sessions()) server!.engine.closeSession(authenticationToken, false, 'Timeout')
}

const counted = new Set<OpenSubscription>()
let keepAlives = 0
let answeredBefore = 0

function subscriptions(): OpenSubscription[] {
  return sessions().flatMap(({ publishEngine }) => publishEngine.subscriptions)
}

interface OpenSession {
  readonly authenticationToken: NodeId
  readonly userIdentityToken?: { readonly userName?: string; readonly certificateData?: Buffer }
  readonly publishEngine: {
    readonly subscriptions: readonly OpenSubscription[]
    _publish_request_queue: unknown[]
  }
  deleteSubscription(id: number): void
}

function sessions(): OpenSession[] {
  return Object.values((server!.engine as unknown as { _sessions: Record<string, OpenSession> })._sessions)
}

/** A user's name, the subject of a user's certificate, or nothing. */
function identityOf({ userIdentityToken: token }: OpenSession): string {
  if (token?.certificateData) return new X509Certificate(token.certificateData).subject
  return token?.userName ?? ''
}

process.on('message', (message: ServerCommand & { id: number }) => {
  const action = actions[message.do] as (command: ServerCommand) => unknown
  Promise.resolve()
    .then(() => action(message))
    .then(
      (result) => process.send!({ id: message.id, result }),
      (error: unknown) => process.send!({ id: message.id, error: String(error) }),
    )
})
process.on('disconnect', () => process.exit(0))
process.send!({ id: 0 })
