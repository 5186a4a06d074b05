import { type Batch, type Prediction, Quality, type Tag, type TagTable } from '../core/index.ts'

/** A signal or a conclusion is stale after so many of its usual intervals, and after this long at the earliest, ms. */
const stale = { signal: 10, conclusion: 3, least: 60_000 }

/** When something came last, and how often it comes; ms, on a clock that is never set. */
class Pace {
  #last: number
  #interval: number

  /** `interval`: how often it should come, before it is known. */
  constructor(last: number, interval = 0) {
    this.#last = last
    this.#interval = interval
  }

  came(now: number): void {
    const interval = now - this.#last
    this.#interval = smoothed(this.#interval, interval)
    this.#last = now
  }

  isOver(now: number): boolean {
    return now - this.#last > Math.max(stale.least, stale.conclusion * this.#interval)
  }
}

/** An interval with one more seen; what comes at one moment is one, and an outage says little. */
function smoothed(before: number, interval: number): number {
  if (!(interval > 0) || interval === Infinity) return before
  return before === 0 ? interval : before + (Math.min(interval, 3 * before) - before) / 8
}

/** The newest sample of every tag and the newest prediction of every (monitor, asset), for those who look on. */
export class Newest {
  readonly #tags: TagTable
  #time = new Float64Array(64).fill(-Infinity)
  #value = new Float64Array(64)
  #quality = new Uint8Array(64)
  /** 1 where the next sample is newer whatever its time. */
  #open = new Uint8Array(64)
  readonly #text = new Map<number, string>()
  readonly #predictions = new Map<string, Prediction>()
  readonly #outdated = new Set<string>()
  readonly #paces = new Map<string, Pace>()
  /** By tag: when it came last, of one that is of no file, and its usual interval. */
  #came = new Float64Array(64).fill(Infinity)
  #interval = new Float64Array(64)
  readonly #elapsed: () => number
  readonly #begun: number

  /** `elapsed`: ms, never stepped. */
  constructor(tags: TagTable, elapsed = () => performance.now()) {
    this.#tags = tags
    this.#elapsed = elapsed
    this.#begun = elapsed()
  }

  /** Takes a batch; one pass, nothing is allocated. */
  take({ length, tag, time, value, quality, texts, paced }: Batch): void {
    if (this.#tags.size > this.#time.length) this.#grow(this.#tags.size * 2)
    const now = paced ? Infinity : this.#elapsed()
    for (let row = 0; row < length; row++) {
      const index = tag[row]
      this.#interval[index] = smoothed(this.#interval[index], now - this.#came[index])
      this.#came[index] = now
      if (time[row] < this.#time[index] && this.#open[index] === 0) continue
      this.#open[index] = 0
      this.#time[index] = time[row]
      this.#value[index] = value[row]
      this.#quality[index] = quality[row]
      if (texts !== undefined && this.#tags.at(index).type === 'text') this.#text.set(index, texts[value[row]])
    }
  }

  /** The agent's clock was set back: what comes next is newer than what is known, whatever its time. */
  setBack(): void {
    this.#open.fill(1)
    for (const key of this.#predictions.keys()) this.#outdated.add(key)
  }

  predicted(predictions: readonly Prediction[]): void {
    for (const prediction of predictions) {
      const key = `${prediction.monitor}\n${prediction.asset}`
      const newer = prediction.time >= (this.#predictions.get(key)?.time ?? -Infinity)
      if (this.#outdated.delete(key) || newer) this.#predictions.set(key, prediction)
      const pace = this.#paces.get(key)
      if (pace) pace.came(this.#elapsed())
      else this.#paces.set(key, new Pace(this.#elapsed()))
    }
  }

  prediction(monitor: string, asset: string): Prediction | undefined {
    return this.#predictions.get(`${monitor}\n${asset}`)
  }

  /** Whether a monitor has said nothing of an asset for longer than usual. `interval`: how often it should, ms. */
  isSilent(monitor: string, asset: string, interval: number): boolean {
    const key = `${monitor}\n${asset}`
    let pace = this.#paces.get(key)
    if (!pace) this.#paces.set(key, (pace = new Pace(this.#begun, interval)))
    return pace.isOver(this.#elapsed())
  }

  /** Whether a tag that reports all the time has not for longer than usual. */
  isStale({ index, reporting }: Tag): boolean {
    if (index >= this.#came.length || reporting === 'change') return false
    return this.#elapsed() - this.#came[index] > Math.max(stale.least, stale.signal * this.#interval[index])
  }

  /** The newest sample of a tag as plain JSON; null where there is no value. */
  sample({ index, type }: Tag): { value: number | string | boolean | null; quality: Quality; time: number | null } {
    const time = index < this.#time.length ? this.#time[index] : -Infinity
    if (time === -Infinity) return { value: null, quality: Quality.bad, time: null }
    const number = this.#value[index]
    const plain = Number.isFinite(number) ? (type === 'boolean' ? number !== 0 : number) : null
    const value = type === 'text' ? (this.#text.get(index) ?? null) : plain
    return { value, quality: this.#quality[index] as Quality, time }
  }

  #grow(size: number): void {
    const time = new Float64Array(size).fill(-Infinity)
    time.set(this.#time)
    this.#time = time
    const value = new Float64Array(size)
    value.set(this.#value)
    this.#value = value
    const quality = new Uint8Array(size)
    quality.set(this.#quality)
    this.#quality = quality
    const open = new Uint8Array(size)
    open.set(this.#open)
    this.#open = open
    const came = new Float64Array(size).fill(Infinity)
    came.set(this.#came)
    this.#came = came
    const interval = new Float64Array(size)
    interval.set(this.#interval)
    this.#interval = interval
  }
}
