import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagTable, silentMetrics, systemClock } from '../../agent/core/index.ts'
import { opcua } from '../../connectors/opcua/index.ts'
import { AgentProcess } from '../support/agent-process.ts'
import { freePort } from '../support/ports.ts'
import { OpcuaServer } from '../support/opcua-server.ts'
import { configuration, pretrain, roles } from './parts/plant.ts'
import { cpuSeconds } from './parts/process.ts'

/**
 * What 50,000 OPC UA values a second cost: the connector alone, and the whole agent, which stores them, cleans them and
 * scores 1,000 machines of five signals once a second. The server has a process of its own. Where it does not reach the
 * rate, the cost is scaled up from the rate it reached.
 * `--nodes` (5,000), `--hertz`, changes of each a second (10), `--seconds` (5), `--security none`.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const nodes = Number(args.nodes ?? 5_000)
  const hertz = Number(args.hertz ?? 10)
  const seconds = Number(args.seconds ?? 5)
  const insecure = args.security === 'none'
  const names = Array.from({ length: nodes }, (_, i) => `line1/pump${Math.floor(i / 5)}/${roles[i % 5]}`)
  const capabilities = { minSupportedSampleRate: 0 }
  const server = await OpcuaServer.start(
    names.map((name) => ({ name, value: 0 })),
    { insecure, capabilities },
  )
  const folder = mkdtempSync(join(tmpdir(), 'millwright-bench-opcua-'))
  try {
    const settings = {
      endpoint: server.endpoint,
      trust: 'any',
      ...(insecure && { security: 'none' }),
      sampling: '0ms',
      publishing: '200ms',
      queue: 100,
      tags: names.map((name) => ({ node: `ns=2;s=${name}`, tag: name })),
    }
    const setting = { server, folder, hertz, seconds, expected: nodes * hertz }
    await alone(settings, setting)
    await server.tick(0)
    await whole(settings, setting)
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Setting {
  readonly server: OpcuaServer
  readonly folder: string
  readonly hertz: number
  readonly seconds: number
  readonly expected: number
}

async function alone(settings: object, { server, folder, hertz, seconds, expected }: Setting): Promise<void> {
  let values = 0
  let batches = 0
  let gaps = 0
  const quiet = () => undefined
  const source = opcua.source!(opcua.config.parse(settings), {
    name: 'bench',
    site: 'bench',
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    metrics: silentMetrics,
    clock: systemClock,
    tags: new TagTable(),
    folder,
    report: quiet,
  })
  const subscription = source!.batches().subscribe(({ batch, events = [], settled }) => {
    values += batch.length
    batches++
    gaps += events.length
    settled?.(true)
  })
  await until(() => values >= expected / hertz)
  await server.tick(hertz)
  await until(() => values >= expected / hertz + 2 * expected)
  const before = { values, batches, cpu: process.cpuUsage(), time: performance.now() }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const { user, system } = process.cpuUsage(before.cpu)
  const elapsed = performance.now() - before.time
  const rate = ((values - before.values) / elapsed) * 1_000
  report('the connector alone', expected, rate, (user + system) / 1_000 / elapsed)
  console.log(`  ${Math.round((values - before.values) / (batches - before.batches))} values a batch, ${gaps} gaps`)
  subscription.unsubscribe()
}

async function whole(settings: object, { server, folder, hertz, seconds, expected }: Setting): Promise<void> {
  const port = await freePort()
  // JSON is YAML.
  const connectors = `  plc: ${JSON.stringify({ type: 'opcua', ...settings })}`
  const text = configuration({ data: join(folder, 'data'), connectors, http: `{ port: ${port} }` })
  await pretrain(text)
  const agent = new AgentProcess(folder, port, text)
  await agent.start()
  try {
    const stored = async () => (await agent.ledger()).sources[0].stored
    const reaches = async (wanted: number) => {
      while ((await stored()) < wanted) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await reaches(expected / hertz)
    await server.tick(hertz)
    // Windows of ten seconds are whole by then.
    await reaches(expected / hertz + 12 * expected)
    const before = { stored: await stored(), cpu: cpuSeconds(agent.pid), time: performance.now() }
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    const cpu = cpuSeconds(agent.pid) - before.cpu
    const elapsed = (performance.now() - before.time) / 1_000
    report('the whole agent', expected, ((await stored()) - before.stored) / elapsed, cpu / elapsed)
    const { throughput, assets } = await agent.state()
    const scored = assets.filter(({ monitors }) => monitors.some(({ model }) => model !== ''))
    console.log(`  ${throughput.lag} records not handled yet, ${scored.length} machines scored`)
  } finally {
    await agent.stop()
  }
}

function report(what: string, expected: number, rate: number, cpu: number): void {
  const share = Math.round((rate / expected) * 100)
  console.log(
    `${what}: ${Math.round(rate)} values/s (${share} % of the rate asked of the server), ${cpu.toFixed(3)} of a core, ` +
      `${((cpu / rate) * 1e6).toFixed(2)} µs a value; 50,000 values/s cost ${((cpu / rate) * 50_000).toFixed(2)} of a core (goal: under 0.5)`,
  )
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50))
}
