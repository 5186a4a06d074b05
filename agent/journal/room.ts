import { readFileSync, statfsSync } from 'node:fs'

/** What is left free, bytes, or a share of the whole where that is less: below it nothing is written, and writing goes on at twice as much. */
const least = { bytes: 8e6, share: 0.02 }
/** While there is more than this, the disk is looked at again after a while only: bytes, ms. */
const plenty = { bytes: 256e6, lookAgain: 1_000 }

/**
 * How much a file may grow. LMDB is never let find out by trying: where the system refuses a write it reports by way of
 * memory that it has given back already, and the process may end. So nothing is written that might not fit.
 */
export class Room {
  readonly #folder: string
  #full = false
  #looked = -Infinity
  #free = 0
  #least = 0
  /** Bytes of records that were removed, whose pages LMDB uses again before the file grows. */
  #freed = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Whether a file of `size` bytes may grow by `bytes`. `urgent`: makes room later, so the last bytes are for it. */
  has(bytes: number, size: number, urgent = false): boolean {
    if (!urgent && bytes <= this.#freed) {
      this.#freed -= bytes
      return true
    }
    if (this.#free < plenty.bytes || performance.now() - this.#looked > plenty.lookAgain) this.#look(size)
    this.#free -= bytes
    if (urgent) return this.#free > 0
    this.#full = this.#free < (this.#full ? 2 * this.#least : this.#least)
    return !this.#full
  }

  /** Records of so many bytes were removed. */
  removed(bytes: number): void {
    this.#freed += bytes / 2
  }

  #look(size: number): void {
    this.#looked = performance.now()
    const disk = spaceOf(this.#folder)
    const limit = fileSizeLimit()
    this.#free = Math.min(disk.free, limit - size)
    this.#least = Math.min(least.bytes, least.share * Math.min(disk.all, limit))
  }
}

/** Infinite where the system does not say. */
function spaceOf(folder: string): { readonly free: number; readonly all: number } {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { free: bavail * bsize, all: blocks * bsize }
  } catch {
    return { free: Infinity, all: Infinity }
  }
}

/** The largest file that this process may write, bytes; infinite where there is no limit, or elsewhere than on Linux. */
function fileSizeLimit(): number {
  try {
    const soft = /^Max file size\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft)
  } catch {
    return Infinity
  }
}
