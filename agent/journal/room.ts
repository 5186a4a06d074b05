import { readFileSync, statfsSync } from 'node:fs'

/** What is left free, bytes, or a share of the whole where that is less: below it nothing is written, and writing goes on at twice as much. */
const least = { bytes: 8e6, share: 0.02 }
/** While there is more than this, the disk is looked at again after a while only: bytes, ms. */
const plenty = { bytes: 256e6, lookAgain: 1_000 }
/** Bytes of the trees' own pages that a commit writes beside its records; those of the commit before are free after it. */
const treePages = 64 * 4096
/** What stays unused of the places of removed records, since not every record fits every place: a share of the file, at most so many bytes. */
const unused = { share: 0.1, bytes: 64e6 }

/**
 * How much a file may grow. LMDB is never let find out by trying: where the system refuses a write it reports by way of
 * memory that it has given back already, and the process may end. So nothing is written that might not fit: where the
 * disk is full, no more than the file has held before.
 */
export class Room {
  readonly #folder: string
  #full = false
  #looked = -Infinity
  #free = 0
  #least = 0
  /** Bytes of records more or fewer than at the opening, and the most of it so far. */
  #balance = 0
  #most = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * Whether so many bytes of records, and the pages of the trees above them, fit into a file of `size` bytes or on the
   * disk. Without records a commit makes room or moves a cursor: the last of the room is for that.
   */
  has(bytes: number, size: number): boolean {
    if (this.#free < plenty.bytes || performance.now() - this.#looked > plenty.lookAgain) this.#look(size)
    this.#free -= bytes
    const urgent = bytes === 0
    const rest = this.#free - treePages
    this.#full = rest < (urgent ? 0 : this.#full ? 2 * this.#least : this.#least)
    if (!this.#full) return true
    const room = this.#most - this.#balance - Math.min(unused.share * size, unused.bytes)
    return bytes + (urgent ? 1 : 2) * treePages <= room
  }

  /** So many bytes of records were put into the file, or removed where negative. */
  changed(bytes: number): void {
    this.#balance += bytes
    this.#most = Math.max(this.#most, this.#balance)
  }

  #look(size: number): void {
    this.#looked = performance.now()
    const disk = spaceOf(this.#folder)
    const limit = fileSizeLimit()
    this.#free = Math.min(disk.free, limit - size)
    this.#least = Math.min(least.bytes, least.share * Math.min(disk.all, limit))
  }
}

/** Whether a store can be begun in a folder: on a full disk, mapping a new file would end the process. */
export function canBegin(folder: string): boolean {
  return spaceOf(folder).free > 2 * treePages
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
