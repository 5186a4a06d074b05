import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { seededRandom } from '../../models/random.ts'
import { encodeOnnx } from '../../models/onnx/graph.ts'
import { millwright } from '../cli/millwright.ts'
import { png, stripes } from '../models/inspection/pictures.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { Influxd } from '../support/influxd.ts'
import { startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { freePort } from '../support/ports.ts'
import { configuration } from './configuration.ts'
import { Line, plcTags } from './line.ts'
import { Wire } from './wire.ts'

/** Pixels of an image of a part, a side. */
const size = 64

/** A plant with all its servers as processes of their own, an agent, and a wire of ours between them. */
export class Plant {
  readonly folder = mkdtempSync(join(tmpdir(), 'millwright-chaos-'))
  broker!: Mosquitto
  database!: Influxd
  plc!: OpcuaServer
  agent!: AgentProcess
  line!: Line
  readonly wires = {} as Record<'broker' | 'database' | 'plc', Wire>
  readonly #ends: (() => unknown)[] = []
  #port = 0
  #reloads = 0

  get data(): string {
    return join(this.folder, 'data')
  }

  /** Everything is there, and a model of images has been trained; the line does not run yet. */
  async begin(): Promise<void> {
    this.broker = await this.#own(startMosquitto({ persistence: true }))
    this.database = await this.#own(Influxd.start())
    this.plc = await OpcuaServer.start(plcTags.map((name) => ({ name, value: -1, sourceTime: Date.now() })))
    this.#ends.push(() => this.plc.close())
    for (const [name, server] of Object.entries({ broker: this.broker, database: this.database, plc: this.plc })) {
      const wire = await Wire.to(server.port)
      this.#ends.push(() => wire.close())
      this.wires[name as 'plc'] = wire
    }
    const images = await this.#writeFiles()
    this.#port = await freePort()
    const clock = ['--import', join(this.folder, 'clock.mjs')]
    this.agent = new AgentProcess(this.folder, this.#port, this.#configuration(), clock)
    this.#ends.push(() => this.agent.kill())
    const trained = await millwright(this.folder, 'train', '-c', this.agent.file, '--monitor', 'gate', '--images', 'images') // prettier-ignore
    if (trained.status !== 0) throw new Error(trained.stderr)
    await this.agent.start()
    await this.agent.connected()
    this.line = await Line.connect(this.broker.url, this.plc, images)
    this.#ends.push(() => this.line.close())
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await Promise.resolve(end()).catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Puts the wall clock of the agent off by so many ms, 0: right again. */
  setClock(off: number): void {
    writeFileSync(join(this.folder, 'clock'), String(off))
  }

  /** Changes settings of a connector and has them read. */
  reload(): void {
    this.#reloads++
    writeFileSync(this.agent.file, this.#configuration())
    this.agent.signal('SIGHUP')
  }

  /** Ends the broker without warning, once all that it has acknowledged is on its disk: what it loses itself is not ours. */
  async killBroker(): Promise<void> {
    await this.line.hold()
    const saved = join(this.broker.folder, 'mosquitto.db')
    const before = readOr(saved)
    process.kill(this.broker.pid!, 'SIGUSR1')
    const deadline = performance.now() + 5_000
    while (readOr(saved).equals(before) && performance.now() < deadline) await new Promise(setImmediate)
    await this.broker.kill()
  }

  async #own<Server extends { dispose(): unknown }>(starting: Promise<Server>): Promise<Server> {
    const server = await starting
    this.#ends.push(() => server.dispose())
    return server
  }

  #configuration(): string {
    const { folder, data, wires } = this
    return configuration({
      folder,
      data,
      port: this.#port,
      broker: wires.broker.port,
      database: wires.database.port,
      plc: wires.plc.port,
      linger: 200 + (this.#reloads % 2) * 100,
    })
  }

  /** The clock, a model of a threshold, and images to learn from; the image that the camera sends. */
  async #writeFiles(): Promise<Buffer> {
    this.setClock(0)
    const { code } = transformSync(readFileSync(new URL('clock.ts', import.meta.url), 'utf8'), { loader: 'ts' })
    writeFileSync(join(this.folder, 'clock.mjs'), code)
    writeFileSync(join(this.folder, 'level.onnx'), threshold)
    const random = seededRandom(3)
    const image = (horizontal: boolean) => png(stripes(size, horizontal, random), size)
    for (const [name, horizontal] of [
      ['good', true],
      ['bad', false],
    ] as const) {
      // prettier-ignore
      mkdirSync(join(this.folder, 'images', name), { recursive: true })
      for (let i = 0; i < 15; i++) writeFileSync(join(this.folder, 'images', name, `${i}.png`), await image(horizontal))
    }
    return image(true)
  }
}

const threshold = encodeOnnx({
  name: 'identity',
  inputs: [{ name: 'x', shape: ['batch', 1] }],
  outputs: [{ name: 'score', shape: ['batch', 1] }],
  constants: [],
  steps: [{ operator: 'Identity', inputs: ['x'], outputs: ['score'] }],
  metadata: {},
})

function readOr(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
