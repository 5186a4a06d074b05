import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { endProcess } from './ending.ts'
import { freePorts } from './ports.ts'

const binary = ['/usr/bin/influxd', '/usr/local/bin/influxd', '/opt/homebrew/bin/influxd'].find((path) =>
  existsSync(path),
)

/** Why tests with a real InfluxDB 1.x cannot run here; undefined where they can. */
export const influxdMissing = binary ? undefined : 'influxd is not installed: apt-get install influxdb'

/** One series of an answer of `query`. */
export interface QuerySeries {
  readonly name: string
  readonly tags?: Readonly<Record<string, string>>
  readonly columns: readonly string[]
  readonly values: readonly (readonly (string | number | boolean | null)[])[]
}

export interface InfluxdOptions {
  /** With authentication on: user `admin`, password `secret`, are made at the first start. */
  readonly auth?: boolean
  /** Largest body in bytes, as it is sent; 413 above. */
  readonly largest?: number
  /** Most rows of one answer. */
  readonly rows?: number
  /** Most values of one tag, and most series of a database. */
  readonly values?: number
  readonly series?: number
  /** Another influxd than that of the system, 1.8, with Flux on. */
  readonly flux?: string
}

/** A real influxd of its own, on free ports and in its own folder, which `stop` and `kill` leave and `dispose` removes. */
export class Influxd {
  readonly #folder: string
  readonly #port: number
  readonly #auth: boolean
  readonly #binary: string
  readonly #rpcPort: number
  readonly #options: InfluxdOptions
  #process: ChildProcess | undefined

  private constructor(folder: string, port: number, rpcPort: number, options: InfluxdOptions) {
    const { auth = false, flux = binary! } = options
    this.#folder = folder
    this.#port = port
    this.#rpcPort = rpcPort
    this.#options = options
    this.#auth = auth
    this.#binary = flux
  }

  /** Starts one and waits until it answers. */
  static async start(options: InfluxdOptions = {}): Promise<Influxd> {
    const folder = await mkdtemp(join(tmpdir(), 'influxd-'))
    const [port, rpcPort] = await freePorts(2)
    const { auth = false } = options
    await writeFile(join(folder, 'influxd.conf'), configuration(folder, port, rpcPort, options))
    const influxd = new Influxd(folder, port, rpcPort, options)
    await influxd.restart()
    if (auth) await influxd.query(`CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES`)
    return influxd
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Starts it again, on the same port and data, and waits until it answers. */
  async restart(): Promise<void> {
    const child = spawn(this.#binary, ['-config', join(this.#folder, 'influxd.conf')], { stdio: 'ignore' })
    this.#process = child
    const deadline = Date.now() + 20_000
    while (!(await this.#answers())) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error('influxd does not start')
      await wait(25)
    }
  }

  /** Starts it again with other settings, on the same port and data. */
  async reconfigure(options: InfluxdOptions): Promise<void> {
    await this.stop()
    const text = configuration(this.#folder, this.#port, this.#rpcPort, { ...this.#options, ...options })
    await writeFile(join(this.#folder, 'influxd.conf'), text)
    await this.restart()
  }

  /** Stops it as an operator does. */
  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Ends it without warning. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Freezes it: it accepts connections and answers nothing until `resume`. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  async dispose(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  /** Runs InfluxQL; times of the answer are µs since epoch. Throws where the server reports an error. */
  async query(text: string, database = ''): Promise<readonly QuerySeries[]> {
    const headers: Record<string, string> = this.#auth ? { authorization: `Basic ${btoa('admin:secret')}` } : {}
    const response = await fetch(`${this.url}/query`, {
      method: 'POST',
      body: new URLSearchParams({ q: text, db: database, epoch: 'u' }),
      headers,
    })
    const answer = (await response.json()) as {
      error?: string
      results?: { error?: string; series?: QuerySeries[] }[]
    }
    const error = answer.error ?? answer.results?.find((result) => result.error)?.error
    if (error !== undefined) throw new Error(error)
    return answer.results?.[0]?.series ?? []
  }

  /** Runs Flux, where it is on; the answer is annotated CSV. Throws where the server reports an error. */
  async flux(text: string): Promise<string> {
    const response = await fetch(`${this.url}/api/v2/query`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.flux', accept: 'application/csv' },
      body: text,
    })
    const answer = await response.text()
    if (!response.ok || /^,?error,/m.test(answer)) throw new Error(answer)
    return answer
  }

  /** `SELECT count("field") FROM "measurement"`; 0 where there is none. */
  async count(database: string, measurement: string, field: string): Promise<number> {
    const series = (await this.query(`SELECT count("${field}") FROM "${measurement}"`, database)).at(0)
    return series ? Number(series.values[0][1]) : 0
  }

  /** Writes lines with times in µs, past any sink. */
  async write(database: string, lines: string): Promise<void> {
    const response = await fetch(`${this.url}/write?db=${database}&precision=u`, { method: 'POST', body: lines })
    if (response.status !== 204) throw new Error(await response.text())
  }

  async #answers(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/ping`)).status === 204
    } catch {
      return false
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = undefined
    await endProcess(child, signal)
  }
}

function configuration(
  folder: string,
  port: number,
  rpcPort: number,
  { auth = false, largest = 25_000_000, rows = 0, values = 100_000, series = 1_000_000, flux }: InfluxdOptions,
): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
dir = "${folder}/meta"
[data]
dir = "${folder}/data"
wal-dir = "${folder}/wal"
max-values-per-tag = ${values}
max-series-per-database = ${series}
[http]
bind-address = "127.0.0.1:${port}"
auth-enabled = ${auth}${flux === undefined ? '' : '\nflux-enabled = true'}
max-body-size = ${largest}
max-row-limit = ${rows}
log-enabled = false
[monitor]
store-enabled = false
`
}
