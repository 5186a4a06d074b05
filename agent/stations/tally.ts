import { type PartVerdict, partVerdicts } from '../core/index.ts'

/** How many parts got each verdict. */
export type VerdictCounts = Readonly<Record<PartVerdict, number>>

/** Minutes of the last hour. */
const minutes = 60
const minute = 60_000
/** Parts whose verdicts are remembered for corrections that come later. */
const mostParts = 2_000

export function noVerdicts(): Record<PartVerdict, number> {
  return Object.fromEntries(partVerdicts.map((verdict) => [verdict, 0])) as Record<PartVerdict, number>
}

/** Verdicts of the last hour, counted by the minute; memory does not grow with the number of parts. */
export class HourTally {
  readonly #buckets = new Map<number, Record<PartVerdict, number>>()

  add(verdict: PartVerdict, time: number): void {
    const at = Math.floor(time / minute)
    let bucket = this.#buckets.get(at)
    if (!bucket) this.#buckets.set(at, (bucket = noVerdicts()))
    bucket[verdict]++
    // A clock that jumps must not leave buckets behind.
    for (const old of this.#buckets.keys()) {
      if (this.#buckets.size <= 2 * minutes) break
      this.#buckets.delete(old)
    }
  }

  /** Those of the hour up to `now`, ms since epoch. */
  at(now: number): VerdictCounts {
    const sum = noVerdicts()
    const last = Math.floor(now / minute)
    for (const [at, counts] of this.#buckets) {
      if (at <= last - minutes) this.#buckets.delete(at)
      else for (const verdict of partVerdicts) sum[verdict] += counts[verdict]
    }
    return sum
  }
}

/** One cell: parts that got `verdict` and truly are of `class`. */
export interface Confusion {
  readonly verdict: PartVerdict
  readonly class: string
  readonly parts: number
}

interface Known {
  readonly verdict: PartVerdict
  class?: string
}

/** Verdicts against what people said of the same parts. Who says it again corrects themselves. */
export class Corrections {
  /** By time and part; the newest last. */
  readonly #verdicts = new Map<string, Known>()
  /** The newest verdict on each part. */
  readonly #newest = new Map<string, Known>()
  readonly #cells = new Map<string, { verdict: PartVerdict; class: string; parts: number }>()

  judged(part: string, time: number, verdict: PartVerdict): void {
    const known: Known = { verdict }
    this.#verdicts.set(`${time} ${part}`, known)
    this.#newest.delete(part)
    this.#newest.set(part, known)
    for (const map of [this.#verdicts, this.#newest]) if (map.size > mostParts) map.delete(map.keys().next().value!)
  }

  /** `time`: of the verdict that is meant; absent: the newest. Nothing where it is not remembered. */
  corrected(part: string, time: number | undefined, truth: string): void {
    const known = time === undefined ? this.#newest.get(part) : this.#verdicts.get(`${time} ${part}`)
    if (!known) return
    if (known.class !== undefined) this.#count(known.verdict, known.class, -1)
    known.class = truth
    this.#count(known.verdict, truth, 1)
  }

  cells(): Confusion[] {
    return [...this.#cells.values()].filter(({ parts }) => parts > 0).map((cell) => ({ ...cell }))
  }

  #count(verdict: PartVerdict, name: string, parts: number): void {
    const key = `${verdict} ${name}`
    const cell = this.#cells.get(key) ?? { verdict, class: name, parts: 0 }
    cell.parts += parts
    this.#cells.set(key, cell)
  }
}
