import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { endProcess } from './ending.ts'
import { freePort } from './ports.ts'

const run = promisify(execFile)

/** A Python with asyncua in a folder of its own. */
export class Asyncua {
  readonly python: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.python = join(folder, 'bin', 'python')
  }

  /** Makes it; resolves with the reason in words where there is no Python, no venv, or PyPI does not answer. */
  static async install(version: string): Promise<Asyncua | string> {
    const folder = mkdtempSync(join(tmpdir(), 'millwright-asyncua-'))
    const made = new Asyncua(folder)
    try {
      await run('python3', ['-m', 'venv', folder])
      const options = ['--quiet', '--disable-pip-version-check', '--retries', '1', '--timeout', '20']
      await run(made.python, ['-m', 'pip', 'install', ...options, `asyncua==${version}`])
      return made
    } catch (error) {
      made.remove()
      return `asyncua cannot be installed: ${String(error).trim().split('\n').at(-1)!}`
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A variable of the server, `ns=2;s=<name>`, in folders below Objects. */
export interface AsyncuaNode {
  readonly name: string
  readonly value: number
  readonly folder?: string
  readonly history?: boolean
  /** Identifier of its node id instead of its name. */
  readonly id?: string | number
}

/** A server of asyncua in a process of its own, on a free port. */
export class AsyncuaServer {
  readonly port: number
  readonly #stack: Asyncua
  readonly #history: number
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #process: ChildProcess | undefined
  #count = 0

  private constructor(port: number, stack: Asyncua, history: number) {
    this.port = port
    this.#stack = stack
    this.#history = history
  }

  /** Starts a server; `history`: most values in an answer of its history, 0: it has none. */
  static async start(stack: Asyncua, nodes: readonly AsyncuaNode[], history = 0): Promise<AsyncuaServer> {
    const server = new AsyncuaServer(await freePort(), stack, history)
    await server.launch(nodes)
    return server
  }

  /** Starts the process (again) on the same port. */
  async launch(nodes: readonly AsyncuaNode[]): Promise<void> {
    const script = fileURLToPath(new URL('./asyncua-server.py', import.meta.url))
    const child = spawn(this.#stack.python, [script, String(this.port), String(this.#history)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#process = child
    const lines = createInterface({ input: child.stdout })
    const [ready] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [undefined])])
    if (ready === undefined) throw new Error('the server of asyncua ended at its start')
    lines.on('line', (line) => this.#answered(line))
    for (const node of nodes) await this.add(node)
  }

  add(node: AsyncuaNode): Promise<unknown> {
    return this.#ask('add', node)
  }

  remove(name: string): Promise<unknown> {
    return this.#ask('remove', { name })
  }

  /** `sourceTime`: ms since epoch; now unless said. */
  write(...values: { name: string; value: number; sourceTime?: number }[]): Promise<unknown> {
    return this.#ask('write', { values })
  }

  /** Takes so many nodes in a call from now on. */
  limit(most: number): Promise<unknown> {
    return this.#ask('limit', { most })
  }

  dropSubscriptions(): Promise<unknown> {
    return this.#ask('drop', {})
  }

  trigger(source: string, message: string, severity: number): Promise<unknown> {
    return this.#ask('trigger', { source, message, severity })
  }

  /** Republish requests so far. */
  async countRepublishes(): Promise<number> {
    return ((await this.#ask('look', {})) as { republishes: number }).republishes
  }

  /** Holds the process still. */
  freeze(): void {
    this.#process!.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process!.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    await endProcess(this.#process, 'SIGKILL')
  }

  #answered(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }

  #ask(what: string, parameters: object): Promise<unknown> {
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process!.stdin!.write(`${JSON.stringify({ id, do: what, with: parameters })}\n`)
    })
  }
}
