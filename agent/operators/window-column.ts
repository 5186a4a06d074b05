/**
 * Samples in ascending, distinct order of time, in two contiguous typed arrays; rows `head` to `tail` are live.
 * Appending costs no allocation, a row out of order moves those after it. Holds at most twice the live rows.
 */
export class Column {
  time: Float64Array
  value: Float64Array
  head = 0
  tail = 0
  /** Views are out on the arrays: they must not be changed below `tail` until `unpin`. */
  pinned = -1
  readonly #valued: boolean

  constructor(valued: boolean, capacity = 32) {
    this.#valued = valued
    this.time = new Float64Array(capacity)
    this.value = new Float64Array(valued ? capacity : 0)
  }

  get length(): number {
    return this.tail - this.head
  }

  /** The newest time, -Infinity where there is none. */
  get last(): number {
    return this.tail > this.head ? this.time[this.tail - 1] : -Infinity
  }

  /** Whether `append` needs `makeRoom` first. */
  get full(): boolean {
    return this.tail === this.time.length
  }

  append(time: number, value: number): void {
    this.time[this.tail] = time
    if (this.#valued) this.value[this.tail] = value
    this.tail++
  }

  /** First row with a time of at least `time`, searched row by row from `hint`: for places that move on steadily. */
  seek(time: number, hint: number): number {
    const times = this.time
    const { head, tail } = this
    let row = hint < head ? head : hint > tail ? tail : hint
    while (row > head && times[row - 1] >= time) row--
    while (row < tail && times[row] < time) row++
    return row
  }

  /** First row with a time of at least `time`, by bisection. */
  find(time: number): number {
    let low = this.head
    let high = this.tail
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.time[middle] < time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Whether `row`, as found for `time`, is of exactly that time. */
  isAt(row: number, time: number): boolean {
    return row < this.tail && this.time[row] === time
  }

  /** Puts a row before `row`. There must be room. */
  insert(row: number, time: number, value: number, serial: number): void {
    if (row < this.tail) this.unpin(serial)
    this.time.copyWithin(row + 1, row, this.tail)
    this.time[row] = time
    if (this.#valued) {
      this.value.copyWithin(row + 1, row, this.tail)
      this.value[row] = value
    }
    this.tail++
  }

  replace(row: number, value: number, serial: number): void {
    this.unpin(serial)
    this.value[row] = value
  }

  remove(row: number, serial: number): void {
    this.unpin(serial)
    this.time.copyWithin(row, row + 1, this.tail)
    if (this.#valued) this.value.copyWithin(row, row + 1, this.tail)
    this.tail--
  }

  /** Leaves the arrays to the views that the batch numbered `serial` has handed out, and goes on with copies. */
  unpin(serial: number): void {
    if (this.pinned !== serial) return
    this.time = this.time.slice()
    this.value = this.value.slice()
    this.pinned = -1
  }

  /** Gives up the rows before `row`, then makes room for at least one more. Rows move down by the number returned. */
  makeRoom(row: number, serial: number): number {
    this.head = Math.max(this.head, Math.min(row, this.tail))
    const moved = this.head
    const capacity = this.time.length
    const wanted = this.length >= capacity * 0.75 ? Math.ceil(capacity * 1.5) + 1 : capacity
    if (wanted === capacity && this.pinned !== serial) {
      this.time.copyWithin(0, this.head, this.tail)
      if (this.#valued) this.value.copyWithin(0, this.head, this.tail)
    } else {
      this.time = moveTo(new Float64Array(wanted), this.time.subarray(this.head, this.tail))
      if (this.#valued) this.value = moveTo(new Float64Array(wanted), this.value.subarray(this.head, this.tail))
      this.pinned = -1
    }
    this.tail -= moved
    this.head = 0
    return moved
  }

  /** The live rows, to be written before the next sample comes: they are no copies. */
  save(): { readonly time: Float64Array; readonly value: Float64Array } {
    return { time: this.time.subarray(this.head, this.tail), value: this.value.subarray(this.head, this.tail) }
  }

  load(time: ArrayLike<number>, value: ArrayLike<number>): void {
    this.time = Float64Array.from(time)
    this.value = Float64Array.from(value)
    this.head = 0
    this.tail = time.length
  }
}

function moveTo(to: Float64Array, from: Float64Array): Float64Array {
  to.set(from)
  return to
}

const float = new Float64Array(1)
const words = new BigInt64Array(float.buffer)
const halves = new Uint32Array(float.buffer)

/** The next larger number that a double can hold. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE
  float[0] = value
  // The low half alone, in all but one of 2^32 cases: a BigInt costs an allocation.
  if (value > 0 && halves[littleEndian ? 0 : 1] < 0xffffffff) halves[littleEndian ? 0 : 1]++
  else words[0] += value > 0 ? 1n : -1n
  return float[0]
}

const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1
