const quarter = 900_000
const day = 86_400_000
/** Quarters of an hour whose offset is remembered: a year of one zone is 35,000. */
const mostKnown = 100_000
const fixed = /^(?:UTC|GMT)?([+-])(\d\d):?(\d\d)?$/i

/**
 * The wall clocks of a region. What it showed twice has two instants, what it skipped has none: summer time begins and
 * ends everywhere at a quarter of an hour.
 */
export class Zone {
  readonly name: string
  readonly #offset: (utc: number) => number
  readonly #known = new Map<number, readonly [first: number, second: number]>()
  #shownAt = NaN
  #shown = 0
  #last = NaN
  #lastPair: readonly [first: number, second: number] = [NaN, NaN]

  /** `Europe/Berlin`, `utc`, `local` (that of this machine) or an offset such as `+02:00`. Throws a RangeError for others. */
  constructor(name: string) {
    this.name = name
    this.#offset = offsetOf(name)
  }

  /** What a clock of the zone shows at `utc`, ms since 1970-01-01T00:00 on that clock. */
  wall(utc: number): number {
    const bucket = Math.floor(utc / quarter)
    if (bucket !== this.#shownAt) this.#shown = this.#offset(utc)
    this.#shownAt = bucket
    return utc + this.#shown
  }

  /** When a clock of the zone first showed `wall` (ms since 1970-01-01T00:00 on that clock); NaN where it skipped that time. */
  first(wall: number): number {
    return wall - this.#offsets(wall)[0]
  }

  /** As `first`, the second time where it showed it twice. */
  second(wall: number): number {
    return wall - this.#offsets(wall)[1]
  }

  #offsets(wall: number): readonly [number, number] {
    const bucket = Math.floor(wall / quarter)
    if (bucket === this.#last) return this.#lastPair
    let pair = this.#known.get(bucket)
    if (!pair) {
      if (this.#known.size >= mostKnown) this.#known.clear()
      pair = this.#find(bucket * quarter)
      this.#known.set(bucket, pair)
    }
    this.#last = bucket
    this.#lastPair = pair
    return pair
  }

  #find(wall: number): readonly [number, number] {
    if (Number.isNaN(wall)) return [NaN, NaN]
    // Clocks that go back have the larger offset before: its instant is the first.
    const before = this.#offset(wall - day)
    const after = this.#offset(wall + day)
    const valid = [before, after].filter((offset) => this.#offset(wall - offset) === offset)
    return valid.length === 0 ? [NaN, NaN] : [valid[0], valid[valid.length - 1]]
  }
}

function offsetOf(name: string): (utc: number) => number {
  if (/^(utc|gmt|z)$/i.test(name)) return () => 0
  if (name === 'local') return (utc) => -new Date(utc).getTimezoneOffset() * 60_000
  const match = fixed.exec(name) as (string | undefined)[] | null
  if (match) {
    const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
    if (minutes > 14 * 60) throw new RangeError(`${name} is no offset from UTC`)
    return () => (match[1] === '-' ? -minutes : minutes) * 60_000
  }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset', year: 'numeric' })
  return (utc) => {
    const text = format.formatToParts(utc).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT'
    const parts = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)
    const seconds = Number(parts?.[2] ?? 0) * 3_600 + Number(parts?.[3] ?? 0) * 60 + Number(parts?.[4] ?? 0)
    return (parts?.[1] === '-' ? -seconds : seconds) * 1_000
  }
}
