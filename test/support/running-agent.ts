import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import { millwright } from '../cli/millwright.ts'
import { AgentProcess } from './agent-process.ts'
import { freePort, hasMosquitto, startMosquitto, type Mosquitto } from './mosquitto.ts'

export interface RunningAgentOptions {
  /** The configuration behind its head: what names site, data folder and port is written here. */
  readonly configuration: (agent: RunningAgent) => string
  readonly site: string
  /** Whether the broker keeps sessions over its own restarts. */
  readonly persistence?: boolean
  /** Begins before the agent is made: files that its configuration names, other servers. */
  readonly prepare?: (agent: RunningAgent) => unknown
  /** Whether the agent starts at once; default true. */
  readonly start?: boolean
}

/** An agent in a process of its own at a real broker, in a folder of its own. */
export class RunningAgent {
  readonly folder: string
  broker!: Mosquitto
  agent!: AgentProcess
  /** Speaks to the broker beside the agent. */
  client!: MqttClient
  port!: number
  readonly #ends: (() => unknown)[] = []

  constructor(site: string) {
    this.folder = mkdtempSync(join(tmpdir(), `millwright-${site}-`))
  }

  /** Where the agent keeps its data. */
  get data(): string {
    return join(this.folder, 'data')
  }

  /** What is to be ended after the tests, before all that was begun earlier. */
  own(end: () => unknown): void {
    this.#ends.push(end)
  }

  /** Runs `millwright ... --config plant.yaml --json`; resolves with what it prints. Fails where the command does. */
  async cli(...words: string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await millwright(this.folder, ...words, '--config', this.agent.file, '--json')
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout) as Record<string, unknown>
  }

  /** The whole file of a configuration. */
  text(site: string, rest: string): string {
    return `site: ${site}\ndata: ${this.data}\nhttp: { port: ${this.port} }\n${rest}`
  }

  async begin({ configuration, site, persistence = false, prepare, start = true }: RunningAgentOptions): Promise<void> {
    this.broker = await startMosquitto({ persistence })
    this.own(() => this.broker.dispose())
    this.port = await freePort()
    await prepare?.(this)
    this.agent = new AgentProcess(this.folder, this.port, this.text(site, configuration(this)))
    this.own(() => this.agent.kill())
    this.client = await connectAsync(this.broker.url, { clientId: 'line' })
    this.own(() => this.client.endAsync(true))
    if (!start) return
    await this.agent.start()
    await this.agent.connected()
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await Promise.resolve(end()).catch(() => undefined)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Begins it before the tests of a `describe`, and ends it after them; skips them where there is no broker. */
export function runningAgent(options: RunningAgentOptions): RunningAgent {
  const running = new RunningAgent(options.site)
  before(async function () {
    if (!hasMosquitto) {
      this.test!.parent!.title += ' (skipped: mosquitto is not installed)'
      this.skip()
    }
    await running.begin(options)
  })
  after(() => running.end())
  return running
}
