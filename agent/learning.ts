import { fork, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeError, type Clock, type Logger, type ModelEvent } from './core/index.ts'
import type { Monitor } from './monitor.ts'
import type { ProcessAnswer, ProcessJob } from './training-process.ts'

export interface LearningOptions {
  readonly monitors: ReadonlyMap<string, Monitor>
  /** The configuration as text and the arguments it was loaded with, for the training process. */
  readonly text: string
  readonly args: readonly string[]
  readonly log: Logger
  readonly clock: Clock
  /** Offset in `samples` that a training started now may read up to. */
  end(): number
  /** Writes a step of a model's life into the journal. */
  readonly record: (event: ModelEvent) => Promise<void>
}

/** Decides when a monitor trains, and puts the model to work that comes out of it. */
export class Learning {
  readonly #options: LearningOptions
  readonly #running = new Map<string, ChildProcess>()
  /** Span at which a monitor whose training failed is tried again, ms of event time. */
  readonly #nextTry = new Map<string, number>()
  readonly #windows = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: LearningOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#check(), 500)
  }

  /** Kills what is being trained: an unfinished training leaves nothing behind. */
  stop(): void {
    clearInterval(this.#timer)
    for (const child of this.#running.values()) child.kill('SIGKILL')
  }

  isTraining(monitor: string): boolean {
    return this.#running.has(monitor)
  }

  #check(): void {
    for (const [name, monitor] of this.#options.monitors) {
      const { after } = monitor.settings.learn
      const due = monitor.collected.span >= (this.#nextTry.get(name) ?? after)
      if (due && monitor.model === undefined && monitor.learns && !this.#running.has(name)) this.#train(name, after)
    }
  }

  #train(name: string, after: number): void {
    const { log, text, args, clock } = this.#options
    const job: ProcessJob = { text, args, monitor: name, to: this.#options.end(), created: clock.now() }
    log.info({ monitor: name }, 'training starts')
    void this.#record(name, 'training', '', 'training starts')
    const child = fork(script, {
      execArgv: [...process.execArgv, '--max-old-space-size=1024'],
      serialization: 'advanced',
    })
    this.#running.set(name, child)
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    let answer: ProcessAnswer | undefined
    child.on('message', (message: ProcessAnswer) => {
      if ('progress' in message) this.#windows.set(name, message.progress)
      else answer = message
    })
    child.on('error', (error) => (answer ??= { failed: describeError(error), retryable: true }))
    child.on('exit', (code, signal) => {
      this.#running.delete(name)
      const span = this.#options.monitors.get(name)!.collected.span
      this.#nextTry.set(name, span + after / 4)
      void this.#finish(
        name,
        answer ?? { failed: `the training process ended with ${signal ?? code}`, retryable: true },
      )
    })
    child.send(job)
  }

  async #finish(name: string, answer: ProcessAnswer): Promise<void> {
    const { log } = this.#options
    if ('version' in answer) {
      log.info({ monitor: name, version: answer.version, windows: this.#windows.get(name) }, 'a model was trained')
      await this.#record(name, 'active', answer.version, `trained from ${this.#windows.get(name) ?? 0} windows`)
    } else if ('failed' in answer) {
      log.warn({ monitor: name, remedy: answer.remedy }, `training failed: ${answer.failed}`)
      await this.#record(name, 'failed', '', answer.failed)
    }
  }

  async #record(monitor: string, step: ModelEvent['step'], version: string, detail: string): Promise<void> {
    const { clock, log, record } = this.#options
    try {
      await record({ type: 'model', time: clock.now(), monitor, step, version, detail })
    } catch (error) {
      log.error({ monitor, step }, `a step of the model's life was not stored: ${describeError(error)}`)
    }
  }
}

/** Beside this file, with the same extension: TypeScript in a checkout, JavaScript in the package. */
const script = fileURLToPath(new URL(`./training-process${extname(import.meta.url)}`, import.meta.url))
