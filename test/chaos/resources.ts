import { readFileSync, readdirSync } from 'node:fs'

/** What a process holds: MB of memory, threads, open files. */
export interface Holdings {
  readonly memory: number
  readonly threads: number
  readonly files: number
}

export function holdingsOf(pid: number): Holdings {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)![1])
  return {
    memory: Math.round(field('VmRSS') / 1_024),
    threads: field('Threads'),
    files: readdirSync(`/proc/${pid}/fd`).length,
  }
}

/** Where a process holds far more than it did: twice the memory and 300 MB, or 30 threads or files more. */
export function grown(before: Holdings, now: Holdings): string[] {
  const told = [
    ...(now.memory > before.memory * 2 + 300 ? ['memory'] : []),
    ...(now.threads > before.threads + 30 ? ['threads'] : []),
    ...(now.files > before.files + 30 ? ['files'] : []),
  ]
  return told.map((what) => `the agent holds more ${what} than before: ${JSON.stringify([before, now])}`)
}
