/** Rows that are this late, in ms, may still be of the hour that the rows around them are of. */
const slightlyLate = 10_000

interface Judgement {
  readonly second: boolean
  /** ms to where the next row was expected. */
  readonly off: number
  readonly sure: boolean
}

/**
 * Where a series of rows has come to, on its clock and in time. By that the two hours are told apart that a clock shows at
 * the end of summer time: a row is of the one that lies where the next row was to be expected.
 */
export class Course {
  #wall = NaN
  #last = NaN
  /** The way from one time to the next other one, and from row to row; of the last two the smaller: one is a gap. ms. */
  #stride = 0
  #step = 0
  #lastStride = Infinity
  #lastStep = Infinity
  #sure = true

  /** A row was read; `sure`: nothing else can be meant. */
  note(wall: number, time: number, sure: boolean): void {
    const way = Math.max(0, time - this.#last) || 0
    if (way > 0) {
      this.#stride = Math.min(way, this.#lastStride)
      this.#lastStride = way
    }
    this.#step = Math.min(way, this.#lastStep)
    this.#lastStep = Number.isNaN(this.#last) ? Infinity : way
    this.#wall = wall
    this.#last = time
    this.#sure = sure
  }

  /** Which of two instants a row means. */
  judge(wall: number, first: number, second: number): Judgement {
    if (Number.isNaN(this.#last)) return { second: false, off: Infinity, sure: false }
    const same = wall === this.#wall
    const twice = second - first
    const expected = this.#last + (same ? this.#step : this.#stride)
    // As far from both, a row that goes back is rather of the second hour than late by so much.
    const isSecond = Math.abs(second - expected) <= Math.abs(first - expected)
    const off = Math.abs((isSecond ? second : first) - expected)
    // Several rows an hour that bear its stamp: which of them are of the second one, nothing tells.
    const coarse = same && this.#step < this.#stride && this.#stride * 2 >= twice
    const goesBack = !isSecond && first < this.#last - Math.max(4 * this.#stride, slightlyLate)
    const turned = isSecond && wall <= this.#wall
    return { second: isSecond, off, sure: off * 4 <= twice && !coarse && !goesBack && (this.#sure || turned) }
  }
}

/** Of two series that a row belongs to, the judgement that counts: one that has come to the second hour is right. */
export function surer(one: Judgement, other: Judgement): Judgement {
  if (one.second !== other.second && one.sure && other.sure) return one.second ? one : other
  if (one.sure !== other.sure) return one.sure ? one : other
  return other.off < one.off ? other : one
}
