import { Quality } from './quality.ts'

/**
 * Many samples, by column; row i of every column is one sample. Never mutated once emitted.
 * Rows are in order of arrival, not of time.
 */
export interface Batch {
  readonly length: number
  /** Index into the tag table. */
  readonly tag: Uint32Array
  /** ms since epoch, fractions kept. */
  readonly time: Float64Array
  /** The value; 0 or 1 for booleans, a code into `texts` for text, NaN where there is none. */
  readonly value: Float64Array
  /** `Quality` of each sample. */
  readonly quality: Uint8Array
  /** Text values of this batch, by code. */
  readonly texts?: readonly string[]
  /** Exact values of the 64-bit integers beyond 2^53, aligned with the rows: 0n wherever `value` is exact. There only if needed. */
  readonly exact?: BigInt64Array
  /** Name of the connector it came from. */
  readonly source: string
  /** When the agent received it, ms since epoch. Of a file: the time of its newest sample. */
  readonly arrival: number
  /**
   * The rows are of a file: each arrived when its own time was the newest so far, however many of them are in one batch.
   * A paced batch without rows says that its source has come to `arrival`.
   */
  readonly paced?: boolean
  /** Of a batch without rows: arrivals from here on are by a clock that was set forward by so many ms. */
  readonly stepped?: number
}

/** Collects samples into a batch. Grows as needed; `take` hands over what was collected and starts anew. */
export class BatchBuilder {
  readonly #source: string
  #length = 0
  #tag: Uint32Array<ArrayBuffer>
  #time: Float64Array<ArrayBuffer>
  #value: Float64Array<ArrayBuffer>
  #quality: Uint8Array<ArrayBuffer>
  #texts: string[] = []
  #codes = new Map<string, number>()
  #exact: BigInt64Array<ArrayBuffer> | undefined

  constructor(source: string, capacity = 64) {
    this.#source = source
    this.#tag = new Uint32Array(capacity)
    this.#time = new Float64Array(capacity)
    this.#value = new Float64Array(capacity)
    this.#quality = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  add(tag: number, time: number, value: number, quality: Quality): void {
    if (this.#length === this.#tag.length) this.#grow()
    const row = this.#length++
    this.#tag[row] = tag
    this.#time[row] = time
    this.#value[row] = value
    this.#quality[row] = quality
  }

  addText(tag: number, time: number, text: string, quality: Quality): void {
    let code = this.#codes.get(text)
    if (code === undefined) {
      code = this.#texts.push(text) - 1
      this.#codes.set(text, code)
    }
    this.add(tag, time, code, quality)
  }

  /** Adds a 64-bit integer; exact beyond 2^53 as well. Throws a RangeError where it does not fit 64 bits signed. */
  addInteger(tag: number, time: number, integer: bigint, quality: Quality): void {
    if (BigInt.asIntN(64, integer) !== integer) throw new RangeError(`${integer} does not fit a signed 64-bit integer`)
    const value = Number(integer)
    this.add(tag, time, value, quality)
    if (Number.isSafeInteger(value)) return
    this.#exact ??= new BigInt64Array(this.#tag.length)
    this.#exact[this.#length - 1] = integer
  }

  /** The batch collected so far; the builder is empty afterwards. */
  take(arrival: number): Batch {
    const length = this.#length
    const columns = makeColumns(length)
    columns.tag.set(this.#tag.subarray(0, length))
    columns.time.set(this.#time.subarray(0, length))
    columns.value.set(this.#value.subarray(0, length))
    columns.quality.set(this.#quality.subarray(0, length))
    const batch: Batch = {
      length,
      ...columns,
      source: this.#source,
      arrival,
      ...(this.#texts.length > 0 && { texts: this.#texts }),
      ...(this.#exact && { exact: this.#exact.slice(0, length) }),
    }
    this.#length = 0
    if (this.#texts.length > 0) {
      this.#texts = []
      this.#codes = new Map()
    }
    this.#exact = undefined
    return batch
  }

  #grow(): void {
    const capacity = Math.max(64, this.#tag.length * 2)
    const wider = <T extends { set(from: T): void }>(to: T, from: T): T => (to.set(from), to)
    this.#tag = wider(new Uint32Array(capacity), this.#tag)
    this.#time = wider(new Float64Array(capacity), this.#time)
    this.#value = wider(new Float64Array(capacity), this.#value)
    this.#quality = wider(new Uint8Array(capacity), this.#quality)
    if (this.#exact) this.#exact = wider(new BigInt64Array(capacity), this.#exact)
  }
}

/** Bytes of the pieces of memory that small batches share. */
const pieceSize = 65_536
let piece = new ArrayBuffer(0)
let used = 0

/**
 * Columns for `length` rows, all zero, side by side in one piece of memory, which small batches share: thousands of
 * small batches a second must not be thousands of allocations outside the heap.
 */
export function makeColumns(length: number): Pick<Batch, 'tag' | 'time' | 'value' | 'quality'> {
  const size = (length * 21 + 7) & ~7
  let memory = piece
  let start = used
  if (size > pieceSize / 4) {
    memory = new ArrayBuffer(size)
    start = 0
  } else {
    if (start + size > memory.byteLength) {
      memory = piece = new ArrayBuffer(pieceSize)
      start = 0
    }
    used = start + size
  }
  return {
    time: new Float64Array(memory, start, length),
    value: new Float64Array(memory, start + length * 8, length),
    tag: new Uint32Array(memory, start + length * 16, length),
    quality: new Uint8Array(memory, start + length * 20, length),
  }
}

/** The rows of `batch` at `rows`, in that order; the batch itself where that is all of it. */
export function selectRows(batch: Batch, rows: Uint32Array): Batch {
  const length = rows.length
  if (length === batch.length && isIdentity(rows)) return batch
  const { tag, time, value, quality } = makeColumns(length)
  for (let i = 0; i < length; i++) {
    const row = rows[i]
    tag[i] = batch.tag[row]
    time[i] = batch.time[row]
    value[i] = batch.value[row]
    quality[i] = batch.quality[row]
  }
  const exact = batch.exact && BigInt64Array.from(rows, (row) => batch.exact![row])
  return { ...batch, length, tag, time, value, quality, ...(exact && { exact }) }
}

/** Rows `from` to `to` (exclusive) of `batch`, without a copy. */
export function sliceRows(batch: Batch, from: number, to: number): Batch {
  return {
    ...batch,
    length: Math.min(to, batch.length) - from,
    tag: batch.tag.subarray(from, to),
    time: batch.time.subarray(from, to),
    value: batch.value.subarray(from, to),
    quality: batch.quality.subarray(from, to),
    ...(batch.exact && { exact: batch.exact.subarray(from, to) }),
  }
}

/** A batch with no samples: it says only that time has come to `arrival`. */
export function emptyBatch(source: string, arrival: number): Batch {
  return new BatchBuilder(source, 0).take(arrival)
}

function isIdentity(rows: Uint32Array): boolean {
  for (let i = 0; i < rows.length; i++) if (rows[i] !== i) return false
  return true
}
