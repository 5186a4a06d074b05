import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Processes whose server has ended: starting one anew takes seconds. They end with this process. */
const spares: ChildProcess[] = []

/** A process that waits to become a server. */
export async function takeServer(): Promise<ChildProcess> {
  const child = spares.pop() ?? (await forkServer())
  hold(child, true)
  return child
}

/** Keeps a process whose server has ended for the next one. */
export function putAside(child: ChildProcess): void {
  child.removeAllListeners('message')
  hold(child, false)
  spares.push(child)
}

async function forkServer(): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./opcua-server-process.ts', import.meta.url))
  const child = fork(script, {
    execArgv: ['--import', 'tsx'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return child
}

/** Whether this process waits for that one to end. */
function hold(child: ChildProcess, held: boolean): void {
  for (const handle of [child, child.channel]) {
    if (held) handle?.ref()
    else handle?.unref()
  }
}
