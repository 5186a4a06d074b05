import { stat } from 'node:fs/promises'
import { openFile } from '../../agent/core/index.ts'
import type { ReadSettings } from './settings.ts'

/** How a file was when it was looked at last, and since when it is so; ms. */
interface Seen {
  readonly size: number
  readonly since: number
}

/** Pause between two looks at files that may still grow, ms. */
const pause = 1_000

/**
 * Which files may still be written to: nothing tells but that nothing is added. A last line without an end may be half of
 * one, with a number that is cut.
 */
export class Growing {
  readonly #settings: ReadSettings
  readonly #now: () => number
  readonly #seen = new Map<string, Seen>()
  readonly #finished = new Set<string>()
  readonly #held = new Set<string>()

  /** `now`: ms since epoch, of the clock that files are stamped by. */
  constructor(settings: ReadSettings, now: () => number) {
    this.#settings = settings
    this.#now = now
  }

  /** Looks at files before they are read. */
  async look(paths: readonly string[]): Promise<void> {
    this.#held.clear()
    for (const path of paths) {
      const { since } = await this.#see(path)
      if (/\.gz$/i.test(path) || this.#now() - since >= this.#settings.finished_after) this.#finished.add(path)
      else this.#finished.delete(path)
    }
  }

  async #see(path: string): Promise<Seen> {
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: Infinity }))
    const before = this.#seen.get(path)
    // A stamp of the future is of another clock.
    const seen = before?.size === size ? before : { size, since: Math.min(mtimeMs, this.#now()) }
    this.#seen.set(path, seen)
    return seen
  }

  /** Whether a file that ends with an open question may still answer it; remembers that it was asked. */
  readonly mayGrow = (path: string): boolean => {
    if (this.#finished.has(path)) return false
    this.#held.add(path)
    return true
  }

  /** Files of which something is left until they have grown, or have not for long enough. */
  get held(): ReadonlySet<string> {
    return this.#held
  }

  /** Resolves when one of them is worth another reading, or `signal` is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(pause, signal)
      for (const path of this.#held) if (await this.#isReady(path)) return
    }
  }

  async #isReady(path: string): Promise<boolean> {
    const before = this.#seen.get(path)!
    const { size, since } = await this.#see(path)
    if (this.#now() - since >= this.#settings.finished_after) return true
    return size !== before.size && this.#settings.ends === undefined && (await endsWithLine(path, size))
  }
}

async function endsWithLine(path: string, size: number): Promise<boolean> {
  const file = await openFile(path).catch(() => undefined)
  if (!file) return true
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, Math.max(0, size - 2))
    const end = buffer.subarray(0, bytesRead)
    return end.includes(0x0a) || end.includes(0x0d)
  } finally {
    await file.close()
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
