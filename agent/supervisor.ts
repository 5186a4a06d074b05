import { createConnections, type Connection } from './connections/index.ts'
import type { Clock, Journal, Logger } from './core/index.ts'
import { createHttp, loadToken, type Listening } from './http/index.ts'
import { keepHeapSmall } from './process/index.ts'
import {
  changesBetween,
  changesText,
  createMetrics,
  effective,
  Router,
  Stops,
  Unit,
  WatchedClock,
  type Setting,
} from './runtime/index.ts'
import type { Config } from './settings/index.ts'
import type { View, ViewParts } from './view/index.ts'

export interface AgentOptions {
  readonly config: Config
  /** The configuration as text and the arguments it was loaded with, for the training process. */
  readonly text: string
  readonly args: readonly string[]
  readonly log: Logger
  readonly clock?: Clock
  /** A simulated plant that the page may inject faults into. */
  readonly plant?: ViewParts['plant']
  /** Takes the next free port where the configured one is taken. */
  readonly fallback?: boolean
  /** Aborted while the agent starts: what was started is stopped, and the start rejects. */
  readonly signal?: AbortSignal
}

export interface Agent {
  /** Where the page is; undefined where HTTP is off. */
  readonly url: string | undefined
  /** The same; in a demo, whoever opens it on this machine is logged in. */
  readonly entry: string | undefined
  readonly view: View
  readonly journal: Journal
  /** Rejects when the agent cannot go on; otherwise never settles before `stop`. */
  readonly done: Promise<void>
  /**
   * Goes on with another configuration: what differs is stopped and started, all else is left alone, and nothing is lost.
   * Resolves with the changes in words. Rejects, and changes nothing, where a connector cannot be made.
   */
  reload(next: Pick<AgentOptions, 'config' | 'text'>): Promise<string[]>
  /** Stops sources, finishes what is in hand, writes a checkpoint. */
  stop(): Promise<void>
}

/** Starts the agent: the unit with its journal, pipeline and sinks, the page, and the sources last. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const stops = new Stops(options.log)
  try {
    return await new Supervisor(options, stops).start()
  } catch (error) {
    await stops.run().catch(() => undefined)
    throw error
  }
}

/** What is made once: units, the way from the sources to them, the page. What a reload changes is a setting of the units. */
class Supervisor {
  readonly #options: AgentOptions
  readonly #stops: Stops
  readonly #clock: WatchedClock
  readonly #counted = createMetrics()
  #setting: Setting
  /** All units of the plant: one. Whoever adds more gives each a data folder of its own, and the router how they share. */
  #units: readonly Unit[] = []
  #router!: Router
  #reloading: Promise<unknown> = Promise.resolve()
  #entryKey = ''

  constructor(options: AgentOptions, stops: Stops) {
    const { config, text, args, clock } = options
    this.#options = options
    this.#stops = stops
    this.#clock = new WatchedClock(clock)
    this.#setting = { config, text, args }
  }

  async start(): Promise<Agent> {
    keepHeapSmall()
    const { log, plant, signal } = this.#options
    const unit = await Unit.open({
      setting: this.#setting,
      log,
      clock: this.#clock,
      counted: this.#counted,
      ...(plant && { plant }),
      ...(signal && { signal }),
    })
    this.#units = [unit]
    this.#stops.add('the unit', () => unit.stop())
    this.#goOn()
    const listening = unit.leftOut.has('page') ? undefined : await this.#listen(unit.view)
    if (listening) this.#stops.add('the page', () => listening.close())
    this.#goOn()
    unit.start()
    this.#router = new Router([{ tags: unit.journal.tags, ingest: unit.ingest }], unit.journal.tags, {}, () => 0)
    this.#connect(unit.connections)
    await unit.remember()
    this.#stops.add(
      'the watch over the clock',
      this.#clock.watch((step) => this.#units.forEach((one) => one.stepped(step))),
    )
    this.#stops.add('the reload under way', () => this.#reloading)
    this.#goOn()
    return {
      url: listening?.url,
      entry: listening && `${listening.url}/?key=${this.#entryKey}`,
      view: unit.view,
      journal: unit.journal,
      done: unit.done,
      reload: (next) => this.#inTurn(() => this.#reload(next)),
      stop: () => this.#stops.run(),
    }
  }

  /** Throws where the start was given up. */
  #goOn(): void {
    this.#options.signal?.throwIfAborted()
  }

  async #listen(view: View): Promise<Listening | undefined> {
    const { log, fallback = false } = this.#options
    const { http, data } = this.#setting.config
    if (!http.enabled) return undefined
    const page = createHttp({ view, token: await loadToken(data), folder: data, log, fallback, ...http })
    this.#entryKey = page.entryKey
    return page.listen()
  }

  #connect(connections: readonly Connection[]): void {
    for (const connection of connections) {
      const { name, source } = connection
      const out = this.#units.map(({ leftOut }) => leftOut).find((one) => one.has(`connector ${name}`))
      if (source && out) connection.status = out.status
      else if (source) this.#router.add(name, source)
    }
  }

  async #reload({ config, text }: Pick<AgentOptions, 'config' | 'text'>): Promise<string[]> {
    const { log } = this.#options
    const { metrics } = this.#counted
    const before = this.#setting
    const changes = changesBetween(before.config, config)
    const { added, removed, changed } = changes
    const after = effective(before.config, config, changes)
    const args = config.data === after.data ? before.args : [...before.args, `--data=${after.data}`]
    const setting = { config: after, text, args }
    for (const unit of this.#units) {
      // Made before anything is stopped: one that cannot be made changes nothing.
      const parts = { metrics, log, clock: this.#clock, tags: unit.journal.tags }
      const made = createConnections(after, parts, [...changed, ...added])
      await Promise.all([...removed, ...changed].map((name) => this.#router.remove(name)))
      await unit.reload(setting, changes, made)
      this.#connect(made)
    }
    this.#setting = setting
    const told = changesText(changes)
    if (told.length > 0) {
      const entry = { by: 'the file', action: 'reload', subject: 'configuration', detail: told.join('; ') }
      await this.#units[0].view.note(entry)
    }
    return told
  }

  /** One reload after the other. */
  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#stops.running) return Promise.reject(new Error('the agent has been stopped'))
    const result = this.#reloading.then(work)
    this.#reloading = result.catch(() => undefined)
    return result
  }
}
