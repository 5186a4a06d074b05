import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TagTable, silentMetrics, systemClock } from '../../agent/core/index.ts'
import { opcua } from '../../connectors/opcua/index.ts'
import { OpcuaServer } from '../support/opcua-server.ts'

/**
 * What 50,000 OPC UA values a second cost the agent: CPU of this process, the server being in its own. Where the server
 * does not reach the rate, the cost is scaled up from the rate it reached.
 * `--nodes` (5,000), `--hertz`, changes of each a second (10), `--seconds` (5), `--security none`.
 */
export async function run(args: Readonly<Partial<Record<string, string>>>): Promise<void> {
  const nodes = Number(args.nodes ?? 5_000)
  const hertz = Number(args.hertz ?? 10)
  const seconds = Number(args.seconds ?? 5)
  const insecure = args.security === 'none'
  const names = Array.from({ length: nodes }, (_, i) => `N${i}`)
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
      tags: names.map((name) => ({ node: `ns=2;s=${name}`, tag: `line/${name}` })),
    }
    await measure(settings, { server, folder, hertz, seconds, expected: nodes * hertz })
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

async function measure(settings: object, { server, folder, hertz, seconds, expected }: Setting): Promise<void> {
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
  const cpu = (user + system) / 1_000 / elapsed
  console.log(
    `OPC UA: ${Math.round(rate)} values/s (${Math.round((rate / expected) * 100)} % of the rate asked of the server), ` +
      `${cpu.toFixed(3)} of a core, ${((cpu / rate) * 1e6).toFixed(2)} µs a value, ` +
      `${Math.round((values - before.values) / (batches - before.batches))} values a batch, ${gaps} gaps`,
  )
  console.log(`OPC UA: 50,000 values/s cost ${((cpu / rate) * 50_000).toFixed(2)} of a core (goal: under 0.5)`)
  subscription.unsubscribe()
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50))
}
