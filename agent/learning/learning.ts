import { fork, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import {
  type Clock,
  type Logger,
  type ModelEvent,
  type ModelStep,
  childEnvironment,
  describeError,
} from '../core/index.ts'
import type { Learner } from './learner.ts'
import type { Decision } from './life-cycle.ts'
import type { ProcessAnswer, ProcessJob } from './job.ts'

export interface LearningOptions {
  /** File of the process that trains: it gets a `ProcessJob`, and gives `ProcessAnswer`s. */
  readonly script: string
  /** Monitors and stations as they are now, by name. */
  learners(): ReadonlyMap<string, Learner>
  /** The configuration as text and the arguments it was loaded with, for the training process. */
  source(): { readonly text: string; readonly args: readonly string[] }
  /** What the training process needs of the environment to read that text. */
  environment(): NodeJS.ProcessEnv
  readonly log: Logger
  readonly clock: Clock
  /** Offset in `samples` that a training started now may read up to. */
  end(): number
  /** Offset in `samples` up to which the pipeline has handled entries. */
  handled(): number
  /** Writes a step of a model's life into the journal; resolves when it is stored. */
  readonly record: (event: ModelEvent) => Promise<void>
  /** Told when a training begins, goes on or ends. */
  readonly changed: () => void
}

/** A training under way. */
export interface Training {
  /** Wall time of its start, ms since epoch. */
  readonly started: number
  /** 0 to 1. */
  readonly progress: number
  /** What it is doing now, in words. */
  readonly step: string
  readonly why: string
}

interface Running {
  readonly child: ChildProcess
  training: Training
  cancelled?: string
}

/** ms between two looks at what is due. */
const lookEvery = 500

/** Lets the steps in the life of models happen: trains in a process of its own, and writes what is decided into the journal. */
export class Learning {
  readonly #options: LearningOptions
  readonly #running = new Map<string, Running>()
  /** Offset that the pipeline must have passed before the monitor is looked at again: its last step takes effect there. */
  readonly #settled = new Map<string, number>()
  /** Those whose training is late, of which the log has been told. */
  readonly #late = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(options: LearningOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookEvery)
  }

  /** Kills what is being trained: an unfinished training leaves nothing behind. */
  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    for (const { child } of this.#running.values()) child.kill('SIGKILL')
  }

  /** The training of a monitor, while there is one. */
  training(monitor: string): Training | undefined {
    return this.#running.get(monitor)?.training
  }

  isTraining(monitor: string): boolean {
    return this.#running.has(monitor)
  }

  /** Begins a training now, whatever is due. False where one is under way or the monitor has none. */
  retrain(name: string, why: string): boolean {
    const learner = this.#options.learners().get(name)
    if (!learner?.learns || this.#running.has(name)) return false
    this.#train(learner, why)
    return true
  }

  /** Ends a training without a model. False where none is under way. */
  cancel(name: string, why: string): boolean {
    const running = this.#running.get(name)
    if (!running) return false
    running.cancelled = why
    running.child.kill('SIGKILL')
    return true
  }

  /**
   * Puts a version to work because somebody asks for it; resolves when that is stored. `rollback` goes back to it without
   * a comparison.
   */
  async putToWork(name: string, version: string, step: 'active' | 'rollback', why: string): Promise<void> {
    const learner = this.#options.learners().get(name)
    if (learner) await this.#step(learner, step, version, why)
  }

  #look(): void {
    for (const [name, learner] of this.#options.learners()) {
      if (!learner.learns) continue
      if (this.#options.handled() < (this.#settled.get(name) ?? 0)) continue
      const decision = learner.decide()
      this.#tellLate(name, learner.overdue)
      // A model may have to go while the next is trained.
      if (decision && !(decision.step === 'train' && this.#running.has(name))) this.#carryOut(learner, decision)
    }
  }

  #tellLate(name: string, overdue: string | undefined): void {
    if (overdue !== undefined && !this.#late.has(name)) this.#options.log.warn({ monitor: name }, overdue)
    if (overdue === undefined) this.#late.delete(name)
    else this.#late.add(name)
  }

  #carryOut(learner: Learner, decision: Decision): void {
    if (decision.step === 'train') {
      this.#train(learner, decision.why)
      return
    }
    const { step, version, why } = decision
    const replaced = learner.model
    this.#options.log.info({ monitor: learner.name, version, step }, `model ${step}: ${why}`)
    void this.#step(learner, step, version, step === 'rollback' ? `${replaced ?? ''} was taken back: ${why}` : why)
  }

  #train(learner: Learner, why: string): void {
    const { name, model, since, memory } = learner
    const { log, clock } = this.#options
    const job: ProcessJob = {
      ...this.#options.source(),
      monitor: name,
      to: this.#options.end(),
      since,
      created: clock.now(),
      why,
      ...(model !== undefined && { active: model }),
    }
    log.info({ monitor: name }, `training starts: ${why}`)
    void this.#step(learner, 'training', model ?? '', why)
    const child = fork(this.#options.script, {
      execArgv: [...process.execArgv, `--max-old-space-size=${Math.ceil(memory / 2 ** 20)}`],
      serialization: 'advanced',
      env: childEnvironment(this.#options.environment()),
    })
    const running: Running = { child, training: { started: clock.now(), progress: 0, step: 'starting', why } }
    this.#running.set(name, running)
    this.#options.changed()
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW)
    let answer: ProcessAnswer | undefined
    child.on('message', (message: ProcessAnswer) => {
      if ('progress' in message) {
        running.training = { ...running.training, ...message }
        this.#options.changed()
      } else answer = message
    })
    child.on('error', (error) => (answer ??= { failed: describeError(error), retryable: true }))
    child.on('exit', (code, signal) => {
      this.#running.delete(name)
      if (this.#stopped) return
      this.#options.changed()
      const ended = running.cancelled ?? `the training process ended with ${signal ?? code}`
      const remedy =
        signal === 'SIGABRT' || code === 134 ? { remedy: 'Raise `learn.memory`, or shorten `learn.history`.' } : {}
      this.#finish(learner, answer ?? { failed: ended, retryable: true, ...remedy })
    })
    child.send(job)
  }

  #finish({ name }: Learner, answer: ProcessAnswer): void {
    const { log } = this.#options
    // As it is now: the training took a while.
    const learner = this.#options.learners().get(name)
    if (!learner) return
    if ('version' in answer) {
      const { version, used } = answer
      log.info({ monitor: name, version, used }, 'a model was trained')
      const detail = `trained from ${used}`
      if (version === learner.model) void this.#step(learner, 'refused', version, `${detail}; it is the model at work`)
      else void this.#step(learner, learner.working ? 'shadow' : 'active', version, detail)
    } else if ('failed' in answer) {
      const detail = answer.remedy === undefined ? answer.failed : `${answer.failed} ${answer.remedy}`
      log.warn({ monitor: name }, `training failed: ${detail}`)
      void this.#step(learner, 'failed', '', detail)
    }
  }

  /** Steps carry the event time of the newest window: what is due later depends on it, in a replay as well. */
  async #step({ name, newest }: Learner, step: ModelStep, version: string, detail: string): Promise<void> {
    const { clock, log, record } = this.#options
    const time = Number.isNaN(newest) ? clock.now() : newest
    this.#settled.set(name, Infinity)
    try {
      await record({ type: 'model', time, monitor: name, step, version, detail })
    } catch (error) {
      log.error({ monitor: name, step }, `a step of the model's life was not stored: ${describeError(error)}`)
    }
    // The journal may be closed by now.
    if (!this.#stopped) this.#settled.set(name, this.#options.end())
  }
}
