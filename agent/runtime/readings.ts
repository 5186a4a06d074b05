import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Connection } from '../connections/index.ts'
import { type AgentEvent, type Clock, type Journal, type Logger, describeError, streams } from '../core/index.ts'
import type { Ingest } from '../ingest/index.ts'
import type { ViewParts } from '../view/index.ts'
import type { DiskState } from './disk.ts'

type Reading = AgentEvent['readings'][number]

export interface ReadingsOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly journal: Journal
  readonly ingest: Pick<Ingest, 'ledger'>
  readonly connections: readonly Connection[]
  readonly deliveries: ViewParts['deliveries']
  /** Entries that the pipeline has not handled. */
  readonly lag: () => number
  readonly openAlarms: () => number
  /** Parts that the agent does without. */
  readonly leftOut: () => number
  readonly disk: () => DiskState | undefined
  /** Arrival minus source time of a source, in seconds. */
  readonly skew: (source: string) => number
  readonly record: (event: AgentEvent) => Promise<void>
}

/** ms between two readings. */
const every = 10_000

/**
 * Reads how the agent itself does and puts it into the journal as an event, so that it reaches the sinks in order with
 * everything else and waits with it while they are away.
 */
export class Readings {
  readonly #options: ReadingsOptions
  readonly #delay = monitorEventLoopDelay()
  #cpu = process.cpuUsage()
  #read = performance.now()
  #timer: NodeJS.Timeout | undefined
  #storing: Promise<void> = Promise.resolve()

  constructor(options: ReadingsOptions) {
    this.#options = options
  }

  start(): void {
    this.#delay.enable()
    this.#timer = setInterval(() => {
      this.#storing = this.#take()
    }, every)
  }

  /** Resolves when nothing is being stored any more. */
  stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#delay.disable()
    return this.#storing
  }

  async #take(): Promise<void> {
    const { clock, log, record } = this.#options
    try {
      await record({ type: 'agent', time: clock.now(), readings: this.readings() })
    } catch (error) {
      log.debug({}, `a reading of the agent was not stored: ${describeError(error)}`)
    }
  }

  /** How everything is now; shares and delays are of the time since the last call. */
  readings(): Reading[] {
    return [this.#process(), ...this.#disk(), ...this.#journal(), ...this.#sources(), ...this.#sinks()]
  }

  #process(): Reading {
    const { lag, openAlarms, leftOut } = this.#options
    const now = performance.now()
    const { user, system } = process.cpuUsage(this.#cpu)
    const values = {
      cpu: (user + system) / 1000 / Math.max(1, now - this.#read),
      memory: process.memoryUsage.rss(),
      uptime: process.uptime(),
      loop_delay: this.#delay.percentile(99) / 1e9,
      lag: lag(),
      alarms: openAlarms(),
      left_out: leftOut(),
    }
    this.#cpu = process.cpuUsage()
    this.#read = now
    this.#delay.reset()
    return { part: 'process', name: '', values }
  }

  #disk(): Reading[] {
    const disk = this.#options.disk()
    if (!disk) return []
    const { free, size, fullAt } = disk
    const values: Record<string, number> = { free, size }
    if (fullAt !== null) values.seconds_left = (fullAt - this.#options.clock.now()) / 1000
    return [{ part: 'disk', name: '', values }]
  }

  #journal(): Reading[] {
    return streams.map((name) => {
      const { rows, bytes, corrupt } = this.#options.journal.stats(name)
      return { part: 'journal', name, values: { rows, bytes, corrupt } }
    })
  }

  #sources(): Reading[] {
    const { ingest, connections, skew } = this.#options
    return Object.entries(ingest.ledger()).map(([name, { received, stored, rejected, inFlight, refused }]) => {
      const up = Number(connections.find((connection) => connection.name === name)?.status.state === 'up')
      const put = Object.values(rejected).reduce((sum, rows) => sum + rows, 0)
      const values = { up, received, stored, rejected: put, in_flight: inFlight, refused, skew: skew(name) }
      return { part: 'source', name, values }
    })
  }

  #sinks(): Reading[] {
    const { deliveries, journal } = this.#options
    // `dead` falls when letters are sent again; what was ever refused only grows, as an alert needs it.
    const { totals } = journal.stats('dead')
    return Object.entries(deliveries()).map(([name, { ledger, status }]) => ({
      part: 'sink',
      name,
      values: { up: Number(status.state === 'up'), ...ledger, refused: totals[`${name}/rejected`] ?? 0 },
    }))
  }
}
