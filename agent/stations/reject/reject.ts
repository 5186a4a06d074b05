import { isSame, type Writable } from '../../../connectors/opcua/writable.ts'
import type { OpcuaWriter } from '../../../connectors/opcua/writer.ts'
import {
  type Clock,
  type Logger,
  type Metrics,
  MillwrightError,
  type PartVerdict,
  type RejectEvent,
  type Status,
  describeError,
} from '../../core/index.ts'
import { BoundedQueue } from '../queue.ts'
import type { RejectSettings } from '../../settings/index.ts'

/** What a reject signal gets to work with. */
export interface RejectParts {
  readonly station: string
  readonly settings: RejectSettings
  readonly writer: Pick<OpcuaWriter, 'alive' | 'write' | 'read' | 'close'>
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  report(status: Status): void
  /** Stores what became of a signal. */
  record(event: RejectEvent): Promise<void>
}

interface Signal {
  readonly part: string
  readonly value: Writable
  readonly rejects: boolean
  /** On the monotonic clock, ms. */
  readonly since: number
}

/** Signals that may wait for a PLC; the oldest is given up first. */
const mostWaiting = 256
/** ms between two tries, at first and at most; and between two signs of life. */
const firstPause = 100
const longestPause = 2_000
const lookEvery = 10_000

/**
 * Tells a PLC which parts to reject: writes, reads back, and tries again until the part is past. Never waits for a PLC
 * on the way of a verdict: signals stand in a row of their own. What failed is in the journal, the log, the metrics and
 * the status.
 */
export class RejectSignal {
  readonly #parts: RejectParts
  readonly #queue: BoundedQueue<Signal>
  #working: Promise<void> = Promise.resolve()
  #busy = false
  #stopping = false
  #looking: NodeJS.Timeout | undefined
  #wake: () => void = () => undefined

  constructor(parts: RejectParts) {
    this.#parts = parts
    this.#queue = new BoundedQueue({ length: mostWaiting, whenFull: 'drop-oldest' }, (signal) => {
      void this.#gaveUp(signal, 0, new Error(`more than ${mostWaiting} signals wait`))
    })
  }

  /** Connects, so that trouble is known before the first part fails, and looks again now and then. */
  start(): void {
    this.#working = this.#look()
    this.#looking = setInterval(() => {
      if (!this.#busy) this.#working = this.#look()
    }, lookEvery)
  }

  /** A part has its verdict. Returns at once. */
  decided(part: string, verdict: PartVerdict): void {
    const { settings } = this.#parts
    const rejects = settings.verdicts.includes(verdict)
    const value = rejects ? settings.value : settings.otherwise
    if (value === undefined) return
    this.#queue.add({ part, value, rejects, since: performance.now() })
    if (!this.#busy) this.#working = this.#work(this.#working)
  }

  /** Tries what waits once more, and closes the session. */
  async stop(): Promise<void> {
    clearInterval(this.#looking)
    this.#stopping = true
    this.#wake()
    await this.#working
    await this.#parts.writer.close()
  }

  async #look(): Promise<void> {
    try {
      await this.#parts.writer.alive()
      this.#parts.report({ state: 'up', message: `connected to ${this.#parts.settings.connector}` })
    } catch (error) {
      this.#trouble(error)
    }
  }

  async #work(before: Promise<void>): Promise<void> {
    this.#busy = true
    await before
    for (let signal = this.#queue.take(); signal; signal = this.#queue.take()) await this.#give(signal)
    this.#busy = false
  }

  async #give(signal: Signal): Promise<void> {
    let last: unknown = new Error('the signals before it took too long')
    let attempts = 0
    for (let pause = firstPause; this.#left(signal) > 0; pause = Math.min(2 * pause, longestPause)) {
      attempts++
      try {
        await this.#write(signal)
        await this.#done(signal, attempts)
        return
      } catch (error) {
        last = error
        this.#trouble(error)
      }
      if (this.#stopping) break
      await this.#pause(Math.min(pause, Math.max(0, this.#left(signal))))
    }
    await this.#gaveUp(signal, attempts, last)
  }

  /** ms until the part is past. */
  #left({ since }: Signal): number {
    return since + this.#parts.settings.within - performance.now()
  }

  async #write({ part, value }: Signal): Promise<void> {
    const { settings, writer } = this.#parts
    if (settings.part !== undefined) await writer.write(settings.part, part)
    await writer.write(settings.node, value)
    const { node = settings.node, value: expected = value } = settings.read_back ?? {}
    const read = await writer.read(node)
    if (!isSame(read, expected)) throw new Error(`${node} reads ${read}, not ${expected}`)
  }

  async #done(signal: Signal, attempts: number): Promise<void> {
    this.#parts.report({ state: 'up', message: `${this.#parts.settings.node} reads back as written` })
    await this.#tell(signal, 'done', attempts, '')
  }

  async #gaveUp(signal: Signal, attempts: number, error: unknown): Promise<void> {
    const { log, station } = this.#parts
    const detail = describeError(error)
    log.error({ station, part: signal.part, attempts }, `the reject signal failed: ${detail}`)
    await this.#tell(signal, 'failed', attempts, detail)
  }

  async #tell({ part, rejects, since }: Signal, outcome: RejectEvent['outcome'], attempts: number, detail: string) {
    const { station, clock, metrics, log } = this.#parts
    metrics.count('reject_signals_total', 1, { station, outcome })
    if (!rejects && outcome === 'done') return
    const ms = performance.now() - since
    try {
      await this.#parts.record({ type: 'reject', time: clock.now(), station, part, outcome, attempts, ms, detail })
    } catch (error) {
      log.error({ station, part }, `what became of a reject signal is not stored: ${describeError(error)}`)
    }
  }

  #trouble(error: unknown): void {
    const { settings } = this.#parts
    const remedy = error instanceof MillwrightError ? error.remedy : undefined
    const away = error instanceof MillwrightError && error.code !== 'DELIVERY_DENIED' && error.code !== 'DELIVERY_BUSY'
    const message = `no reject signal to ${settings.node}: ${describeError(error)}`
    this.#parts.report({ state: away ? 'down' : 'degraded', message, ...(remedy !== undefined && { remedy }) })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
