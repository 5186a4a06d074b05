import { join } from 'node:path'
import { OpcuaWriter } from '../../connectors/opcua/writer.ts'
import { parseConfig } from '../../config/index.ts'
import { BatchBuilder, Quality, silentMetrics, systemClock } from '../../agent/core/index.ts'
import { Executor, farSides, StopFile, type NodeWriter } from '../../agent/decisions/index.ts'
import { openJournal } from '../../agent/journal/index.ts'
import { Flow } from '../../agent/runtime/flow.ts'
import { monitorModels, schema } from '../../agent/settings/index.ts'

/**
 * An armed action over a journal on disk, which kills itself as a power cut would at a step of its execution:
 * `decision-process.ts <folder> <endpoint> <step>`. Without such a step it goes on until the decision is over, and says how.
 */
const [folder, endpoint, step] = process.argv.slice(2)
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: (_: object, message: string) => console.error(message) }
const config = parseConfig(
  `
data: ${folder}
connectors:
  plc: { type: opcua, endpoint: "${endpoint}", trust: any, timeout: 2s, tags: [ { node: "ns=2;s=Speed", tag: line1/pump1/speed } ] }
assets: { pump: { tags: "{line}/pump{n}/{role}" } }
actions:
  slow:
    for_each: pump
    when: signal("speed") > 1200
    do: { write: { connector: plc, node: "ns=2;s={2}.SpeedSet", value: 600 } }
    mode: armed
    fresh: 10m
    within: 5m
`,
  { schema, env: {} },
)
const die = (at: string) => {
  if (at === step) process.kill(process.pid, 'SIGKILL')
}

const journal = await openJournal({ folder: join(folder, 'journal'), settings: config.journal })
const onlookers = { cleaned: silent, predicted: silent, windowed: silent, stepped: silent, decided: (events: Parameters<Executor['decided']>[0]) => executor.decided(events) } // prettier-ignore
const parts = { journal, registry: monitorModels(config), metrics: silentMetrics, log, clock: systemClock }
const flow = await Flow.open(config, true, { ...parts, onlookers })
const wrapped = (writer: OpcuaWriter): NodeWriter => ({
  read: async (node) => {
    die('before read')
    const value = await writer.read(node)
    die('after read')
    return value
  },
  write: async (node, value) => {
    die('before write')
    await writer.write(node, value)
    die('after write')
  },
  call: (...given) => writer.call(...given),
  close: () => writer.close(),
})
const executor = new Executor({
  ...{ clock: systemClock, log, config: () => config, engine: () => flow.decisions, stop: new StopFile(folder) },
  ...farSides(() => config, log),
  node: async (connector) => wrapped((await farSides(() => config, log).node(connector)) as OpcuaWriter),
  record: async (event) => {
    const what = event.type === 'execution' ? event.step : event.type
    die(`before ${what}`)
    await journal.append('samples', [{ kind: 'event', event, arrival: systemClock.now() }])
    die(`after ${what}`)
  },
})
const stop = new AbortController()
const done = flow.live.run(stop.signal)
await flow.live.caughtUp
await executor.start(false)
if (journal.stats('samples').next === 0) {
  const builder = new BatchBuilder('plc')
  const { index } = journal.tags.resolve({ name: 'line1/pump1/speed', type: 'number', source: 'plc' })
  builder.add(index, Date.now(), 1300, Quality.good)
  await journal.append('samples', [{ kind: 'samples', batch: builder.take(Date.now()) }])
}
while (flow.decisions!.ended.length === 0) await new Promise((resolve) => setImmediate(resolve))
await executor.stop()
stop.abort()
await done
await journal.close()
console.log(JSON.stringify({ ended: flow.decisions!.ended, ledger: flow.decisions!.ledger().slow }))
process.exit(0)
