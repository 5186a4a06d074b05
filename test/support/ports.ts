import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below the ports that systems give to outgoing connections: none of those can take one before its server listens. */
const range = { first: 12_000, size: 18_000 }
/** Processes that run tests side by side begin at different places. */
let next = (process.pid * 97) % range.size

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = range.first + (next++ % range.size)
    const server = createServer()
    const listening = once(server.listen(port, '127.0.0.1'), 'listening')
    if (!(await listening.then(Boolean, () => false))) continue
    await once(server.close(), 'close')
    return port
  }
}

/** Ports of the loopback that nobody listens on, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) ports.push(await freePort())
  return ports
}
