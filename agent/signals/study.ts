import { type Batch, Quality, type TagTable } from '../core/index.ts'

/** Different values, and sizes of steps, of which more need not be told apart. */
const mostValues = 32
/** A fall to within this share of what was seen, from the lowest up, starts a counter anew; a rise that near the highest one that runs down. */
const nearEnd = 0.1

/** What was seen of the values of one tag, in order of their time. */
export class TagStudy {
  /** Good values. */
  count = 0
  /** Values that were bad, or none. */
  bad = 0
  first = NaN
  last = NaN
  low = Infinity
  high = -Infinity
  /** ms since epoch. */
  firstTime = NaN
  lastTime = NaN
  /** Changes upwards and downwards. */
  ups = 0
  downs = 0
  /** How many of those downwards start anew from the bottom, and of those upwards from the top. */
  resets = 0
  refills = 0
  isWhole = true
  /** How often each value came; undefined where there are too many. */
  values: Map<number, number> | undefined = new Map()
  /** How often the value changed by so much, either way; undefined where there are too many. */
  steps: Map<number, number> | undefined = new Map()
  /** Changes per ms between neighbours: sum and sum of squares, over so many. */
  rates = 0
  rateSum = 0
  rateSquares = 0

  get changes(): number {
    return this.ups + this.downs
  }

  /** Every good value that is not older than the one before. */
  take(time: number, value: number): void {
    if (this.count > 0 && time < this.lastTime) return
    if (this.count === 0) {
      this.first = value
      this.firstTime = time
    } else this.#change(time, value)
    this.count++
    this.last = value
    this.lastTime = time
    if (value < this.low) this.low = value
    if (value > this.high) this.high = value
    if (this.isWhole && !Number.isInteger(value)) this.isWhole = false
    this.values = counted(this.values, value)
  }

  #change(time: number, value: number): void {
    const step = value - this.last
    const span = time - this.lastTime
    if (span > 0) {
      this.rates++
      this.rateSum += step / span
      this.rateSquares += (step / span) ** 2
    }
    if (step === 0) return
    // Sizes as they are written: differences of decimals have a noise of their own.
    this.steps = counted(this.steps, Number(Math.abs(step).toPrecision(6)))
    if (step > 0) {
      this.ups++
      if (value >= this.high - nearEnd * (this.high - this.last)) this.refills++
    } else {
      this.downs++
      const bottom = Math.min(this.low, value, 0 <= this.low ? 0 : this.low)
      if (value - bottom <= nearEnd * (this.last - bottom)) this.resets++
    }
  }
}

/** Counts a key; gives up where there are too many different ones. */
function counted(map: Map<number, number> | undefined, key: number): Map<number, number> | undefined {
  if (!map) return undefined
  map.set(key, (map.get(key) ?? 0) + 1)
  return map.size > mostValues ? undefined : map
}

/** Looks at samples, to tell what kind of signal each tag is. */
export class SignalStudy {
  readonly #tags: TagTable
  readonly #studies: (TagStudy | undefined)[] = []

  constructor(tags: TagTable) {
    this.#tags = tags
  }

  take({ length, tag, time, value, quality }: Batch): void {
    for (let row = 0; row < length; row++) {
      const study = (this.#studies[tag[row]] ??= new TagStudy())
      if (quality[row] === Quality.bad || !Number.isFinite(value[row])) study.bad++
      else if (this.#tags.at(tag[row]).type !== 'text') study.take(time[row], value[row])
    }
  }

  /** What was seen of a tag; undefined where nothing was. */
  of(tag: number): TagStudy | undefined {
    return this.#studies[tag]
  }
}
