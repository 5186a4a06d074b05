import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess } from './ending.ts'
import { freePort } from './ports.ts'

export { freePort }

const binary = ['/usr/sbin/mosquitto', '/usr/bin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find((path) =>
  existsSync(path),
)

/** Whether mosquitto is installed; tests that need it say so and skip where it isn't. */
export const hasMosquitto = binary !== undefined

export interface MosquittoOptions {
  /** Keeps sessions and messages over a restart. */
  readonly persistence?: boolean
  /** Paths of PEM files; `requireCertificate`: clients need one of `ca`. */
  readonly tls?: {
    readonly ca: string
    readonly cert: string
    readonly key: string
    readonly requireCertificate?: boolean
  }
  /** Passwords by user name; without it everyone may connect. */
  readonly users?: Readonly<Record<string, string>>
  /** Messages in flight to a client, 0: no limit. Default: mosquitto's own, 20. */
  readonly maxInflight?: number
  /** A second listener for websockets. */
  readonly websockets?: boolean
  /** Lines added to the configuration. */
  readonly lines?: readonly string[]
}

/** A real mosquitto on a free port of the loopback, with a folder of its own. */
export class Mosquitto {
  readonly port: number
  readonly websocketPort: number | undefined
  readonly folder: string
  readonly #tls: boolean
  #process: ChildProcess | undefined

  constructor(folder: string, port: number, websocketPort: number | undefined, tls: boolean) {
    this.folder = folder
    this.port = port
    this.websocketPort = websocketPort
    this.#tls = tls
  }

  get url(): string {
    return `${this.#tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${this.port}`
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What mosquitto has written. */
  log(): Promise<string> {
    return readFile(join(this.folder, 'mosquitto.log'), 'utf8')
  }

  /** Starts it, again on the same port and folder; resolves when it accepts connections. */
  async start(): Promise<void> {
    const child = spawn(binary!, ['-c', join(this.folder, 'mosquitto.conf')], { stdio: 'ignore' })
    this.#process = child
    const deadline = Date.now() + 10_000
    while (!(await accepts(this.port))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new Error(`mosquitto did not start: ${await this.log().catch(() => 'no log')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends it in order; a persistent one saves its sessions. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Halts it without closing its connections; `continue` goes on. */
  halt(): void {
    this.#process?.kill('SIGSTOP')
  }

  continue(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Ends it and removes its folder. */
  async dispose(): Promise<void> {
    this.continue()
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await endProcess(child, signal)
  }
}

/** Starts a broker; `dispose` it in the end. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright-mosquitto-'))
  const port = await freePort()
  const websocketPort = options.websockets ? await freePort() : undefined
  await writeFile(join(folder, 'mosquitto.conf'), configuration(folder, port, websocketPort, options))
  const broker = new Mosquitto(folder, port, websocketPort, options.tls !== undefined)
  await broker.start()
  return broker
}

function configuration(
  folder: string,
  port: number,
  websocketPort: number | undefined,
  { persistence, tls, users, maxInflight, lines = [] }: MosquittoOptions,
): string {
  const passwords = join(folder, 'passwords')
  for (const [name, password] of Object.entries(users ?? {})) {
    execFileSync('mosquitto_passwd', [...(existsSync(passwords) ? [] : ['-c']), '-b', passwords, name, password])
  }
  return [
    // Without it mosquitto, started by root, becomes a user that cannot read the folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    `listener ${port} 127.0.0.1`,
    ...(tls ? [`cafile ${tls.ca}`, `certfile ${tls.cert}`, `keyfile ${tls.key}`] : []),
    ...(tls?.requireCertificate ? ['require_certificate true'] : []),
    ...(websocketPort === undefined ? [] : [`listener ${websocketPort} 127.0.0.1`, 'protocol websockets']),
    ...(users ? [`password_file ${passwords}`, 'allow_anonymous false'] : ['allow_anonymous true']),
    `persistence ${persistence ? 'true' : 'false'}`,
    `persistence_location ${folder}/`,
    `log_dest file ${join(folder, 'mosquitto.log')}`,
    'log_type error',
    'log_type warning',
    'log_type notice',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    ...(maxInflight === undefined ? [] : [`max_inflight_messages ${maxInflight}`]),
    ...lines,
    '',
  ].join('\n')
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
