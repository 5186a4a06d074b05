import { BatchBuilder, type Batch, type DeadLetter, type JournalEvent, type TagTable } from '../../agent/core/index.ts'
import type { FileArrival, FilePart, FileProgress } from './read.ts'

/** A file on its way into the merge: when it begins, and what is read from it. */
export interface Stream {
  readonly path: string
  readonly first: number
  /** How far it was read at an earlier time. */
  readonly done: FileProgress | undefined
  readonly arrivals: AsyncGenerator<FilePart>
}

/** A stream that has begun, with the arrival in hand and the next row of it. */
interface Open {
  readonly path: string
  readonly arrivals: AsyncGenerator<FilePart>
  arrival: FilePart
  row: number
  progress: FileProgress
}

const batchSize = 2048

/** Several files as one, in the order of their times; a file is opened when its first time has come. */
export async function* mergeByTime(
  streams: readonly Stream[],
  source: string,
  tags: TagTable,
): AsyncGenerator<FileArrival> {
  const merge = new Merge(streams, source, tags)
  try {
    yield* merge.run()
  } finally {
    await merge.close()
  }
}

class Merge {
  readonly #waiting: Stream[]
  readonly #open: Open[] = []
  readonly #builder: BatchBuilder
  readonly #tags: TagTable
  readonly #progress = new Map<string, FileProgress>()
  #rejected: DeadLetter[] = []
  #events: JournalEvent[] = []
  #newest = 0

  constructor(streams: readonly Stream[], source: string, tags: TagTable) {
    const begin = (stream: Stream) => (Number.isNaN(stream.first) ? -Infinity : stream.first)
    this.#waiting = [...streams].sort((a, b) => begin(a) - begin(b))
    this.#builder = new BatchBuilder(source, batchSize)
    this.#tags = tags
  }

  async *run(): AsyncGenerator<FileArrival> {
    for (;;) {
      await this.#begin()
      const next = this.#least()
      if (!next) break
      const limit = this.#limit(next)
      if (next.row === 0 && isBefore(next.arrival.batch, limit)) {
        yield* this.#flush()
        yield this.#whole(next)
      } else {
        this.#take(next, limit)
        if (next.row < next.arrival.batch.length) continue
        this.#told(next)
        if (this.#builder.length >= batchSize || this.#events.length > 0) yield* this.#flush()
      }
      await this.#advance(next)
    }
    yield* this.#flush()
  }

  async close(): Promise<void> {
    for (const { arrivals } of this.#open) await arrivals.return(undefined)
    for (const { arrivals } of this.#waiting) await arrivals.return(undefined)
  }

  /** Opens what begins before anything else goes on. */
  async #begin(): Promise<void> {
    for (let next = this.#waiting.at(0); next; next = this.#waiting.at(0)) {
      const least = this.#least()
      if (least && next.first > headOf(least)) return
      this.#waiting.shift()
      const arrival = await next.arrivals.next()
      if (arrival.done) continue
      const progress = next.done ?? { samples: 0, letters: 0, events: 0 }
      this.#open.push({ path: next.path, arrivals: next.arrivals, arrival: arrival.value, row: 0, progress })
    }
  }

  #least(): Open | undefined {
    let least: Open | undefined
    for (const one of this.#open) if (!least || headOf(one) < headOf(least)) least = one
    return least
  }

  /** The time at which another file goes on. */
  #limit(next: Open): number {
    let limit = this.#waiting.at(0)?.first ?? Infinity
    for (const one of this.#open) if (one !== next) limit = Math.min(limit, headOf(one))
    return limit
  }

  #whole(one: Open): FileArrival {
    const { batch } = one.arrival
    this.#count(one, batch.length)
    this.#told(one)
    const { rejected, events } = this.#takeTold()
    this.#newest = Math.max(this.#newest, batch.arrival)
    return { batch: batch.arrival === this.#newest ? batch : { ...batch, arrival: this.#newest }, ...(rejected.length > 0 && { rejected }), ...(events.length > 0 && { events }), progress: this.#takeProgress() } // prettier-ignore
  }

  /** Copies rows up to `limit`. */
  #take(one: Open, limit: number): void {
    const { batch } = one.arrival
    const from = one.row
    do {
      const row = one.row++
      this.#copy(batch, row)
    } while (one.row < batch.length && batch.time[one.row] <= limit)
    this.#count(one, one.row - from)
  }

  #copy({ tag, time, value, quality, texts, exact }: Batch, row: number): void {
    if (time[row] > this.#newest) this.#newest = time[row]
    if (exact && exact[row] !== 0n) this.#builder.addInteger(tag[row], time[row], exact[row], quality[row] as 0)
    else if (texts && this.#tags.at(tag[row]).type === 'text' && value[row] === value[row])
      this.#builder.addText(tag[row], time[row], texts[value[row]], quality[row] as 0) // prettier-ignore
    else this.#builder.add(tag[row], time[row], value[row], quality[row] as 0)
  }

  #count(one: Open, samples: number): void {
    one.progress = { ...one.progress, samples: one.progress.samples + samples }
    this.#progress.set(one.path, one.progress)
  }

  /** Takes over what came with the rows of an arrival. */
  #told(one: Open): void {
    const { rejected = [], events = [], uncounted } = one.arrival
    const { samples, letters, events: before } = one.progress
    one.progress = { samples, letters: letters + rejected.length, events: before + (uncounted ? 0 : events.length) }
    this.#progress.set(one.path, one.progress)
    this.#rejected.push(...rejected)
    this.#events.push(...events)
  }

  async #advance(one: Open): Promise<void> {
    const next = await one.arrivals.next()
    if (next.done) this.#open.splice(this.#open.indexOf(one), 1)
    else {
      one.arrival = next.value
      one.row = 0
    }
  }

  *#flush(): Generator<FileArrival> {
    if (this.#builder.length === 0 && this.#rejected.length === 0 && this.#events.length === 0) return
    const { rejected, events } = this.#takeTold()
    const batch = { ...this.#builder.take(this.#newest), paced: true }
    yield { batch, ...(rejected.length > 0 && { rejected }), ...(events.length > 0 && { events }), progress: this.#takeProgress() } // prettier-ignore
  }

  #takeTold() {
    const told = { rejected: this.#rejected, events: this.#events }
    this.#rejected = []
    this.#events = []
    return told
  }

  #takeProgress(): ReadonlyMap<string, FileProgress> {
    const progress = new Map(this.#progress)
    this.#progress.clear()
    return progress
  }
}

/** The time of the next row; what has no row, such as labels alone, goes where its file has come to. */
function headOf({ arrival, row }: Open): number {
  return row < arrival.batch.length ? arrival.batch.time[row] : arrival.batch.arrival
}

function isBefore({ time, length }: Batch, limit: number): boolean {
  if (limit === Infinity) return true
  for (let row = 0; row < length; row++) if (time[row] > limit) return false
  return true
}
