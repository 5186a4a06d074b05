import { type Batch, type Prediction, Quality, type Tag, type TagTable } from '../core/index.ts'

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

  constructor(tags: TagTable) {
    this.#tags = tags
  }

  /** Takes a batch; one pass, nothing is allocated. */
  take({ length, tag, time, value, quality, texts }: Batch): void {
    if (this.#tags.size > this.#time.length) this.#grow(this.#tags.size * 2)
    for (let row = 0; row < length; row++) {
      const index = tag[row]
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
    }
  }

  prediction(monitor: string, asset: string): Prediction | undefined {
    return this.#predictions.get(`${monitor}\n${asset}`)
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
  }
}
