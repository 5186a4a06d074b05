import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { strippedImage } from '../models/inspection/decode.ts'
import type { KeepSettings } from './inspection-config.ts'
import type { PartVerdict } from './core/index.ts'

/**
 * Images of parts on disk: `<verdict>/<time>-<part>.<format>`, without what a camera writes into its files. Bounded by
 * size and age; the oldest go first.
 */
export class ImageKeeper {
  readonly #folder: string
  readonly #settings: KeepSettings
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string, settings: KeepSettings) {
    this.#folder = folder
    this.#settings = settings
  }

  /** Stores an image if it is one to keep; resolves with its path. Rejects where the disk refuses. */
  keep(image: Uint8Array, verdict: PartVerdict, part: string, time: number): Promise<string | undefined> {
    const turn = this.#last.then(() => this.#keep(image, verdict, part, time))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #keep(image: Uint8Array, verdict: PartVerdict, part: string, time: number): Promise<string | undefined> {
    if (!this.#wanted(verdict, part, time)) return undefined
    const { bytes, format } = await strippedImage(image)
    const folder = join(this.#folder, verdict)
    await mkdir(folder, { recursive: true })
    const stamp = new Date(time).toISOString().replace(/[:.]/g, '-')
    const path = join(folder, `${stamp}-${encodeURIComponent(part).slice(0, 80)}.${format}`)
    await writeFile(path, bytes)
    await this.#trim(time)
    return path
  }

  #wanted(verdict: PartVerdict, part: string, time: number): boolean {
    const { images, share } = this.#settings
    if (verdict === 'unusable' || images === 'none') return false
    if (images === 'all' || verdict !== 'pass') return true
    return images === 'sample' && chance(`${part} ${time}`) < share
  }

  async #trim(now: number): Promise<void> {
    const files = await this.#files()
    let size = files.reduce((sum, file) => sum + file.size, 0)
    for (const { path, size: own, changed } of files) {
      if (size <= this.#settings.size && now - changed <= this.#settings.age) continue
      await rm(path, { force: true })
      size -= own
    }
  }

  /** What is kept, oldest first. */
  async #files(): Promise<{ path: string; size: number; changed: number }[]> {
    const names = await readdir(this.#folder, { recursive: true })
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name)
        const state = await stat(path).catch(() => undefined)
        return state?.isFile() ? [{ path, size: state.size, changed: state.mtimeMs }] : []
      }),
    )
    return files.flat().sort((a, b) => a.changed - b.changed || (a.path < b.path ? -1 : 1))
  }
}

/** 0 to 1, the same for the same text: a replay keeps the same images. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE() / 2 ** 32
}
