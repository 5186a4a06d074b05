import { spawn } from 'node:child_process'
import { program } from '../support/program.ts'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command as a user does, in `folder`, without a terminal; servers of this process go on meanwhile. */
export function millwright(folder: string, ...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [...program, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (out[name] += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...out }))
  })
}
