import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentState, Ledger } from '../../agent/view/index.ts'
import { endProcess } from './ending.ts'
import { until } from './until.ts'
import { program } from './program.ts'

/** `millwright run` in a process of its own, as a plant runs it. */
export class AgentProcess {
  readonly #folder: string
  readonly #port: number
  readonly #preload: readonly string[]
  #process: ChildProcess | undefined
  #output = ''

  /**
   * @param folder gets `plant.yaml`; the configuration should put its data there as well
   * @param preload options of Node.js before the program
   */
  constructor(folder: string, port: number, configuration: string, preload: readonly string[] = []) {
    this.#folder = folder
    this.#port = port
    this.#preload = preload
    writeFileSync(this.file, configuration)
  }

  get file(): string {
    return join(this.#folder, 'plant.yaml')
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** What it wrote to stdout and stderr, in all its lives. */
  get output(): string {
    return this.#output
  }

  get pid(): number {
    return this.#process!.pid!
  }

  /** How it ended, code or signal, where nobody here has ended it. */
  get ended(): number | string | undefined {
    return this.#process?.exitCode ?? this.#process?.signalCode ?? undefined
  }

  signal(name: NodeJS.Signals): void {
    this.#process!.kill(name)
  }

  get token(): string {
    return readFileSync(this.#tokenFile, 'utf8').trim()
  }

  get #tokenFile(): string {
    return join(this.#folder, 'data', 'http-token')
  }

  /** Starts it, again on the same data; resolves when it answers over HTTP. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.#preload, ...program, 'run', '--config', this.file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    }
    await until('the agent answers', async () => {
      const end = child.exitCode ?? child.signalCode
      if (end !== null) throw new Error(`the agent ended with ${end}:\n${this.#output}`)
      return (await this.get('/healthz')) !== undefined
    })
  }

  /** Resolves when all of its sources are connected: what is published before that may reach nobody. */
  async connected(): Promise<void> {
    await until('the sources are connected', async () => {
      const sources = (await this.state()).connections.filter(({ direction }) => direction === 'source')
      return sources.length > 0 && sources.every(({ status }) => status.state === 'up')
    })
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends it in order; resolves with its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#process
    await this.#end('SIGTERM')
    return child?.exitCode ?? null
  }

  /** The JSON answer of a GET, with the token where there is one yet; undefined where nobody answers. */
  async get(path: string): Promise<unknown> {
    try {
      const headers: Record<string, string> = existsSync(this.#tokenFile)
        ? { authorization: `Bearer ${this.token}` }
        : {}
      return await (await fetch(`${this.url}${path}`, { headers })).json()
    } catch {
      return undefined
    }
  }

  async state(): Promise<AgentState> {
    return (await this.get('/api/state')) as AgentState
  }

  async ledger(): Promise<Ledger> {
    return (await this.get('/api/ledger')) as Ledger
  }

  async post(path: string, body: object): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify(body),
    })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await endProcess(child, signal)
  }
}
