import { join } from 'node:path'
import { OpcuaWriter } from '../../connectors/opcua/writer.ts'
import { parseConfig } from '../../config/index.ts'
import { BatchBuilder, Quality, silentMetrics, systemClock } from '../../agent/core/index.ts'
import { type ActionLedger, type Decision, Executor, farSides, StopFile, type NodeWriter } from '../../agent/decisions/index.ts' // prettier-ignore
import { openJournal } from '../../agent/journal/index.ts'
import { Flow } from '../../agent/runtime/flow.ts'
import { type Config, monitorModels, schema } from '../../agent/settings/index.ts'
import { until } from './until.ts'

/** What became of the decision. */
export interface Told {
  readonly ended: readonly Decision[]
  readonly ledger: ActionLedger
}

const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: (_: object, message: string) => console.error(message) }

const configOf = (folder: string, endpoint: string): Config =>
  parseConfig(
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

/** At a step of the execution (`before write`): what happens there. */
export type At = (step: string) => void | Promise<void>

/** An armed action over a journal on disk, with its executor; the first start has a sample that the action acts on. */
export class DecisionAgent {
  readonly #parts: Awaited<ReturnType<typeof open>>
  readonly #stop = new AbortController()
  #done: Promise<void> = Promise.resolve()

  private constructor(parts: Awaited<ReturnType<typeof open>>) {
    this.#parts = parts
  }

  static async start(folder: string, endpoint: string, at: At = silent): Promise<DecisionAgent> {
    const agent = new DecisionAgent(await open(configOf(folder, endpoint), folder, at))
    const { journal, flow, executor } = agent.#parts
    agent.#done = flow.live.run(agent.#stop.signal)
    await flow.live.caughtUp
    await executor.start(false)
    if (journal.stats('samples').next === 0) {
      const builder = new BatchBuilder('plc')
      const { index } = journal.tags.resolve({ name: 'line1/pump1/speed', type: 'number', source: 'plc' })
      builder.add(index, Date.now(), 1300, Quality.good)
      await journal.append('samples', [{ kind: 'samples', batch: builder.take(Date.now()) }])
    }
    return agent
  }

  /** Resolves when the decision is over. */
  async over(): Promise<Told> {
    const { flow } = this.#parts
    await until('the decision is over', () => flow.decisions!.ended.length > 0)
    return { ended: flow.decisions!.ended, ledger: flow.decisions!.ledger().slow }
  }

  /** Ends as after a stop. */
  async stop(): Promise<void> {
    await this.#parts.executor.stop()
    await this.leave()
  }

  /** Gives up the journal; what is being carried out hangs where it is, and its session at the server is closed. */
  async leave(): Promise<void> {
    const { journal, writers } = this.#parts
    this.#stop.abort()
    await this.#done
    await Promise.all(writers.map((writer) => writer.close()))
    await journal.close()
  }
}

async function open(config: Config, folder: string, at: At) {
  const journal = await openJournal({ folder: join(folder, 'journal'), settings: config.journal })
  const onlookers = { cleaned: silent, predicted: silent, windowed: silent, stepped: silent, decided: (events: Parameters<Executor['decided']>[0]) => executor.decided(events) } // prettier-ignore
  const parts = { journal, registry: monitorModels(config), metrics: silentMetrics, log, clock: systemClock }
  const flow = await Flow.open(config, true, { ...parts, onlookers })
  const writers: NodeWriter[] = []
  const far = farSides(() => config, log)
  const executor = new Executor({
    ...{ clock: systemClock, log, config: () => config, engine: () => flow.decisions, stop: new StopFile(folder) },
    ...far,
    node: async (connector) => {
      const writer = (await far.node(connector)) as OpcuaWriter
      writers.push(writer)
      return {
        read: async (node) => {
          await at('before read')
          const value = await writer.read(node)
          await at('after read')
          return value
        },
        write: async (node, value) => {
          await at('before write')
          await writer.write(node, value)
          await at('after write')
        },
        call: (...given) => writer.call(...given),
        close: () => writer.close(),
      }
    },
    record: async (event) => {
      const what = event.type === 'execution' ? event.step : event.type
      await at(`before ${what}`)
      await journal.append('samples', [{ kind: 'event', event, arrival: systemClock.now() }])
      await at(`after ${what}`)
    },
  })
  return { journal, flow, executor, writers }
}
