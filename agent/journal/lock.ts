import { closeSync, constants, openSync, statSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { JournalError, type Logger } from '../core/index.ts'
import { codeOf } from './failures.ts'

export interface FolderLock {
  release(): Promise<void>
}

const name = 'writer.sock'
const unsupported: readonly unknown[] = ['ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'ENAMETOOLONG', 'ENOSYS']

/**
 * Keeps a second writer out: the writer listens on a socket in the folder. The kernel closes it however the process
 * ends, so a left-over file answers nobody and is taken over; no process ids that may be used again, in a container above
 * all, and no waiting. Rejects with JOURNAL_LOCKED, or with the system's error where the folder cannot be written.
 */
export async function lockFolder(folder: string, log: Logger): Promise<FolderLock> {
  const place = new Place(folder)
  try {
    for (;;) {
      const server = await listen(place.path)
      if (server) return { release: () => release(server, place) }
      await takeOver(place, folder)
    }
  } catch (error) {
    place.close()
    if (!unsupported.includes(codeOf(error))) throw error
    log.warn({ folder }, 'this file system has no sockets: nothing keeps a second agent out of the data folder')
    return { release: () => Promise.resolve() }
  }
}

/** The socket's path. Linux allows 107 bytes only: there, the folder is reached through its descriptor. */
class Place {
  readonly path: string
  readonly #folder: number | undefined

  constructor(folder: string) {
    this.#folder =
      process.platform === 'linux' ? openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY) : undefined
    this.path = this.#folder === undefined ? join(folder, name) : `/proc/self/fd/${this.#folder}/${name}`
  }

  close(): void {
    if (this.#folder !== undefined) closeSync(this.#folder)
  }
}

/** Undefined where the socket file exists already. */
function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.end(String(process.pid))
    })
    server.on('error', (error) => {
      if (codeOf(error) === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => {
      // A lock is no reason to stay alive.
      server.unref()
      resolve(server)
    })
  })
}

async function takeOver(place: Place, folder: string): Promise<void> {
  const before = inode(place.path)
  if (before === undefined) return
  // Twice: between making the file and listening, a starting writer is silent too.
  for (let attempt = 0; attempt < 2; attempt++) {
    const owner = await ask(place.path)
    if (owner !== undefined) {
      throw new JournalError('JOURNAL_LOCKED', `another agent (process ${owner}) writes to ${folder}`, {
        remedy: 'Stop the other agent, or give this one a data folder of its own.',
      })
    }
    if (attempt === 0) await delay(20)
  }
  if (inode(place.path) === before) unlinkSync(place.path)
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

/** The process id that the listener gives, undefined where nobody listens. */
function ask(path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(path)
    // It was accepted, so it is alive, be it too busy to answer.
    socket.setTimeout(1000, () => {
      resolve('unknown')
      socket.destroy()
    })
    socket.on('data', (bytes) => (answer += bytes.toString()))
    socket.on('end', () => resolve(answer || 'unknown'))
    socket.on('error', (error) => {
      const code = codeOf(error)
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined)
      else if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'EAGAIN') resolve('unknown')
      else reject(error)
    })
  })
}

/** Closing removes the socket file. */
function release(server: Server, place: Place): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      place.close()
      resolve()
    })
  })
}
