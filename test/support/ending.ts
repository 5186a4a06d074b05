import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Sends a process that a test started the signal and waits until it has ended; nothing to do where it has already. */
export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill(signal)
  await exit
}
