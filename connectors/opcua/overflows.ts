import { type Span, mergeSpans } from './spans.ts'

/** After this time an overflow is told, whether it goes on or not, ms. */
const longestWait = 60_000

/** Gaps where values fell out of the server's queues; those that touch are told as one. Times on the monotonic clock. */
export class Overflows {
  readonly #apart: number
  #spans: Span[] = []
  #count = 0
  #since = 0
  #newest = 0

  /** `apart`: gaps no further apart than this touch, ms. */
  constructor(apart: number) {
    this.#apart = apart
  }

  /** Whether some are not told yet. */
  get waiting(): boolean {
    return this.#spans.length > 0
  }

  add(spans: readonly Span[]): void {
    if (spans.length === 0) return
    const now = performance.now()
    if (!this.waiting) this.#since = now
    this.#newest = now
    this.#count += spans.length
    this.#spans = mergeSpans([...this.#spans, ...spans], this.#apart)
  }

  /** Those that are over, and how many overflows they were; `ended`: all. */
  take(ended: boolean): { readonly spans: readonly Span[]; readonly count: number } {
    const now = performance.now()
    const goesOn = now - this.#newest <= this.#apart && now - this.#since < longestWait
    if (goesOn && !ended) return { spans: [], count: 0 }
    const taken = { spans: this.#spans, count: this.#count }
    this.#spans = []
    this.#count = 0
    return taken
  }
}
