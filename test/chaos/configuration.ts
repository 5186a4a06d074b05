import { plcTags } from './line.ts'

export interface Places {
  readonly folder: string
  readonly data: string
  /** Ports of page, and of the wires to the servers. */
  readonly port: number
  readonly broker: number
  readonly database: number
  readonly plc: number
  /** ms that rows to the database wait for more. */
  readonly linger: number
}

/** The agent's configuration: two ways in, two ways out, a model that learns, one that has a limit, and a station. */
export function configuration({ folder, data, port, broker, database, plc, linger }: Places): string {
  const reconnect = 'reconnect: { first: 100ms, longest: 1s }'
  return `
site: chaos
data: ${data}
http: { port: ${port} }
connectors:
  plant:
    type: mqtt
    url: mqtt://127.0.0.1:${broker}
    topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }]
    publish: {}
    ${reconnect}
  plc:
    type: opcua
    endpoint: opc.tcp://127.0.0.1:${plc}
    trust: any
    sampling: 0ms
    publishing: 100ms
    queue: 1000
    ${reconnect}
    tags:
${plcTags.map((tag) => `      - { node: "nsu=http://millwright.test/plant;s=${tag}", tag: ${tag} }`).join('\n')}
  history: { type: influxdb, version: 1, url: "http://127.0.0.1:${database}", database: plant, linger: ${linger}ms }
assets:
  pump: { tags: "{line}/pump{n}/{role}" }
  press: { tags: "{line}/press{n}/{role}" }
monitors:
  health:
    assets: pump
    window: 10s
    every: 2s
    lateness: 1s
    idle: 10d
    model: { type: anomaly, quiet: true }
    learn: { after: 150s, retrain: never, drift: false }
  level:
    assets: press
    window: 10s
    lateness: 1s
    idle: 10d
    model: { type: onnx, file: "${folder}/level.onnx", inputs: [level.mean], threshold: 25 }
inspections:
  gate:
    source: { type: mqtt, url: "mqtt://127.0.0.1:${broker}", topic: "camera/+", part: "camera/{part}", ${reconnect} }
    model: { type: learned, methods: [textures], size: 64 }
    keep: { images: none }
`
}
