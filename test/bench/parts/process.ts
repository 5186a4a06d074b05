import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One of the processes of a benchmark: it gets one job, and tells how it goes. */
export class Process<Told extends object> {
  readonly #child: ChildProcess
  #newest: Told | undefined

  /** @param file beside this one; `flags` of Node, such as `--cpu-prof`; `listen` hears everything */
  constructor(file: string, job: object, flags: readonly string[] = [], listen?: (told: Told) => void) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), {
      execArgv: ['--import', 'tsx', ...flags],
      serialization: 'advanced',
    })
    this.#child.on('message', (told: Told) => {
      this.#newest = told
      listen?.(told)
    })
    this.#child.send(job)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it told last. */
  get newest(): Told | undefined {
    return this.#newest
  }

  tell(message: object): void {
    if (this.#child.connected) this.#child.send(message)
  }

  /** Resolves with what it told when `condition` holds. */
  async until(condition: (told: Told) => boolean): Promise<Told> {
    while (!this.#newest || !condition(this.#newest)) {
      if (this.#child.exitCode !== null)
        throw new Error(`a process of the benchmark ended: ${this.#child.spawnargs[3]}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    return this.#newest
  }

  /** Asks it to end, which it does by itself, and waits for that. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    await exit
  }
}

/** CPU time of a process so far, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // utime and stime in ticks, of which Linux shows 100 a second on every machine.
  return (Number(fields[11]) + Number(fields[12])) / 100
}
