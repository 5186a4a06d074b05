import { fork, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { DetectorError, type ErrorCode, childEnvironment } from '../../agent/core/index.ts'
import type { Failure, FromProcess } from './messages.ts'
import { processModule } from './module.ts'

export interface PoolOptions {
  /** The module that calls `serve`, without its ending. */
  readonly module: URL
  /** For messages: `image model 0003-5ab0c1d2`. */
  readonly name: string
  /** Handed to each process before its first job; structured-cloneable. */
  readonly setup?: unknown
  /** Processes at work side by side; default 1. */
  readonly processes?: number
  /** Jobs that a process has in hand at a time; default 1. */
  readonly atOnce?: number
  /** ms after which a job, or the opening, is taken to hang, and its process is ended; default a minute. */
  readonly patience?: number
  /** Bytes of resident memory that a process may take, native code included; one that takes more is ended (Linux). Default 3 GB. */
  readonly memory?: number
  /** A job that ended this many processes is given up; default 2. */
  readonly mostDeaths?: number
  /** Added to the niceness of the processes. */
  readonly nice?: number
  /** Told once when a process ends that should not have. */
  readonly died?: (how: string) => void
}

interface Job {
  readonly id: number
  readonly job: unknown
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: unknown) => void
  /** Ends of a process that had it in hand. */
  deaths: number
}

/** Pauses before a process that ended is started again, ms: the first, doubled with each until one answers. */
const pause = { first: 100, longest: 30_000 }
const minute = 60_000
/** ms that an idle process has to end before it is killed. */
const lastMoments = 5_000
/** Stands in the error where the pool itself ended the process, for what a job did: nobody else is to blame for it. */
export const endedByPool = 'and was ended'
/** ms between two looks at the memory of a process that is at work. */
const lookEvery = 250

/**
 * Processes that do native work: what crashes, hangs or eats memory there does not touch this process. One that ends is
 * started again; its jobs are done again, alone, and one that ends a second process is rejected with a DetectorError
 * (WORKER_DIED). Nothing native is ever interrupted inside a process that lives on.
 */
export class ProcessPool<JobType, Answer> {
  readonly #options: PoolOptions
  readonly #waiting: Job[] = []
  readonly #members: Member[]
  #ids = 0

  constructor(options: PoolOptions) {
    this.#options = options
    this.#members = Array.from({ length: options.processes ?? 1 }, () => new Member(options, this.#waiting))
  }

  /** Jobs that no process has in hand. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Resolves when every process is open. Rejects with a DetectorError where one cannot be. */
  async open(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.open()))
  }

  /** Does a job. Rejects with a DetectorError: what the process says, or WORKER_DIED. */
  run(job: JobType): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: this.#ids++, job, resolve: resolve as (answer: unknown) => void, reject, deaths: 0 })
      for (const member of this.#members) member.next()
    })
  }

  /** Lets the jobs in hand end, then the processes. Jobs that wait are rejected. */
  async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(died(this.#options.name, 'is being closed'))
    await Promise.all(this.#members.map((member) => member.close()))
  }
}

/** One place in a pool: a process, and the one that takes its place when it ends. */
class Member {
  readonly #options: PoolOptions
  readonly #waiting: Job[]
  readonly #inHand = new Map<number, Job>()
  #child: ChildProcess | undefined
  #opening: Promise<void> | undefined
  #ready = false
  #pause = pause.first
  #again: NodeJS.Timeout | undefined
  #watch: NodeJS.Timeout | undefined
  #look: NodeJS.Timeout | undefined
  /** Why the pool itself ended the process. */
  #why: string | undefined
  #closed = false
  #idle: (() => void) | undefined

  constructor(options: PoolOptions, waiting: Job[]) {
    this.#options = options
    this.#waiting = waiting
  }

  open(): Promise<void> {
    return (this.#opening ??= this.#open())
  }

  /** Takes jobs as long as there are any and it has room. What ended a process before is done alone. */
  next(): void {
    if (this.#closed) return
    if (!this.#ready) {
      if (this.#waiting.length > 0 && this.#again === undefined)
        this.open().catch((error: unknown) => this.#refuse(error))
      return
    }
    while (this.#waiting.length > 0 && this.#inHand.size < this.#room()) {
      const job = this.#waiting.shift()!
      this.#inHand.set(job.id, job)
      this.#child!.send({ id: job.id, job: job.job })
      this.#keepWatch()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#again)
    if (this.#inHand.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    clearTimeout(this.#watch)
    clearInterval(this.#look)
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const insist = setTimeout(() => child.kill('SIGKILL'), lastMoments)
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      if (child.connected) child.disconnect()
    })
    clearTimeout(insist)
  }

  #room(): number {
    const suspects = [...this.#inHand.values(), this.#waiting[0]].some(({ deaths }) => deaths > 0)
    return suspects ? 1 : (this.#options.atOnce ?? 1)
  }

  async #open(): Promise<void> {
    const { module, setup, nice = 0, name } = this.#options
    const { filename, execArgv } = processModule(module)
    const child = fork(filename, {
      ...{ execArgv, serialization: 'advanced', env: childEnvironment() },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    let words = ''
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(0, 500)))
    this.#child = child
    if (nice > 0 && child.pid !== undefined) setPriority(child.pid, nice)
    const opened = new Promise<void>((resolve, reject) => {
      child.on('message', (message: FromProcess) => {
        if (!('ready' in message)) this.#answered(message)
        else if (message.ready) resolve()
        else reject(errorOf(message.failure, name))
      })
      child.once('exit', (code, signal) => {
        const how = this.#why ?? `ended with ${signal ?? code}${lastWords(words)}`
        this.#why = undefined
        reject(died(name, `${how} while it was opened`))
        this.#ended(child, how)
      })
      child.once('error', (cause) => reject(died(name, 'cannot be started', cause)))
    })
    child.send({ setup })
    this.#keepWatch()
    try {
      await opened
    } catch (error) {
      this.#opening = undefined
      child.kill('SIGKILL')
      throw error
    }
    this.#ready = true
    this.#keepWatch()
    this.next()
  }

  #answered(message: Exclude<FromProcess, { ready: boolean }>): void {
    const job = this.#inHand.get(message.id)
    this.#inHand.delete(message.id)
    this.#pause = pause.first
    this.#keepWatch()
    if (job && 'failure' in message) job.reject(errorOf(message.failure, this.#options.name))
    else if (job && 'answer' in message) job.resolve(message.answer)
    this.next()
    if (this.#inHand.size === 0) this.#idle?.()
  }

  /** A process that says nothing for so long will say nothing more. */
  #keepWatch(): void {
    clearTimeout(this.#watch)
    clearInterval(this.#look)
    if (this.#ready && this.#inHand.size === 0) return
    const { patience: usual = minute, memory = 3e9 } = this.#options
    // A process may be long in starting on a busy machine: that is no sign that it hangs.
    const patience = this.#ready ? usual : Math.max(usual, minute)
    const end = (why: string) => {
      this.#why ??= why
      this.#child?.kill('SIGKILL')
    }
    this.#watch = setTimeout(() => end(`gave no answer for ${patience / 1000} s ${endedByPool}`), patience)
    this.#look = setInterval(() => {
      if (residentMemory(this.#child?.pid) > memory) end(`took more than ${memory / 1e6} MB of memory ${endedByPool}`)
    }, lookEvery)
  }

  #ended(child: ChildProcess, how: string): void {
    if (child !== this.#child) return
    clearTimeout(this.#watch)
    clearInterval(this.#look)
    const wasOpen = this.#ready
    this.#ready = false
    this.#opening = undefined
    const jobs = [...this.#inHand.values()]
    this.#inHand.clear()
    if (this.#closed || !wasOpen) {
      for (const { reject } of jobs) reject(died(this.#options.name, how))
      this.#idle?.()
      return
    }
    this.#options.died?.(how)
    for (const job of jobs) job.deaths++
    const { mostDeaths = 2 } = this.#options
    const given = jobs.filter(({ deaths }) => deaths >= mostDeaths)
    this.#waiting.unshift(...jobs.filter(({ deaths }) => deaths < mostDeaths))
    for (const { reject } of given)
      reject(died(this.#options.name, mostDeaths === 1 ? how : `${how}, twice with this job in hand`))
    this.#startAgain()
  }

  #startAgain(): void {
    this.#again = setTimeout(() => {
      this.#again = undefined
      this.open().catch((error: unknown) => this.#refuse(error))
    }, this.#pause)
    this.#pause = Math.min(2 * this.#pause, pause.longest)
  }

  /** It cannot be opened: what waits hears of it, and whoever comes later has it tried again. */
  #refuse(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

/** The first line of what a process wrote as it ended, if any. */
function lastWords(text: string): string {
  const line = text.split('\n').find((words) => words.trim() !== '')
  return line === undefined ? '' : ` (${line.trim().slice(0, 200)})`
}

/** Bytes; 0 where it cannot be told. */
function residentMemory(pid: number | undefined): number {
  try {
    return pid === undefined ? 0 : Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
  } catch {
    return 0
  }
}

function died(name: string, how: string, cause?: unknown): DetectorError {
  return new DetectorError('WORKER_DIED', `the process of ${name} ${how}`, { cause })
}

function errorOf({ message, code, remedy }: Failure, name: string): DetectorError {
  const known = code as ErrorCode | undefined
  return new DetectorError(known ?? 'MODEL_BROKEN', known ? message : `${name}: ${message}`, {
    ...(remedy !== undefined && { remedy }),
  })
}
