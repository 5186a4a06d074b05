import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Influxd } from '../support/influxd.ts'
import { freePort, startMosquitto, type Mosquitto } from '../support/mosquitto.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { until } from '../support/until.ts'
import { configuration } from './parts/plant.ts'
import { cpuSeconds, Process } from './parts/process.ts'

const main = join(import.meta.dirname, '..', '..', 'dist', 'agent', 'cli', 'main.js')
const nodes = 500
const hertz = 10
const interval = 10_000

/**
 * Memory of `millwright run` as it is installed (`npm run build` first): 5,000 samples/s over OPC UA, 5,000 over MQTT
 * with QoS 1, all of them cleaned, scored, and written to an InfluxDB. RSS every 10 s from /proc; what is mapped from
 * files, above all the journal's pages, which the system takes back when it needs them, is part of it and told apart.
 * `--minutes` (10).
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  if (!existsSync(main)) throw new Error('npm run build first')
  const minutes = Number(args.minutes ?? 10)
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-'))
  const stops: (() => Promise<unknown>)[] = []
  try {
    await measure(folder, minutes, stops)
  } finally {
    for (const stop of stops.reverse()) await stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(folder: string, minutes: number, stops: (() => Promise<unknown>)[]): Promise<void> {
  const broker = await startMosquitto({ maxInflight: 0 })
  stops.push(() => broker.dispose())
  const influxd = await Influxd.start()
  stops.push(() => influxd.dispose())
  const names = Array.from({ length: nodes }, (_, i) => `line9/pump${Math.floor(i / 5)}/signal${i % 5}`)
  const plc = await OpcuaServer.start(
    names.map((name) => ({ name, value: 0 })),
    { capabilities: { minSupportedSampleRate: 0 } },
  )
  stops.push(() => plc.close())
  const port = await freePort()
  const file = join(folder, 'plant.yaml')
  const parts = { broker, influxd, plc, names }
  const http = `{ port: ${port} }`
  writeFileSync(file, configuration({ data: join(folder, 'data'), connectors: connectors(parts), http, after: '1m' }))
  const [program, ...words] = interpreter()
  const agent = spawn(program, [...words, main, 'run', '--config', file], { stdio: ['ignore', 'inherit', 'inherit'] })
  stops.push(() => end(agent))
  await until('the agent is ready', () => isReady(port))
  await plc.tick(hertz)
  const publisher = new Process('./pacer.ts', { port: broker.port, qos: 1, rate: 5_000 })
  stops.push(() => publisher.end())
  await follow(agent, port, minutes)
}

/** What the installed command is run by: its first line. */
function interpreter(): string[] {
  const [line] = readFileSync(main, 'utf8').split('\n')
  return line.slice('#!'.length).replace(' -S', '').split(' ')
}

function connectors({ broker, influxd, plc, names }: Parts): string {
  return `
  mqtt: { type: mqtt, url: "${broker.url}", topics: [{ filter: plant/+/+/+, tag: "{1}/{2}/{3}" }] }
  plc:
    type: opcua
    endpoint: ${plc.endpoint}
    trust: any
    sampling: 0ms
    publishing: 500ms
    queue: 100
    tags:
${names.map((name) => `      - { node: "ns=2;s=${name}", tag: ${name} }`).join('\n')}
  history: { type: influxdb, version: 1, url: "${influxd.url}", database: plant }`
}

interface Parts {
  readonly broker: Mosquitto
  readonly influxd: Influxd
  readonly plc: OpcuaServer
  readonly names: readonly string[]
}

interface Look {
  readonly minute: number
  /** MB */
  readonly total: number
  readonly anonymous: number
  readonly file: number
}

/** Looks every 10 s and says what was seen. */
async function follow(agent: ChildProcess, port: number, minutes: number): Promise<void> {
  const looks: Look[] = []
  const start = performance.now()
  const cpu = cpuSeconds(agent.pid!)
  const before = await ledger(port)
  for (let at = interval; at <= minutes * 60_000; at += interval) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, start + at - performance.now())))
    looks.push(look(agent.pid!, at / 60_000))
    const { minute, total, anonymous, file } = looks[looks.length - 1]
    if (at % 60_000 === 0) console.log(`  ${minute} min: ${total} MB, ${anonymous} own, ${file} of mapped files`)
  }
  const seconds = (performance.now() - start) / 1_000
  const after = await ledger(port)
  const rates = after.sources.map(({ name, stored }) => {
    const earlier = before.sources.find((source) => source.name === name)?.stored ?? 0
    return `${name} ${Math.round((stored - earlier) / seconds)}`
  })
  console.log(
    `samples/s stored: ${rates.join(', ')}; ${((cpuSeconds(agent.pid!) - cpu) / seconds).toFixed(2)} of a core`,
  )
  for (const { name, delivered, waiting } of after.sinks)
    console.log(`${name}: ${delivered} delivered, ${waiting} wait`)
  for (const what of ['total', 'anonymous', 'file'] as const) summarise(what, looks)
}

function summarise(what: 'total' | 'anonymous' | 'file', looks: readonly Look[]): void {
  const mean = (some: readonly Look[]) => Math.round(some.reduce((sum, one) => sum + one[what], 0) / some.length)
  const first = looks.filter(({ minute }) => minute <= 1)
  const last = looks.slice(-6)
  const settled = looks.slice(Math.floor(looks.length / 2))
  console.log(
    `${what}: first minute ${mean(first)} MB, last minute ${mean(last)} MB, ` +
      `at most ${Math.max(...looks.map((one) => one[what]))} MB, ` +
      `second half ${slope(settled, what).toFixed(0)} MB/hour`,
  )
}

/** Of the straight line with the least squares, MB an hour. */
function slope(looks: readonly Look[], what: 'total' | 'anonymous' | 'file'): number {
  const x = looks.reduce((sum, { minute }) => sum + minute, 0) / looks.length
  const y = looks.reduce((sum, one) => sum + one[what], 0) / looks.length
  const over = looks.reduce((sum, one) => sum + (one.minute - x) * (one[what] - y), 0)
  return (over / looks.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)) * 60
}

function look(pid: number, minute: number): Look {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const megabytes = (key: string) => Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
  return { minute, total: megabytes('VmRSS'), anonymous: megabytes('RssAnon'), file: megabytes('RssFile') }
}

interface Ledger {
  readonly sources: readonly { readonly name: string; readonly stored: number }[]
  readonly sinks: readonly { readonly name: string; readonly delivered: number; readonly waiting: number }[]
}

async function ledger(port: number): Promise<Ledger> {
  return (await (await fetch(`http://127.0.0.1:${port}/api/ledger`)).json()) as Ledger
}

async function isReady(port: number): Promise<boolean> {
  try {
    const state = (await (await fetch(`http://127.0.0.1:${port}/api/state`)).json()) as {
      connections: readonly { readonly status: { readonly state: string } }[]
    }
    return state.connections.length > 0 && state.connections.every(({ status }) => status.state === 'up')
  } catch {
    return false
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
