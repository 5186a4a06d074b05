import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { Observable } from 'rxjs'
import {
  type ConnectorContext,
  type ImageArrival,
  type ImageRoom,
  type ImageSource,
  describeError,
  openFile,
} from '../../agent/core/index.ts'
import { partPattern } from './part.ts'
import type { FolderSettings } from './settings.ts'

const endings = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/** A source that nobody bounds. */
const unbounded: ImageRoom = { images: Infinity, bytes: Infinity }

/** A file that has stopped growing. */
interface Complete {
  readonly name: string
  readonly changed: number
}

interface Sighting {
  readonly size: number
  readonly changed: number
  readonly looks: number
}

/**
 * Images that appear in a folder, oldest first. A file is read when its size and time have been the same for some looks
 * in a row, so a half-written one waits. Looks again instead of watching: events of network shares and some cameras'
 * FTP servers are not to be relied on. A file larger than `largest` is read up to one byte more, so that it is refused
 * by its size and not held in memory. No more are read than the station has room for: the rest waits in the folder, and so
 * does what was given up without a verdict. Links are left alone: a camera writes files.
 */
export class FolderImages implements ImageSource {
  readonly #settings: FolderSettings
  readonly #context: ConnectorContext
  readonly #largest: number
  readonly #partOf: ((name: string) => string | undefined) | undefined
  #seen = new Map<string, Sighting>()
  /** Files that are being judged, or were and stay. */
  readonly #taken = new Map<string, string>()

  constructor(settings: FolderSettings, context: ConnectorContext, largest: number) {
    this.#settings = settings
    this.#context = context
    this.#largest = largest
    this.#partOf = settings.part === undefined ? undefined : partPattern(settings.part)
  }

  images(room: () => ImageRoom = () => unbounded): Observable<ImageArrival> {
    return new Observable((subscriber) => {
      let timer: NodeJS.Timeout | undefined
      const look = async () => {
        try {
          for await (const arrival of this.#arrivals(await this.#complete(), room)) {
            if (subscriber.closed) arrival.settled?.(false)
            else subscriber.next(arrival)
          }
          this.#context.report({ state: 'up', message: `watches ${this.#settings.path}` })
        } catch (error) {
          this.#context.report({ state: 'down', message: `${this.#settings.path} cannot be read: ${describeError(error)}`, remedy: 'Create the folder, or let the agent read it.' }) // prettier-ignore
        }
        if (!subscriber.closed) timer = setTimeout(() => void look(), this.#settings.poll)
      }
      void look()
      return () => clearTimeout(timer)
    })
  }

  /** One look at the folder: the files that are complete now, as far as there is room. Rejects where the folder cannot be read. */
  async look(room: () => ImageRoom = () => unbounded): Promise<ImageArrival[]> {
    const arrivals: ImageArrival[] = []
    const taken = () => arrivals.reduce((sum, { image }) => sum + image.length, 0)
    const left = () => ({ images: room().images - arrivals.length, bytes: room().bytes - taken() })
    for await (const arrival of this.#arrivals(await this.#complete(), left)) arrivals.push(arrival)
    return arrivals
  }

  /** Reads files one by one while there is room: at least one byte of it for each. */
  async *#arrivals(files: readonly Complete[], room: () => ImageRoom): AsyncGenerator<ImageArrival> {
    for (const { name, changed } of files) {
      const { images, bytes } = room()
      if (images < 1 || bytes < 1) return
      const arrival = await this.#arrival(name, changed)
      if (arrival) yield arrival
    }
  }

  /** The files that are complete now, oldest first. */
  async #complete(): Promise<Complete[]> {
    const { path, steady } = this.#settings
    const names = (await readdir(path)).filter((name) => endings.has(extname(name).toLowerCase()) && !name.startsWith('.')) // prettier-ignore
    const seen = new Map<string, Sighting>()
    const complete: Complete[] = []
    for (const name of names) {
      const state = await lstat(join(path, name)).catch(() => undefined)
      if (!state?.isFile() || (this.#partOf && this.#partOf(name) === undefined)) continue
      const sighting = this.#sighting(name, state.size, state.mtimeMs)
      if (this.#taken.get(name) === stamp(sighting)) continue
      seen.set(name, sighting)
      if (sighting.looks >= steady) complete.push({ name, changed: state.mtimeMs })
    }
    this.#seen = seen
    for (const name of this.#taken.keys()) if (!names.includes(name)) this.#taken.delete(name)
    return complete.sort((a, b) => a.changed - b.changed || (a.name < b.name ? -1 : 1))
  }

  #sighting(name: string, size: number, changed: number): Sighting {
    const before = this.#seen.get(name)
    const same = before?.size === size && before.changed === changed
    return { size, changed, looks: same ? before.looks + 1 : 1 }
  }

  /** Undefined where the file is gone or cannot be read: it is looked at again. */
  async #arrival(name: string, time: number): Promise<ImageArrival | undefined> {
    const path = join(this.#settings.path, name)
    const sighting = this.#seen.get(name)!
    this.#taken.set(name, stamp(sighting))
    const image = await readUpTo(path, this.#largest + 1).catch((error: unknown) => this.#unread(name, error))
    if (!image) return undefined
    const part = this.#partOf ? this.#partOf(name) : basename(name, extname(name))
    return {
      image,
      time,
      subject: path,
      ...(part !== undefined && { part }),
      settled: (judged) => void this.#settle(name, judged),
    }
  }

  #unread(name: string, error: unknown): undefined {
    this.#taken.delete(name)
    this.#context.log.warn({ file: name }, `the image cannot be read yet: ${describeError(error)}`)
    return undefined
  }

  /** What was not judged stays, and comes again when there is room. */
  async #settle(name: string, judged: boolean): Promise<void> {
    if (!judged) {
      this.#taken.delete(name)
      return
    }
    const { path, then } = this.#settings
    try {
      if (then === 'delete') await rm(join(path, name), { force: true })
      if (then !== 'move') return
      const done = join(path, 'done')
      await mkdir(done, { recursive: true })
      // A link in its place would have the agent put files wherever it may write.
      if (!(await lstat(done)).isDirectory()) throw new Error(`${done} is a link, and no folder of its own`)
      await rename(join(path, name), join(done, name))
    } catch (error) {
      this.#context.log.warn({ file: name }, `the image stays where it is: ${describeError(error)}`)
    }
  }
}

function stamp({ size, changed }: Pick<Sighting, 'size' | 'changed'>): string {
  return `${size} ${changed}`
}

/** The first bytes of a file, at most `length`. */
async function readUpTo(path: string, length: number): Promise<Uint8Array> {
  const handle = await openFile(path)
  try {
    const { size } = await handle.stat()
    const buffer = Buffer.alloc(Math.min(size, length))
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
