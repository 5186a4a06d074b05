import type { History } from '../view/shapes.ts'
import { get } from './api.ts'

/** Lengths of time to choose from, ms. */
export const spans = [
  ['5 min', 300_000],
  ['30 min', 1_800_000],
  ['2 h', 7_200_000],
  ['8 h', 28_800_000],
  ['1 d', 86_400_000],
  ['7 d', 604_800_000],
] as const

const shortest = 2_000
const longest = 366 * 86_400_000
/** ms between two looks at least while it is live. */
const liveEvery = 2_000

/** The range of time that is looked at, and what the journal has of it: live, or standing still in the past. */
export class Range {
  /** Length, ms. */
  length: number = spans[0][1]
  /** End, ms since epoch; undefined: now. */
  end: number | undefined
  history: History | undefined
  error: unknown
  readonly #changed: () => void
  #asset = ''
  #width: () => number = () => 600
  #asking: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get live(): boolean {
    return this.end === undefined
  }

  start(asset: string, width: () => number): void {
    this.#asset = asset
    this.#width = width
    this.history = undefined
    this.end = undefined
    void this.#read()
  }

  stop(): void {
    this.#asking?.abort()
    clearTimeout(this.#timer)
  }

  follow(length = this.length): void {
    this.length = length
    this.end = undefined
    void this.#read()
  }

  /** All that the journal has. */
  all(now: number): void {
    this.follow(Math.min(longest, Math.max(spans[0][1], now - (this.history?.first ?? now))))
  }

  show(from: number, to: number): void {
    this.length = Math.min(longest, Math.max(shortest, to - from))
    this.end = from + this.length
    if (this.end >= Date.now()) this.end = undefined
    void this.#read()
  }

  /** By a share of its length; later than now there is nothing. */
  pan(share: number): void {
    const end = this.end ?? this.#newest()
    this.show(end - this.length + share * this.length, end + share * this.length)
  }

  zoom(factor: number): void {
    const end = this.end ?? this.#newest()
    const middle = end - this.length / 2
    const half = (this.length * factor) / 2
    if (this.live) this.follow(Math.min(longest, Math.max(shortest, this.length * factor)))
    else this.show(middle - half, middle + half)
  }

  key(event: KeyboardEvent): void {
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => this.pan(-0.25),
      ArrowRight: () => this.pan(0.25),
      '+': () => this.zoom(0.5),
      '=': () => this.zoom(0.5),
      '-': () => this.zoom(2),
      Home: () => this.follow(),
    }
    const action = actions[event.key] as (() => void) | undefined
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
  }

  #newest(): number {
    return Date.now()
  }

  async #read(): Promise<void> {
    this.stop()
    const asking = new AbortController()
    this.#asking = asking
    const end = this.end ?? this.#newest()
    const points = Math.max(50, Math.min(4_000, Math.floor(this.#width())))
    const range = { asset: this.#asset, from: String(end - this.length), to: String(end), points: String(points) }
    try {
      const query = new URLSearchParams(range).toString()
      const history = await get<History>(`/api/history?${query}`, asking.signal)
      if (asking.signal.aborted) return
      this.history = history
      this.error = undefined
    } catch (error) {
      if (asking.signal.aborted) return
      this.error = error
    }
    this.#changed()
    if (this.live) this.#again(Math.max(liveEvery, this.history?.step ?? 0))
  }

  /** As long as nobody looks, nothing is asked. */
  #again(after: number): void {
    this.#timer = setTimeout(() => (document.hidden ? this.#again(after) : void this.#read()), after)
  }
}
