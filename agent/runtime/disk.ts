import { statfsSync } from 'node:fs'
import { lasting, type Clock, type ConditionEvent, type Metrics } from '../core/index.ts'

/** The disk that the data folder is on. */
export interface DiskState {
  /** Bytes free, and altogether. */
  readonly free: number
  readonly size: number
  /** When it will be full at the pace of late, ms since epoch; null: not within sight. */
  readonly fullAt: number | null
}

export interface DiskOptions {
  readonly folder: string
  readonly clock: Clock
  readonly metrics: Metrics
  /** Bytes of the journal now, and the most it may take: it stops growing there. */
  readonly journal: () => { readonly bytes: number; readonly limit: number }
  /** Whether the journal waits for room. */
  readonly full: () => boolean
  /** Stores an event; what becomes of it is not waited for. */
  readonly record: (event: ConditionEvent) => void
  /** ms, never stepped. */
  readonly elapsed?: () => number
  /** Bytes free and altogether of the folder's disk; undefined where the system does not say. */
  readonly look?: (folder: string) => Pick<DiskState, 'free' | 'size'> | undefined
}

interface Seen {
  readonly at: number
  /** Bytes of the journal, and of all else that took room since the first look. */
  readonly journal: number
  readonly others: number
}

/** ms between two looks, between those that the pace is told by, and how far back these reach. */
const every = 10_000
const remembered = { every: 60_000, most: 360 }
/** The pace is not told from less than this, ms, and what is farther away than this is no forecast, ms. */
const shortest = 600_000
const sight = 90 * 86_400_000
/** It is low with less than this share free, or this many bytes where that is less, or full within a day. */
const low = { share: 0.05, bytes: 1e9, within: 86_400_000 }
/** It is low no more with so many times as much. */
const relief = 1.5

/** What `disk` alarms are of. */
export const gateway = 'gateway'

/**
 * Watches the disk under the data folder: an alarm `disk` while it is low or full, with when it will be full. The journal's
 * growth ends at its limit, so it is told apart from that of all else.
 */
export class DiskWatch {
  readonly #options: DiskOptions
  readonly #elapsed: () => number
  readonly #seen: Seen[] = []
  #state: DiskState | undefined
  #low: boolean | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: DiskOptions) {
    this.#options = options
    this.#elapsed = options.elapsed ?? (() => performance.now())
  }

  start(): void {
    this.look()
    this.#timer = setInterval(() => this.look(), every)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** As of the newest look; undefined before the first, or where the system does not say. */
  get state(): DiskState | undefined {
    return this.#state
  }

  look(): void {
    const { folder, clock, metrics, journal, full, look = spaceOf } = this.#options
    const space = look(folder)
    if (!space) return
    const { bytes } = journal()
    this.#remember({ at: this.#elapsed(), journal: bytes, others: space.size - space.free - bytes })
    const left = this.#left(space.free)
    this.#state = { ...space, fullAt: Number.isFinite(left) ? clock.now() + left : null }
    metrics.gauge('disk_free_bytes', space.free)
    const times = this.#low ? relief : 1
    const floor = Math.min(low.share * space.size, low.bytes) * times
    this.#tell(full() || space.free < floor || left < low.within * times, left)
  }

  /** ms until nothing is free; infinite where that is out of sight. */
  #left(free: number): number {
    const [first] = this.#seen
    const last = this.#seen[this.#seen.length - 1]
    const time = last.at - first.at
    if (time < shortest) return Infinity
    const { bytes, limit } = this.#options.journal()
    const others = Math.max(0, (last.others - first.others) / time)
    const own = Math.max(0, (last.journal - first.journal) / time)
    const room = Math.max(0, limit - bytes)
    const together = free / (own + others)
    const left = own * together <= room ? together : (free - room) / others
    return left > 0 && left < sight ? left : Infinity
  }

  #remember(seen: Seen): void {
    const before = this.#seen.at(-2)
    // The newest look replaces the one before until a minute has passed.
    if (before && seen.at - before.at < remembered.every) this.#seen.pop()
    this.#seen.push(seen)
    if (this.#seen.length > remembered.most) this.#seen.shift()
  }

  /** Says how it is at the first look, and then when that changes. */
  #tell(isLow: boolean, left: number): void {
    if (isLow === this.#low) return
    this.#low = isLow
    const { free, size } = this.#state!
    const { clock, folder, record, full } = this.#options
    const when = full()
      ? 'it is full'
      : Number.isFinite(left)
        ? `full in ${lasting(left)} at this pace`
        : 'it is nearly full'
    record({
      type: 'condition',
      time: clock.now(),
      monitor: 'disk',
      asset: gateway,
      state: isLow ? 'begun' : 'ended',
      score: 1 - free / size,
      threshold: 1 - Math.min(low.share, low.bytes / size),
      detail: `${Math.round(free / 1e6)} MB of ${Math.round(size / 1e6)} MB are free on the disk of ${folder}: ${when}. Free disk space, or lower journal.size.`,
    })
  }
}

function spaceOf(folder: string): Pick<DiskState, 'free' | 'size'> | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    return { free: bavail * bsize, size: blocks * bsize }
  } catch {
    return undefined
  }
}
