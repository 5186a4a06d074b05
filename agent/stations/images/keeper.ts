import { createHash } from 'node:crypto'
import type { StrippedImage } from '../../../models/inspection/stripped.ts'
import { ImageStore, type StoredImage } from './image-store.ts'
import type { KeepSettings } from '../../settings/index.ts'
import { type Logger, type Metrics, type PartVerdict, describeError } from '../../core/index.ts'

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

/** What may be in hand, until it is stripped and stored; more is not kept. */
const most = { images: 64, bytes: 64e6 }
/** ms without a failure after which the log says that images are kept again. */
const calm = 60_000

/** Keeps the images of parts that are worth it, by verdict. No verdict waits for that, and none is lost by it. */
export class ImageKeeper {
  readonly #parts: KeeperParts
  readonly #store: ImageStore
  readonly #inHand = new Set<Promise<void>>()
  #bytes = 0
  /** Whether the newest image could not be stored. */
  #broken = false
  /** Whether the log says that images are not kept, and when one was not, ms since epoch. */
  #told = false
  #failed = 0

  constructor(parts: KeeperParts) {
    const { folder, settings, strip } = parts
    this.#parts = parts
    this.#store = new ImageStore(folder, { size: settings.size, age: settings.age, strip })
  }

  /**
   * Keeps an image if it is one to keep. Returns the path at which it will be as soon as it is stripped and stored; none where
   * it is not kept, because too many are in hand, or may not be, because the newest could not be stored.
   */
  keep(image: Uint8Array, verdict: PartVerdict, part: string, time: number): string | undefined {
    if (!this.#wanted(verdict, part, time)) return undefined
    if (this.#inHand.size >= most.images || this.#bytes > most.bytes) {
      this.#lost(`${this.#inHand.size} are in hand already`)
      return undefined
    }
    this.#bytes += image.length
    const keeping = this.#keep(image, verdict, part, time).finally(() => {
      this.#bytes -= image.length
      this.#inHand.delete(keeping)
    })
    this.#inHand.add(keeping)
    return this.#broken ? undefined : this.#store.pathOf(image, verdict, part, time)
  }

  /** Resolves when nothing is in hand. */
  async idle(): Promise<void> {
    while (this.#inHand.size > 0) await Promise.all(this.#inHand)
  }

  async #keep(...image: Parameters<ImageStore['store']>): Promise<void> {
    try {
      await this.#store.store(...image)
      this.#broken = false
      if (!this.#told || Date.now() - this.#failed < calm) return
      this.#told = false
      this.#parts.log.info({ station: this.#parts.name }, 'images are kept again')
    } catch (error) {
      this.#broken = true
      this.#lost(describeError(error))
    }
  }

  #lost(why: string): void {
    const { name: station, log, metrics } = this.#parts
    metrics.count('inspections_not_kept_total', 1, { station })
    if (!this.#told) log.warn({ station }, `images are not kept: ${why}`)
    this.#told = true
    this.#failed = Date.now()
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
