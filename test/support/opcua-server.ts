import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { putAside, takeServer } from './opcua-server-processes.ts'
import { freePort } from './ports.ts'

/** A value of a node. 64-bit integers as `[high, low]`, DateTime as ISO text, ByteString as bytes, `null` for no value. */
export interface ServerValue {
  readonly name: string
  readonly value: unknown
  /** Name of the built-in type; `Double` unless said. */
  readonly dataType?: string
  /** Name of the status code; `Good` unless said. */
  readonly status?: string
  /** ISO time or ms since epoch; now unless said. */
  readonly sourceTime?: string | number
}

/** A variable, `ns=2;s=<name>` in the namespace `http://millwright.test/plant`. */
export interface ServerNode extends ServerValue {
  /** Names of an enumeration's values: makes the node an enum. */
  readonly enumeration?: string[]
  /** Keeps history: the newest 1,000 values, or so many. */
  readonly history?: boolean | number
  /** Values that its history has already. */
  readonly past?: readonly { readonly value: number; readonly sourceTime: number }[]
  /** Folders below Objects that it stands in, `line1/pump1`; `DeviceSet/press1/ParameterSet` makes a device (DI). */
  readonly folder?: string
  /** Engineering unit and EURange: make it an AnalogItem. */
  readonly unit?: string
  readonly range?: { readonly low: number; readonly high: number }
  /** Identifier of its node id instead of its name: a download gives the same place another. */
  readonly id?: string
  /** Has an alarm of this name that is active above `high`, of the object that it stands in. */
  readonly alarm?: { readonly name: string; readonly high: number }
  /** The object `Methods` has a method of this name that takes a Double and writes it here; one below 0 it refuses. */
  readonly method?: string
  /** Clients may read it only. */
  readonly readOnly?: boolean
}

export interface ServerOptions {
  /** Offers only endpoints without security. */
  readonly insecure?: boolean
  readonly anonymous?: boolean
  /** False: it does not know the service TransferSubscriptions, as many PLCs do not. */
  readonly transfers?: boolean
  /** Passwords by user name. */
  readonly users?: Readonly<Record<string, string>>
  /** `maxSessions`, `maxMonitoredItemsPerCall` and so on; with `minSupportedSampleRate: 0` a sampling of 0 sends every change. */
  readonly capabilities?: Readonly<Record<string, number>>
  /** Path of its endpoints, `/plant`. */
  readonly path?: string
  /** `maxNodesPerRead` and so on. */
  readonly operationLimits?: Readonly<Record<string, number>>
  /** What it takes for the longest message and most chunks of it, whatever clients ask for; absent: what they ask for. */
  readonly messages?: { readonly bytes: number; readonly chunks: number }
  /** Companion specifications besides the standard, `di`, `machinery`. */
  readonly nodesets?: readonly string[]
}

/** What a server does that it should not; each stays until another is told. */
export interface Misbehaviour {
  /** Answers each Republish with Good and an empty notification of number 0. */
  readonly republish?: 'empty'
  /** Keep-alives carry the number of the last notification, or use up the next one. */
  readonly keepAlives?: 'last' | 'used'
  /** Most values in a piece of history, with or without a continuation point; 0: it has lost all history. */
  readonly history?: { readonly most: number; readonly told: boolean }
  /** Most nodes in a read, whatever the server says of its limits. */
  readonly reads?: number
  /** It does not know TranslateBrowsePathsToNodeIds. */
  readonly translates?: false
  /** Longest timeout of a session that it grants from now on, ms. */
  readonly sessionTimeout?: number
}

/** An event of the server; `source` absent: without a source. */
export interface ServerEvent {
  readonly source?: string
  readonly message: string
  readonly severity: number
}

interface Look {
  readonly sessions: number
  readonly subscriptions: number
  readonly identities: string[]
  readonly republishes: number
}

export type ServerCommand =
  | { readonly do: 'become'; readonly options: ServerOptions & { readonly port: number; readonly pki: string } }
  | { readonly do: 'misbehave'; readonly how: Misbehaviour }
  | {
      readonly do:
        'start' | 'stop' | 'look' | 'dropSubscriptions' | 'dropSessions' | 'mute' | 'unmute' | 'countKeepAlives'
    }
  | { readonly do: 'add'; readonly nodes: readonly ServerNode[] }
  | { readonly do: 'write'; readonly values: readonly ServerValue[] }
  | { readonly do: 'read' | 'remove'; readonly name: string }
  | { readonly do: 'raise'; readonly event: ServerEvent }
  | { readonly do: 'tick'; readonly hertz: number }

/** Keys and certificate of the first server of this process: making them takes a second, and no test needs two at a time. */
let made: string | undefined

/** A copy until the process ends. */
function keep(pki: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'millwright-opcua-pki-'))
  cpSync(pki, folder, { recursive: true })
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A node-opcua server in a process of its own, on a free port, with a PKI folder of its own that survives restarts. */
export class OpcuaServer {
  readonly port: number
  readonly endpoint: string
  readonly #options: ServerOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'millwright-opcua-server-'))
  readonly #nodes = new Map<string, ServerNode>()
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #process: ChildProcess | undefined
  #count = 0

  private constructor(port: number, options: ServerOptions) {
    this.port = port
    this.endpoint = `opc.tcp://127.0.0.1:${port}`
    this.#options = options
  }

  /** Starts a server with these nodes; resolves when it accepts connections. */
  static async start(nodes: readonly ServerNode[] = [], options: ServerOptions = {}): Promise<OpcuaServer> {
    const server = new OpcuaServer(await freePort(), options)
    for (const node of nodes) server.#nodes.set(node.name, node)
    const pki = join(server.#folder, 'pki')
    if (made) cpSync(made, pki, { recursive: true })
    await server.launch()
    made ??= keep(pki)
    return server
  }

  get pid(): number {
    return this.#process!.pid!
  }

  /** Starts the process (again) on the same port with the nodes as they were defined, or with others from now on. */
  async launch(nodes: readonly ServerNode[] = [...this.#nodes.values()]): Promise<void> {
    this.#nodes.clear()
    for (const node of nodes) this.#nodes.set(node.name, node)
    const child = await takeServer()
    this.#process = child
    child.on('message', (message: { id: number; result?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if (message.error === undefined) waiting?.resolve(message.result)
      else waiting?.reject(new Error(message.error))
    })
    const options = { ...this.#options, port: this.port, pki: join(this.#folder, 'pki') }
    await this.#ask({ do: 'become', options })
    if (this.#nodes.size > 0) await this.#ask({ do: 'add', nodes: [...this.#nodes.values()] })
    await this.#ask({ do: 'start' })
  }

  /** Shuts the server down as a careful administrator would; the process stays. */
  async stop(): Promise<void> {
    await this.#ask({ do: 'stop' })
  }

  /** Starts the server again after `stop`. */
  async restart(): Promise<void> {
    await this.#ask({ do: 'start' })
  }

  /** Ends the process with SIGKILL, as a power failure would. `launch` brings it back. */
  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  /** Gives the server a new key and certificate at its next launch. */
  forgetCertificate(): void {
    rmSync(join(this.#folder, 'pki'), { recursive: true, force: true })
  }

  /** Ends the server and removes its folder; its process waits for the next one. */
  async close(): Promise<void> {
    const child = this.#process
    if (child && child.exitCode === null && child.signalCode === null) {
      this.thaw()
      await this.stop()
      putAside(child)
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Holds the process still: connections stay open and nothing is answered. */
  freeze(): void {
    this.#process!.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process!.kill('SIGCONT')
  }

  async add(...nodes: ServerNode[]): Promise<void> {
    for (const node of nodes) this.#nodes.set(node.name, node)
    await this.#ask({ do: 'add', nodes })
  }

  async write(...values: ServerValue[]): Promise<void> {
    await this.#ask({ do: 'write', values })
  }

  /** Deletes a node, as a download of a new program does; `add` brings it back. */
  async remove(name: string): Promise<void> {
    await this.#ask({ do: 'remove', name })
  }

  /** Raises an event of the base type. */
  async raise(event: ServerEvent): Promise<void> {
    await this.#ask({ do: 'raise', event })
  }

  /** The value of a node, as clients see it. */
  read(name: string): Promise<unknown> {
    return this.#ask({ do: 'read', name })
  }

  /** Counts all nodes up, `hertz` times a second; 0 stops it. */
  async tick(hertz: number): Promise<void> {
    await this.#ask({ do: 'tick', hertz })
  }

  /** `identities`: who the open sessions belong to; '' is anonymous. `republishes`: answered with nothing. */
  async look(): Promise<Look> {
    return (await this.#ask({ do: 'look' })) as Look
  }

  /** Sends neither data nor keep-alives any more, and goes on answering everything else, until `unmute`. */
  async mute(): Promise<void> {
    await this.#ask({ do: 'mute' })
  }

  async unmute(): Promise<void> {
    await this.#ask({ do: 'unmute' })
  }

  async misbehave(how: Misbehaviour): Promise<void> {
    await this.#ask({ do: 'misbehave', how })
  }

  /** Keep-alives that open subscriptions have sent since the first call. */
  async countKeepAlives(): Promise<number> {
    return (await this.#ask({ do: 'countKeepAlives' })) as number
  }

  /** Deletes all subscriptions behind their sessions' backs. */
  async dropSubscriptions(): Promise<void> {
    await this.#ask({ do: 'dropSubscriptions' })
  }

  /** Closes all sessions as if they had timed out; their subscriptions stay until they are taken over. */
  async dropSessions(): Promise<void> {
    await this.#ask({ do: 'dropSessions' })
  }

  #ask(command: ServerCommand): Promise<unknown> {
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process!.send({ ...command, id })
    })
  }
}
