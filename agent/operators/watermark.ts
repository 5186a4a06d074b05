/** How event time is told from the samples of an asset; all in ms. */
export interface WatermarkSettings {
  /** How far the watermark trails the newest sample. */
  readonly lateness: number
  /** A source without samples for longer than this, by arrival, is not waited for. */
  readonly idle: number
  /** A sample further ahead of its arrival than this moves the watermark to the arrival only. */
  readonly future: number
  /** A source further behind the newest one than this is not waited for either. */
  readonly trail: number
}

/** What one source has told of one asset. */
interface SourceTime {
  source: number
  /** It is a file, which keeps a time of its own. */
  paced: boolean
  newest: number
  arrival: number
  idle: boolean
}

/** A watermark as it is saved. */
export interface SavedWatermark {
  readonly value: number
  readonly silent: boolean
  readonly sources: readonly Readonly<Omit<SourceTime, 'paced'> & Partial<Pick<SourceTime, 'paced'>>>[]
}

/**
 * The event time up to which the samples of one asset are taken as complete: the least of its sources' newest event
 * times, minus the lateness. Never falls. A source that is idle or far behind is not waited for, so that one wrong
 * clock stalls nobody (Akidau et al. 2015, The Dataflow Model).
 */
export class Watermark {
  readonly #settings: WatermarkSettings
  readonly #sources: SourceTime[] = []
  #value = -Infinity
  #silent = false

  constructor(settings: WatermarkSettings) {
    this.#settings = settings
  }

  /** ms since epoch; -Infinity before the first sample. */
  get value(): number {
    return this.#value
  }

  /** All sources are idle. */
  get silent(): boolean {
    return this.#silent
  }

  /** Newest event time of any source, and the newest arrival. */
  get newest(): { readonly time: number; readonly arrival: number } {
    let time = -Infinity
    let arrival = -Infinity
    for (const entry of this.#sources) {
      if (entry.newest > time) time = entry.newest
      if (entry.arrival > arrival) arrival = entry.arrival
    }
    return { time, arrival }
  }

  /** A sample came from a source, given by number. True where the watermark rose. */
  advance(source: number, time: number, arrival: number, paced = false): boolean {
    const entry = this.touch(source, arrival, paced)
    const limited = time > arrival + this.#settings.future ? arrival : time
    if (!(limited > entry.newest)) return false
    entry.newest = limited
    return this.#raise()
  }

  /** The clock that arrivals are by was set forward by so many ms. */
  step(ms: number): void {
    for (const entry of this.#sources) if (!entry.paced) entry.arrival += ms
  }

  /** Arrival of the newest sample of a source; -Infinity before the first. */
  arrivalOf(source: number): number {
    return this.#sources.find((known) => known.source === source)?.arrival ?? -Infinity
  }

  /** A source is alive, which says nothing of event time. */
  touch(source: number, arrival: number, paced = false): SourceTime {
    let entry = this.#sources[0] as SourceTime | undefined
    if (entry?.source !== source) entry = this.#entry(source, paced)
    entry.arrival = arrival
    entry.idle = false
    this.#silent = false
    return entry
  }

  /** Whether the clock of `file`, a source given by number, says anything of these sources; `undefined`: that of the agent. */
  follows(file: number | undefined): boolean {
    for (const { paced, source } of this.#sources) if (paced ? source === file : file === undefined) return true
    return false
  }

  /**
   * Time has come to `arrival`, for the source `file` or, where that is undefined, for all that are no files: silent ones
   * become idle until their next sample. True where the watermark rose.
   */
  expire(arrival: number, file?: number): boolean {
    let changed = false
    let silent = this.#sources.length > 0
    for (const entry of this.#sources) {
      const concerned = entry.paced ? entry.source === file : file === undefined
      if (concerned && !entry.idle && arrival - entry.arrival > this.#settings.idle) entry.idle = changed = true
      if (!entry.idle) silent = false
    }
    this.#silent = silent
    return changed && this.#raise()
  }

  /** The arrival after which the next source becomes idle, on the clock of `file` or of the agent. */
  nextIdle(file?: number): number {
    let next = Infinity
    for (const entry of this.#sources)
      if (!entry.idle && (entry.paced ? entry.source === file : file === undefined))
        next = Math.min(next, entry.arrival + this.#settings.idle)
    return next
  }

  save(): SavedWatermark {
    return { value: this.#value, silent: this.#silent, sources: this.#sources.map((entry) => ({ ...entry })) }
  }

  /** `renumber` gives a saved source its number of now. */
  load(saved: SavedWatermark, renumber: (source: number) => number): void {
    this.#value = saved.value
    this.#silent = saved.silent
    for (const entry of saved.sources) this.#sources.push({ paced: false, ...entry, source: renumber(entry.source) })
  }

  #entry(source: number, paced: boolean): SourceTime {
    let entry = this.#sources.find((known) => known.source === source)
    if (!entry) this.#sources.push((entry = { source, paced, newest: -Infinity, arrival: -Infinity, idle: false }))
    return entry
  }

  #raise(): boolean {
    const sources = this.#sources
    let newest = sources[0].newest
    for (let i = 1; i < sources.length; i++) if (sources[i].newest > newest) newest = sources[i].newest
    let least = Infinity
    for (const entry of sources) {
      if (!entry.idle && entry.newest >= newest - this.#settings.trail && entry.newest < least) least = entry.newest
    }
    const value = least - this.#settings.lateness
    // No source is waited for: the watermark stays where it is.
    if (!(value > this.#value) || least === Infinity) return false
    this.#value = value
    return true
  }
}
