import { Buckets, gridOver, type Grid } from './buckets.ts'
import {
  type Batch,
  type Entry,
  type Journal,
  type JournalEvent,
  type Prediction,
  type PredictionKind,
  Quality,
} from '../core/index.ts'
import type { History, HistoryMark, HistoryRequest } from './agent-view.ts'
import { readSoon, scan, seek, timeOf } from '../journal/index.ts'

/** Which tags are asked for: by asset, with their roles, or one by one. */
export interface HistoryTag {
  readonly index: number
  readonly role?: string
}

/** Rows that one request reads at most: a fraction of a second of work, in turns of milliseconds. */
const budget = 1_500_000
/** Samples may arrive so much later than their time, ms, or as late as the range is long. */
const leastLateness = 600_000
/** A clock may be ahead by so much, ms. */
const ahead = 60_000
const mostMarks = 500
/** Buckets of all tags of one answer together. */
const mostBuckets = 200_000

/**
 * Trends out of the journal: for each tag and monitor the smallest and largest value per bucket. One request at a time is
 * worked on; the same question asked at the same time, by several pages, is answered once.
 */
export class HistoryReader {
  readonly #journal: Journal
  readonly #asked = new Map<string, Promise<History>>()
  #before: Promise<unknown> = Promise.resolve()

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Requests that are being worked on or wait for it. */
  get waiting(): number {
    return this.#asked.size
  }

  read(request: HistoryRequest, tags: readonly HistoryTag[]): Promise<History> {
    // Of many tags each gets fewer buckets: an answer must not grow with their number.
    const points = Math.max(10, Math.min(request.points, Math.floor(mostBuckets / Math.max(1, tags.length))))
    const grid = gridOver(request.from, request.to, points)
    const key = JSON.stringify([grid, request.asset, tags])
    let answer = this.#asked.get(key)
    if (!answer) {
      answer = this.#before.then(() => this.#read(grid, request.asset, tags))
      this.#asked.set(key, answer)
      this.#before = answer.catch(() => undefined).then(() => this.#asked.delete(key))
    }
    return answer
  }

  async #read(grid: Grid, asset: string | undefined, tags: readonly HistoryTag[]): Promise<History> {
    const journal = this.#journal
    const to = grid.from + grid.count * grid.step
    const trends = new Trends(journal, grid, tags)
    const shares = [await this.#scan('samples', grid, to, (entry) => trends.take(entry))]
    const scores = new Scores(grid, asset)
    if (asset !== undefined) shares.push(await this.#scan('results', grid, to, (entry) => scores.take(entry)))
    const marks = [...trends.marks, ...scores.marks].sort((a, b) => a.time - b.time).slice(-mostMarks)
    return {
      ...grid,
      share: Math.min(...shares),
      first: await this.#first(),
      tags: trends.answer(),
      scores: scores.answer(),
      marks,
    }
  }

  async #scan(stream: 'samples' | 'results', grid: Grid, to: number, visit: (entry: Entry) => void): Promise<number> {
    const journal = this.#journal
    const lateness = Math.max(leastLateness, to - grid.from)
    const begin = await seek(journal, stream, grid.from - ahead)
    const end = await seek(journal, stream, to + lateness)
    return scan(journal, { stream, from: begin, to: end, budget, parts: grid.count }, visit)
  }

  async #first(): Promise<number | null> {
    const entry = (await readSoon(this.#journal, 'samples', 0, 1)).at(0)
    return entry ? timeOf(entry) : null
  }
}

/** The tags of a request and what happened to their sources. */
class Trends {
  readonly marks: HistoryMark[] = []
  readonly #journal: Journal
  readonly #grid: Grid
  readonly #tags: readonly HistoryTag[]
  readonly #buckets: readonly Buckets[]
  /** Bucket lists by index of the tag. */
  readonly #slots: (Buckets | undefined)[] = []
  readonly #sources: ReadonlySet<string | undefined>

  constructor(journal: Journal, grid: Grid, tags: readonly HistoryTag[]) {
    this.#journal = journal
    this.#grid = grid
    this.#tags = tags
    this.#buckets = tags.map(() => new Buckets(grid))
    tags.forEach(({ index }, place) => (this.#slots[index] = this.#buckets[place]))
    this.#sources = new Set(tags.map(({ index }) => journal.tags.at(index).source))
  }

  take(entry: Entry): void {
    if (entry.kind === 'samples') this.#batch(entry.batch)
    else if (entry.kind === 'event') this.#event(entry.event)
  }

  #batch({ length, tag, time, value, quality }: Batch): void {
    const slots = this.#slots
    for (let row = 0; row < length; row++) {
      const buckets = tag[row] < slots.length ? slots[tag[row]] : undefined
      if (buckets) buckets.add(time[row], quality[row] === Quality.bad ? NaN : value[row], quality[row])
    }
  }

  #event(event: JournalEvent): void {
    if (event.type !== 'gap' || !this.#sources.has(event.source)) return
    const { from, step, count } = this.#grid
    if (event.to >= from && event.from <= from + step * count)
      this.marks.push({ kind: 'gap', time: event.from, to: event.to, text: event.detail })
  }

  answer(): History['tags'] {
    return this.#tags.map(({ index, role }, place) => {
      const { name, unit, reporting } = this.#journal.tags.at(index)
      const { min, max, quality } = this.#buckets[place]
      const known = { ...(role !== undefined && { role }), ...(unit !== undefined && { unit }) }
      return { tag: name, ...known, steady: reporting === 'change', min, max, quality }
    })
  }
}

interface MonitorScores {
  readonly kind: PredictionKind
  readonly scores: Buckets
  readonly thresholds: Buckets
  /** Where values were said to lie; undefined for kinds without. */
  readonly interval: Buckets | undefined
  model: string
}

/** The scores of an asset by monitor, its alarms, and where another model began to score. */
class Scores {
  readonly marks: HistoryMark[] = []
  readonly #grid: Grid
  readonly #asset: string | undefined
  readonly #monitors = new Map<string, MonitorScores>()

  constructor(grid: Grid, asset: string | undefined) {
    this.#grid = grid
    this.#asset = asset
  }

  take(entry: Entry): void {
    if (entry.kind === 'predictions') {
      for (const prediction of entry.predictions) if (prediction.asset === this.#asset) this.#prediction(prediction)
    } else if (entry.kind === 'event' && entry.event.type === 'alarm' && entry.event.asset === this.#asset) {
      const { time, monitor, change } = entry.event
      this.#mark({ kind: 'alarm', time, monitor, text: change })
    }
  }

  #prediction({ monitor, kind, time, score, threshold, model, value = NaN, lower = value, upper = value }: Prediction) {
    let known = this.#monitors.get(monitor)
    if (!known) {
      const buckets = () => new Buckets(this.#grid)
      const interval = kind === 'rul' || kind === 'estimate' ? buckets() : undefined
      known = { kind, scores: buckets(), thresholds: buckets(), interval, model }
      this.#monitors.set(monitor, known)
    }
    known.scores.add(time, score)
    known.thresholds.add(time, threshold)
    known.interval?.add(time, lower)
    known.interval?.add(time, upper)
    if (model !== known.model && model !== '') this.#mark({ kind: 'model', time, monitor, text: model })
    known.model = model
  }

  #mark(mark: HistoryMark): void {
    const { from, step, count } = this.#grid
    if (mark.time >= from && mark.time < from + step * count) this.marks.push(mark)
  }

  answer(): History['scores'] {
    return [...this.#monitors].map(([monitor, { kind, scores, thresholds, interval }]) => ({
      monitor,
      kind,
      min: scores.min,
      max: scores.max,
      threshold: thresholds.max,
      ...(interval && { interval: { min: interval.min, max: interval.max } }),
    }))
  }
}
