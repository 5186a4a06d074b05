import { createHash } from 'node:crypto'
import type { Region } from '../../models/inspection/decode.ts'
import { ImageStore, type StoredImage } from './image-store.ts'
import type { KeepSettings } from './config.ts'
import type { PartVerdict } from '../core/index.ts'

/** Keeps the images of parts that are worth it, by verdict. */
export class ImageKeeper {
  readonly #store: ImageStore
  readonly #settings: KeepSettings

  /** `shown`: what of the images is kept; the rest is black. */
  constructor(folder: string, settings: KeepSettings, shown?: Region) {
    const { size, age } = settings
    this.#store = new ImageStore(folder, { size, age, shown })
    this.#settings = settings
  }

  /** Stores an image if it is one to keep; resolves with its path. Rejects where the disk refuses. */
  async keep(image: Uint8Array, verdict: PartVerdict, part: string, time: number): Promise<string | undefined> {
    return this.#wanted(verdict, part, time) ? this.#store.store(image, verdict, part, time) : undefined
  }

  /** The newest image of a part, or the one taken at `time`; undefined where none was kept. */
  find(part: string, time?: number): Promise<StoredImage | undefined> {
    return this.#store.find(part, time)
  }

  #wanted(verdict: PartVerdict, part: string, time: number): boolean {
    const { images, share } = this.#settings
    if (verdict === 'unusable' || images === 'none') return false
    if (images === 'all' || verdict !== 'pass') return true
    return images === 'sample' && chance(`${part} ${time}`) < share
  }
}

/** 0 to 1, the same for the same text: a replay keeps the same images. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE() / 2 ** 32
}
