import { createServer, type AddressInfo } from 'node:net'
import type { Logger } from '../../agent/core/index.ts'
import { cameraTopic, runCamera } from './camera.ts'
import { isFault, faults } from './faults.ts'
import { plantAssets, plantTags } from './layout.ts'
import { startBroker, type PlantBroker } from './mqtt-broker.ts'
import { startServer, type PlantServer } from './opcua-server.ts'
import { AssetSignals, stepsPerSecond, type ActiveFault } from './signals.ts'

export { photographGoodParts } from './camera.ts'
export { faults, type FaultName } from './faults.ts'
export { plantTags, type PlantTag } from './layout.ts'
export type { ActiveFault } from './signals.ts'

export interface PlantOptions {
  /** Free ports where absent. */
  readonly opcuaPort?: number
  readonly mqttPort?: number
  /** The same seed gives the same signals. */
  readonly seed?: number
  /** Seconds of simulated time in a second, 0.1 to 60. */
  readonly speed?: number
  /** Whether a camera over the conveyor sends an image of each part; default: not. */
  readonly camera?: boolean
  /** Where the server's certificate stays between two starts. */
  readonly folder: string
  /** Where node-opcua's own warnings go (process-wide), instead of the console. */
  readonly log?: Logger
}

/** A simulated plant: no real machine, but real servers that any OPC UA or MQTT client can read. */
export interface Plant {
  /** `opc.tcp://127.0.0.1:port`; security None, or SignAndEncrypt with Basic256Sha256 or better. */
  readonly endpoint: string
  /** `mqtt://127.0.0.1:port`; topics `plant/{line}/{asset}/{role}`, payload `{"ts": ms, "value": number}`. */
  readonly brokerUrl: string
  /** `camera/line2/inspection1`: below it a JPEG for each part, where there is a camera; see `camera.ts`. */
  readonly cameraTopic: string
  readonly tags: typeof plantTags
  readonly assets: readonly PlantAssetInfo[]
  /** Begins a fault, which grows over the next 15 to 20 s. False where there is no such asset or it cannot have that fault. */
  inject(asset: string, fault: string): boolean
  /** Ends all faults of an asset. False where there is no such asset. */
  repair(asset: string): boolean
  faults(): readonly ActiveFault[]
  close(): Promise<void>
}

export interface PlantAssetInfo {
  readonly name: string
  readonly faults: readonly { readonly name: string; readonly title: string }[]
}

/** Starts the simulated plant on loopback. Rejects where a given port is taken. */
export async function startPlant(options: PlantOptions): Promise<Plant> {
  const { seed = 1, speed = 1, folder } = options
  if (!(speed >= 0.1 && speed <= 60)) throw new RangeError(`speed ${speed} is not between 0.1 and 60`)
  const broker = await startBroker(options.mqttPort ?? 0)
  let server: PlantServer
  try {
    server = await startServer(plantTags, options.opcuaPort ?? (await freePort()), folder, options.log)
  } catch (error) {
    await broker.close()
    throw error
  }
  const assets = new Map(plantAssets.map(({ name, kind }) => [name, new AssetSignals(name, kind, seed, speed)]))
  const stop = run([...assets.values()], server, broker)
  const log = options.log
  const stopCamera = options.camera ? runCamera(broker, { seed, ...(log && { log }) }) : undefined
  return {
    endpoint: server.endpoint,
    brokerUrl: broker.brokerUrl,
    cameraTopic,
    tags: plantTags,
    assets: plantAssets.map(({ name, kind }) => ({
      name,
      faults: kind.faults.map((fault) => ({ name: fault, title: faults[fault].title })),
    })),
    inject: (asset, fault) => isFault(fault) && (assets.get(asset)?.inject(fault) ?? false),
    repair: (asset) => (assets.get(asset)?.repair(), assets.has(asset)),
    faults: () => [...assets.values()].flatMap((asset) => asset.faults()),
    close: async () => {
      stop()
      stopCamera?.()
      await Promise.all([server.close(), broker.close()])
    },
  }
}

/** Steps that are made up for at once; after a longer pause (a suspended laptop) the plant leaves a gap. */
const mostCatchUp = 20

/** Steps the signals with the wall clock and publishes what they say, stamped on a grid of whole steps. */
function run(assets: readonly AssetSignals[], server: PlantServer, broker: PlantBroker): () => void {
  const interval = 1_000 / stepsPerSecond
  const byName = new Map(plantTags.map((tag) => [tag.tag, tag]))
  let next = Math.ceil(Date.now() / interval) * interval
  const tick = () => {
    const now = Date.now()
    if (now - next > mostCatchUp * interval) next = Math.ceil(now / interval) * interval
    for (; next <= now; next += interval)
      for (const asset of assets)
        for (const measurement of asset.step()) {
          const tag = byName.get(`${asset.name}/${measurement.role}`)
          if (tag) (tag.node === undefined ? broker : server).publish(tag, measurement, next)
        }
  }
  const timer = setInterval(tick, interval / 2)
  return () => clearInterval(timer)
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}
