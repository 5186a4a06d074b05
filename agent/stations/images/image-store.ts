import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import { isMapFile, mapFile } from './map-file.ts'
import { storedFormat, strippedImage, type StrippedImage } from '../../../models/inspection/stripped.ts'

/** Bounds of a folder of images. */
export interface StoreBounds {
  /** Bytes. */
  readonly size: number
  /** ms; absent: an image stays however old it is. */
  readonly age?: number
}

export interface StoreOptions extends StoreBounds {
  /** What an image loses before it is stored. Absent: what a camera writes into its files. */
  readonly strip?: (image: Uint8Array) => Promise<StrippedImage>
}

/** An image in a store. */
export interface StoredImage {
  readonly path: string
  /** When it was taken, ms since epoch. */
  readonly time: number
}

/**
 * Images of parts on disk, in groups: `<group>/<time>-<part>.<format>`, without what is nobody's business. Bounded by size
 * and age; those stored first go first. One writer.
 */
export class ImageStore {
  readonly #folder: string
  readonly #bounds: StoreBounds
  readonly #strip: (image: Uint8Array) => Promise<StrippedImage>
  #last: Promise<unknown> = Promise.resolve()
  /** Bytes stored, at least; infinite before the first look. */
  #size = Infinity
  #looked = 0

  constructor(folder: string, { strip = (image) => strippedImage(image), ...bounds }: StoreOptions) {
    this.#folder = folder
    this.#bounds = bounds
    this.#strip = strip
  }

  /** Stores an image taken at `time`; resolves with its path. Rejects where the disk refuses, or it cannot be stripped. */
  store(image: Uint8Array, group: string, part: string, time: number): Promise<string> {
    const stripping = this.#strip(image)
    stripping.catch(() => undefined)
    const path = this.pathOf(image, group, part, time)
    return this.#alone(async () => {
      const { bytes } = await stripping
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, bytes)
      this.#size += bytes.length
      await this.#trim(Date.now())
      return path
    })
  }

  /** Where an image is when it is stored. */
  pathOf(image: Uint8Array, group: string, part: string, time: number): string {
    return join(this.#folder, folderName(group), `${stampOf(time)}-${partName(part)}.${storedFormat(image)}`)
  }

  /** Removes an image from every group but one. */
  removeElsewhere(path: string, group: string): Promise<void> {
    return this.#alone(async () => {
      const folders = new Set((await this.#paths()).map((other) => dirname(other)))
      folders.delete(join(this.#folder, folderName(group)))
      for (const folder of folders) await rm(join(folder, basename(path)), { force: true })
    })
  }

  /** The newest image of a part, or the one taken within a second of `time`; undefined where there is none. */
  async find(part: string, time?: number): Promise<StoredImage | undefined> {
    const ending = `-${partName(part)}`
    const found = (await this.#images())
      .filter((path) => basename(path, extname(path)).slice(stampLength) === ending)
      .map((path) => ({ path, time: timeOf(path) }))
    return closest(found, time)
  }

  /** Images by group, each oldest first. */
  async list(): Promise<Map<string, StoredImage[]>> {
    const groups = new Map<string, StoredImage[]>()
    for (const path of await this.#images()) {
      const group = decodeURIComponent(basename(dirname(path)))
      let images = groups.get(group)
      if (!images) groups.set(group, (images = []))
      images.push({ path, time: timeOf(path) })
    }
    for (const images of groups.values()) images.sort((a, b) => a.time - b.time || (a.path < b.path ? -1 : 1))
    return groups
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #trim(now: number): Promise<void> {
    const { size: most, age = Infinity } = this.#bounds
    if (this.#size <= most && now - this.#looked < lookEvery) return
    const files = await this.#files()
    let size = files.reduce((sum, file) => sum + file.size, 0)
    for (const { path, size: own, changed } of files) {
      if (size <= most && now - changed <= age) continue
      await rm(path, { force: true })
      await rm(mapFile(path), { force: true })
      size -= own
    }
    this.#size = size
    this.#looked = now
  }

  /** What is stored, that stored first first. */
  async #files(): Promise<{ path: string; size: number; changed: number }[]> {
    const files = await Promise.all(
      (await this.#paths()).map(async (path) => {
        const state = await stat(path).catch(() => undefined)
        return state ? [{ path, size: state.size, changed: state.mtimeMs }] : []
      }),
    )
    return files.flat().sort((a, b) => a.changed - b.changed || (a.path < b.path ? -1 : 1))
  }

  /** Without the maps that may be beside them. */
  async #images(): Promise<string[]> {
    return (await this.#paths()).filter((path) => !isMapFile(path))
  }

  async #paths(): Promise<string[]> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true }).catch(() => [])
    return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  }
}

/** ms after which the age of files is looked at, where their size does not ask for it. */
const lookEvery = 60_000

/** The newest, or the one within a second of `time`, the nearest first. */
export function closest<Item extends { readonly time: number }>(
  items: readonly Item[],
  time: number | undefined,
): Item | undefined {
  const away = (item: Item) => (time === undefined ? -item.time : Math.abs(item.time - time))
  const near = items.filter((item) => time === undefined || Math.abs(item.time - time) <= 1_000)
  return near.reduce<Item | undefined>((best, item) => (best && away(best) <= away(item) ? best : item), undefined)
}

/** A name as a folder's: no separators, and nothing that leads elsewhere. */
export function folderName(name: string): string {
  return encoded(name).replace(/^\./, '%2E')
}

/** Half of a character, as a device may send it, has no encoding. */
function encoded(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))
}

/** `2026-01-05T10-00-00-000Z` */
function stampOf(time: number): string {
  return new Date(time).toISOString().replace(/[:.]/g, '-')
}

const stampLength = stampOf(0).length

function timeOf(path: string): number {
  const [, day, hours, minutes, seconds, ms] = /^(.+)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z/.exec(basename(path)) ?? []
  return Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`)
}

const longestName = 80

/** A part id in a file name; long ones are cut, and told apart by their hash. */
function partName(part: string): string {
  const name = encoded(part)
  if (name.length <= longestName) return name
  return `${name.slice(0, longestName - 10)}~${createHash('sha256').update(part).digest('hex').slice(0, 8)}`
}
