import { type Cursor, type Entry, type Journal, rowsOf } from '../core/index.ts'

/** The part of the journal that delivery uses. */
export type DeliveryJournal = Pick<
  Journal,
  'tags' | 'append' | 'holding' | 'read' | 'follow' | 'rowsBefore' | 'cursor' | 'commit' | 'stats'
>

/** A stretch of the results stream that was put off so that newer results could go first. */
export interface Stretch {
  /** Offset of the next entry to deliver, and rows before it. */
  from: number
  rows: number
  /** Offset at which it ends, and rows before that. */
  to: number
  end: number
  /** Set once it is delivered: revisions between `to` and here were overtaken by it and are being written again. */
  until?: number
}

/** What a sink's cursor remembers; the cursor's own offset is that of the next entry of the live lane. */
export interface DeliveryState {
  /** Rows before the first entry the sink was owed. */
  born: number
  delivered: number
  dead: number
  /** Rows that were gone from the journal before the sink had them. */
  trimmed: number
  /** Rows before the cursor's offset. */
  rows: number
  backlog: Stretch[]
}

/** Entries to be written in one go. */
export interface Chunk {
  readonly entries: readonly Entry[]
  /** From the live lane, from a backlog, or revisions that a backlog has overtaken. */
  readonly lane: 'live' | 'backlog' | 'revisions'
  /** Offset that the lane comes to with this chunk, and rows before it. */
  readonly next: number
  readonly rows: number
  readonly full: boolean
}

/** More stretches than this are not opened: the live lane waits its turn then. */
const mostStretches = 16
const readAtOnce = 64

export const cursorName = (sink: string): string => `sink/${sink}`

/**
 * Where a sink is in the results stream: a live lane, and the stretches behind it that are still owed. When far more
 * waits than one chunk, the newest chunk goes first and what is older becomes a stretch, drained beside the live lane.
 */
export class Lanes {
  readonly #journal: DeliveryJournal
  readonly #name: string
  readonly #chunkRows: number
  readonly #state: DeliveryState
  #from: number
  /** Read but not delivered: of the live lane, and of the oldest stretch. */
  #liveAhead: Entry[] = []
  #backAhead: Entry[] = []
  #liveTurn = true
  #unsaved = false

  constructor(journal: DeliveryJournal, name: string, chunkRows: number) {
    this.#journal = journal
    this.#name = name
    this.#chunkRows = chunkRows
    const cursor = journal.cursor(cursorName(name)) ?? birth(journal)
    this.#from = cursor.offset
    this.#state = structuredClone(cursor.state) as DeliveryState
  }

  /** Offset of the next entry of the live lane. */
  get from(): number {
    return this.#from
  }

  /** Whether something older waits than what the live lane is at. */
  get behind(): boolean {
    return this.#state.backlog.length > 0
  }

  /** Whether a stretch was closed since the last `save`. */
  get unsaved(): boolean {
    return this.#unsaved
  }

  /** Makes the cursor, or the progress since, durable. */
  save(): Promise<void> {
    this.#unsaved = false
    return this.#journal.commit(cursorName(this.#name), { offset: this.#from, state: this.#state })
  }

  /** What is to be written next, at most `most` entries; undefined where nothing waits. Lanes take turns. */
  next(most = Infinity): Chunk | undefined {
    this.#putOff()
    const lanes = [() => this.#live(most), () => this.#back(most)]
    if (!this.#liveTurn) lanes.reverse()
    return lanes[0]() ?? lanes[1]()
  }

  /** Takes note that a chunk is delivered but for `dead` rows. Returns the rows that were gone before it. */
  advance(chunk: Chunk, dead: number): { delivered: number; trimmed: number } {
    this.#liveTurn = chunk.lane !== 'live'
    const [stretch] = this.#state.backlog
    if (chunk.lane === 'revisions') {
      stretch.from = chunk.next
      this.#backAhead = after(this.#backAhead, chunk.next)
      return { delivered: 0, trimmed: 0 }
    }
    const lane = chunk.lane === 'live' ? this.#state : stretch
    const covered = chunk.rows - lane.rows
    const handed = chunk.entries.reduce((sum, entry) => sum + rowsOf(entry), 0)
    const trimmed = Math.max(0, covered - handed)
    const delivered = covered - trimmed - dead
    lane.rows = chunk.rows
    if (chunk.lane === 'live') {
      this.#from = chunk.next
      this.#liveAhead = after(this.#liveAhead, chunk.next)
    } else {
      stretch.from = chunk.next
      this.#backAhead = after(this.#backAhead, chunk.next)
    }
    this.#state.delivered += delivered
    this.#state.trimmed += trimmed
    this.#state.dead += dead
    return { delivered, trimmed }
  }

  /** Where far more waits than a chunk: leaves the live lane the newest chunk and opens a stretch for what is older. */
  #putOff(): void {
    const { next } = this.#journal.stats('results')
    const rows = this.#rowsBefore(next)
    if (rows - this.#rowsBefore(this.#from) <= 4 * this.#chunkRows) return
    const to = this.#offsetOf(rows - this.#chunkRows, next)
    const { backlog } = this.#state
    const last = backlog.at(-1)
    const end = Math.max(this.#rowsBefore(to), this.#state.rows)
    if (last?.to === this.#from && last.until === undefined) Object.assign(last, { to, end })
    else if (backlog.length < mostStretches) backlog.push({ from: this.#from, rows: this.#state.rows, to, end })
    else return
    this.#from = to
    this.#state.rows = end
    this.#liveAhead = []
  }

  /** The first offset with at least that many rows before it. */
  #offsetOf(rows: number, next: number): number {
    let low = this.#from
    let high = next
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.#rowsBefore(middle) < rows) low = middle + 1
      else high = middle
    }
    return low
  }

  #live(most: number): Chunk | undefined {
    const taken = this.#take(this.#liveAhead, this.#from, Infinity, most)
    if (taken.entries.length === 0) return undefined
    const next = taken.entries[taken.entries.length - 1].offset + 1
    return { ...taken, lane: 'live', next, rows: this.#rowsBefore(next) }
  }

  #back(most: number): Chunk | undefined {
    const { backlog } = this.#state
    for (let stretch = backlog.at(0); stretch; stretch = backlog.at(0)) {
      if (stretch.from < stretch.to) return this.#stretch(stretch, most)
      stretch.until ??= this.#from
      const chunk = this.#revisions(stretch)
      if (chunk) return chunk
      backlog.shift()
      this.#unsaved = true
      this.#backAhead = []
    }
    return undefined
  }

  #stretch(stretch: Stretch, most: number): Chunk {
    const taken = this.#take(this.#backAhead, stretch.from, stretch.to, most)
    const last = taken.entries.at(-1)
    const done = last === undefined || (taken.ended && last === this.#backAhead.at(-1))
    const next = done ? stretch.to : last.offset + 1
    const rows = done ? stretch.end : Math.min(stretch.end, this.#rowsBefore(next))
    return { ...taken, lane: 'backlog', next, rows }
  }

  /**
   * Predictions revised since: the live lane has delivered revision 2 before the stretch delivered revision 1 of the
   * same window, which now stands in its place.
   */
  #revisions(stretch: Stretch): Chunk | undefined {
    while (stretch.from < stretch.until!) {
      const { entries, full } = this.#take(this.#backAhead, stretch.from, stretch.until!, Infinity)
      const last = entries.at(-1)
      const next = last ? last.offset + 1 : stretch.until!
      const revised = entries.flatMap(revisionsOf)
      if (revised.length > 0) return { entries: revised, full, lane: 'revisions', next, rows: 0 }
      stretch.from = next
      this.#backAhead = after(this.#backAhead, next)
    }
    return undefined
  }

  /** The first entries from `from` to `to`, a chunk of them at most. `ended`: there are no more. Fills `ahead`. */
  #take(ahead: Entry[], from: number, to: number, most: number): { entries: Entry[]; full: boolean; ended: boolean } {
    let weight = ahead.reduce((sum, entry) => sum + weightOf(entry), 0)
    let ended = false
    while (weight < this.#chunkRows && !ended) {
      const read = this.#journal.read('results', (ahead.at(-1)?.offset ?? from - 1) + 1, readAtOnce)
      const fitting = read.filter((entry) => entry.offset < to)
      for (const entry of fitting) weight += weightOf(entry)
      ahead.push(...fitting)
      ended = fitting.length < readAtOnce
    }
    let length = 0
    for (let sum = 0; length < ahead.length && length < most && sum < this.#chunkRows; length++)
      sum += weightOf(ahead[length])
    return { entries: ahead.slice(0, length), full: weight >= this.#chunkRows, ended }
  }

  #rowsBefore(offset: number): number {
    return this.#journal.rowsBefore('results', offset)
  }
}

/** A new sink is owed everything the journal still holds. */
function birth(journal: DeliveryJournal): Cursor {
  const { first } = journal.stats('results')
  const rows = journal.rowsBefore('results', first)
  const state: DeliveryState = { born: rows, delivered: 0, dead: 0, trimmed: 0, rows, backlog: [] }
  return { offset: first, state }
}

function after(entries: Entry[], offset: number): Entry[] {
  const index = entries.findIndex((entry) => entry.offset >= offset)
  return index < 0 ? [] : entries.slice(index)
}

/** How much of a chunk an entry takes: predictions and events are some ten times as large as samples, a mark is little. */
function weightOf(entry: Entry): number {
  return Math.max(1, entry.kind === 'samples' ? entry.batch.length : rowsOf(entry) * 10)
}

function revisionsOf(entry: Entry): Entry[] {
  if (entry.kind !== 'predictions') return []
  const predictions = entry.predictions.filter((prediction) => prediction.revision > 1)
  return predictions.length > 0 ? [{ ...entry, predictions }] : []
}
