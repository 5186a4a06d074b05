import type { ExecutionEvent, JournalEvent, Logger } from '../../agent/core/index.ts'
import { Executor, type Decision, type NodeWriter } from '../../agent/decisions/index.ts'
import { until } from '../support/until.ts'
import { configOf, Run, Script, start } from './bench.ts'

const silent = () => undefined
export const log: Logger = { debug: silent, info: silent, warn: silent, error: silent }

/** An engine and an executor over one journal, with a writer that tests may get between. */
export class Bench {
  readonly script = new Script()
  readonly run: Run
  readonly executor: Executor
  readonly recorded: ExecutionEvent[] = []
  readonly warned: string[] = []
  /** Seconds since the start, by the clock of the agent. */
  seconds = 0
  #handled = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(actions: string, node: () => NodeWriter) {
    const config = configOf(actions)
    this.run = new Run(config, this.script)
    this.executor = new Executor({
      ...{
        log: { ...log, warn: (_: object, message: string) => this.warned.push(message) },
        clock: { now: () => start + this.seconds * 1_000 },
        config: () => config,
        stop: { read: () => undefined },
      },
      engine: () => this.run.engine,
      record: (event: JournalEvent) => {
        if (event.type === 'execution') this.recorded.push(event)
        this.script.event(this.seconds, { ...event })
        return this.pass()
      },
      node: () => Promise.resolve(node()),
      topic: () => Promise.reject(new Error('no broker here')),
    })
  }

  /** Lets the engine have what was written to the journal. */
  pass(): Promise<void> {
    const work = this.#turn.then(async () => {
      const before = this.run.events.length
      const entries = this.script.entries.slice(this.#handled)
      this.#handled = this.script.entries.length
      await this.run.over(entries)
      this.executor.decided(this.run.events.slice(before))
    })
    this.#turn = work
    return work
  }

  async over(count = 1): Promise<Decision> {
    await until(() => `${count} decisions are over: ${JSON.stringify(this.recorded)}`, () => this.run.engine.ended.length >= count) // prettier-ignore
    return this.run.engine.ended[0]
  }
}
