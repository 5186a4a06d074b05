import { createHash } from 'node:crypto'
import type { StrippedImage } from '../../models/inspection/stripped.ts'
import { ImageStore, type StoredImage } from './image-store.ts'
import type { KeepSettings } from './config.ts'
import { describeError, type Logger, type Metrics, type PartVerdict } from '../core/index.ts'

export interface KeeperParts {
  /** Of the station. */
  readonly name: string
  readonly folder: string
  readonly settings: KeepSettings
  /** What images lose before they are stored. */
  readonly strip: (image: Uint8Array) => Promise<StrippedImage>
  readonly log: Logger
  readonly metrics: Metrics
}

/** ms without a failure after which the log says that images are kept again. */
const calm = 60_000

/** Keeps the images of parts that are worth it, by verdict. */
export class ImageKeeper {
  readonly #parts: KeeperParts
  readonly #store: ImageStore
  /** Whether the log says that images are not kept. */
  #failing = false
  /** When one was not, ms since epoch. */
  #failed = 0

  constructor(parts: KeeperParts) {
    const { folder, settings, strip } = parts
    this.#parts = parts
    this.#store = new ImageStore(folder, { size: settings.size, age: settings.age, strip })
  }

  /**
   * Stores an image if it is one to keep; resolves with its path. Never rejects: neither a full disk nor a picture that cannot
   * be stripped may stop the line. Such images are counted, not kept.
   */
  async keep(image: Uint8Array, verdict: PartVerdict, part: string, time: number): Promise<string | undefined> {
    if (!this.#wanted(verdict, part, time)) return undefined
    const { name: station, log, metrics } = this.#parts
    try {
      const path = await this.#store.store(image, verdict, part, time)
      if (this.#failing && Date.now() - this.#failed > calm) {
        this.#failing = false
        log.info({ station }, 'images are kept again')
      }
      return path
    } catch (error) {
      metrics.count('inspections_not_kept_total', 1, { station })
      if (!this.#failing) log.warn({ station }, `images are not kept: ${describeError(error)}`)
      this.#failing = true
      this.#failed = Date.now()
      return undefined
    }
  }

  /** The newest image of a part, or the one taken at `time`; undefined where none was kept. */
  find(part: string, time?: number): Promise<StoredImage | undefined> {
    return this.#store.find(part, time)
  }

  #wanted(verdict: PartVerdict, part: string, time: number): boolean {
    const { images, share } = this.#parts.settings
    if (verdict === 'unusable' || images === 'none') return false
    if (images === 'all' || verdict !== 'pass') return true
    return images === 'sample' && chance(`${part} ${time}`) < share
  }
}

/** 0 to 1, the same for the same text: a replay keeps the same images. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32LE() / 2 ** 32
}
