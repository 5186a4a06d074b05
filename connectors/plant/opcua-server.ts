import { join } from 'node:path'
import type { OPCUAServer, UAObject, UAVariable, Namespace } from 'node-opcua'
import { type Logger, Quality } from '../../agent/core/index.ts'
import type { PlantTag } from './layout.ts'
import type { Measurement } from './signals.ts'

export interface PlantServer {
  /** `opc.tcp://127.0.0.1:port`. */
  readonly endpoint: string
  /** Sets a node's value. `time`: ms since epoch. */
  publish(tag: PlantTag, measurement: Measurement, time: number): void
  close(): Promise<void>
}

type Opcua = typeof import('node-opcua')

/**
 * An OPC UA server on loopback with the tags that have a node; security None, and SignAndEncrypt with its own certificate,
 * which stays in `folder`. It accepts the certificate of any client: it is a simulation. Loaded only here, for it is large.
 */
export async function startServer(
  tags: readonly PlantTag[],
  port: number,
  folder: string,
  log?: Logger,
): Promise<PlantServer> {
  const opcua = await import('node-opcua')
  if (log) opcua.setWarningLogger((...words: unknown[]) => log.debug({ from: 'node-opcua' }, words.join(' ')))
  const server = new opcua.OPCUAServer({
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    port,
    resourcePath: '',
    securityModes: [opcua.MessageSecurityMode.None, opcua.MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [
      opcua.SecurityPolicy.None,
      opcua.SecurityPolicy.Basic256Sha256,
      opcua.SecurityPolicy.Aes256_Sha256_RsaPss,
    ],
    serverCertificateManager: await certificates(opcua, join(folder, 'pki')),
    userCertificateManager: await certificates(opcua, join(folder, 'user-pki')),
    serverInfo: {
      applicationName: { text: 'Millwright simulated plant' },
      applicationUri: 'urn:millwright:simulated-plant',
    },
    buildInfo: { productName: 'Millwright simulated plant', manufacturerName: 'Millwright', softwareVersion: '1' },
    registerServerMethod: opcua.RegisterServerMethod.HIDDEN,
  })
  try {
    await server.initialize()
    const nodes = addNodes(opcua, server, tags)
    await server.start()
    return {
      endpoint: `opc.tcp://127.0.0.1:${port}`,
      publish: publisher(opcua, nodes),
      close: () => server.shutdown(0),
    }
  } catch (error) {
    await server.shutdown(0).catch(() => undefined)
    throw error
  }
}

async function certificates(opcua: Opcua, rootFolder: string) {
  const manager = new opcua.OPCUACertificateManager({
    rootFolder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  })
  await manager.initialize()
  return manager
}

function addNodes(opcua: Opcua, server: OPCUAServer, tags: readonly PlantTag[]): Map<string, UAVariable> {
  const addressSpace = server.engine.addressSpace!
  const namespace = addressSpace.getOwnNamespace()
  const root = namespace.addFolder(addressSpace.rootFolder.objects, {
    browseName: 'SimulatedPlant',
    displayName: 'Simulated plant (no real machines)',
  })
  const folders = new Map<string, UAObject>()
  const folder = (path: string): UAObject => {
    if (path === '') return root
    const known = folders.get(path)
    if (known) return known
    const cut = path.lastIndexOf('/')
    const browseName = path.slice(cut + 1)
    const made = namespace.addObject({
      organizedBy: folder(path.slice(0, Math.max(0, cut))),
      browseName,
      nodeId: `s=${path}`,
    })
    folders.set(path, made)
    return made
  }
  return new Map(
    tags.filter((tag) => tag.node).map((tag) => [tag.tag, addNode(opcua, namespace, folder(tag.asset), tag)]),
  )
}

function addNode(opcua: Opcua, namespace: Namespace, parent: UAObject, tag: PlantTag): UAVariable {
  return namespace.addAnalogDataItem({
    componentOf: parent,
    nodeId: `s=${tag.tag}`,
    browseName: tag.role,
    displayName: tag.label,
    description: `${tag.label} of ${tag.asset}, simulated`,
    dataType: opcua.DataType.Double,
    valueRank: tag.length === undefined ? -1 : 1,
    ...(tag.length !== undefined && { arrayDimensions: [tag.length] }),
    engineeringUnits: opcua.makeEUInformation(tag.unit, tag.unit, tag.unit),
    engineeringUnitsRange: { low: tag.low, high: tag.high },
    accessLevel: 'CurrentRead',
    userAccessLevel: 'CurrentRead',
    // 0: a client that asks for it gets every change as it happens, not what a poll finds.
    minimumSamplingInterval: 0,
  })
}

function publisher(opcua: Opcua, nodes: ReadonlyMap<string, UAVariable>): PlantServer['publish'] {
  const { DataType, StatusCodes, VariantArrayType } = opcua
  const status = (measurement: Measurement) => {
    if (measurement.lost) return StatusCodes.BadNoCommunication
    if (measurement.quality === Quality.bad) return StatusCodes.BadSensorFailure
    return measurement.quality === Quality.uncertain ? StatusCodes.UncertainSensorNotAccurate : StatusCodes.Good
  }
  return (tag, measurement, time) => {
    const { value } = measurement
    const arrayType = typeof value === 'number' ? VariantArrayType.Scalar : VariantArrayType.Array
    nodes
      .get(tag.tag)
      ?.setValueFromSource({ dataType: DataType.Double, arrayType, value }, status(measurement), new Date(time))
  }
}
