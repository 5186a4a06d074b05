import type { Clock, DeadLetter, Journal } from '../core/index.ts'
import { describeError } from '../core/index.ts'
import { readSoon } from '../journal/index.ts'
import { readAgain, type SourceParts } from './read-again.ts'
import { sendAgain, type SinkParts } from './send-again.ts'
import { Settled } from './settled.ts'

/** A dead letter that somebody may still do something about; `id` is its place in the stream. */
export interface StoredLetter extends DeadLetter {
  readonly id: number
}

/** Whether all of it was kept, so that it can be sent again. */
export function isWhole({ held, message, payload, size }: DeadLetter): boolean {
  return held !== undefined || (message !== undefined && payload.length === size)
}

export interface ListedLetter extends Omit<StoredLetter, 'held'> {
  readonly whole: boolean
}

/** Which letters; all where nothing is named. Times in ms since epoch. */
export interface LetterFilter {
  /** The source or sink. */
  readonly origin?: string | undefined
  readonly reason?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Only letters older than this one: the next page. */
  readonly before?: number | undefined
}

/** What became of a letter. `gone`: there is none of that id, any more. `kept`: all or some of its rows failed again; `detail` says why. */
export interface LetterOutcome {
  readonly letter: number
  readonly outcome: 'sent' | 'dropped' | 'kept' | 'gone'
  /** Rows that have been sent or dropped. */
  readonly rows: number
  readonly detail?: string
}

export interface LetterParts extends SourceParts, SinkParts {
  readonly journal: Journal
  readonly clock: Clock
}

/** Entries read at a time: each may hold some hundred kilobytes. */
const step = 32
/** Bytes of each payload in a list, and of all of them. */
const shown = 1_024
const mostBytes = 1_000_000
/** After so many ms no further letter is begun: with the last of them an answer comes within the patience of the command. */
const patience = 3_000

/** Dead letters of sources and sinks: found by filter, sent again, dropped. What is done with is never found again. */
export class Letters {
  readonly #parts: LetterParts
  readonly #settled: Settled
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: LetterParts) {
    this.#parts = parts
    this.#settled = new Settled(parts.journal)
  }

  /** At most `limit` letters, newest first, with the beginning of their payloads. None: there are no more. */
  async list(filter: LetterFilter, limit: number): Promise<ListedLetter[]> {
    const { journal } = this.#parts
    const { first, next } = journal.stats('dead')
    const found: ListedLetter[] = []
    let bytes = 0
    for (let end = Math.min(next, filter.before ?? next); end > first; end -= step) {
      for (const letter of (await this.#between(Math.max(first, end - step), end)).reverse()) {
        if (!fits(letter, filter)) continue
        const { held: _, ...head } = letter
        const payload = Uint8Array.from(letter.payload.subarray(0, shown))
        found.push({ ...head, payload, whole: isWhole(letter) })
        bytes += payload.length
        if (found.length === limit || bytes >= mostBytes) return found
      }
      await new Promise(setImmediate)
    }
    return found
  }

  async find(id: number): Promise<StoredLetter | undefined> {
    return (await this.#between(id, id + 1)).at(0)
  }

  /**
   * Sends letters again, oldest first: of a sink through the sink, of a source through its decoding and mapping of today. What
   * fails again keeps its letter. Letters without an outcome were not begun: there was no time.
   */
  resend(ids: readonly number[]): Promise<LetterOutcome[]> {
    return this.#each(ids, (letter) =>
      letter.held || letter.reason === 'rejected' ? sendAgain(letter, this.#parts) : readAgain(letter, this.#parts),
    )
  }

  drop(ids: readonly number[]): Promise<LetterOutcome[]> {
    return this.#each(ids, ({ rows }) => Promise.resolve({ outcome: 'dropped', rows }))
  }

  /** One call after the other: no letter is sent twice at a time. */
  #each(ids: readonly number[], work: Work): Promise<LetterOutcome[]> {
    const done = this.#turn.then(() => this.#inOrder(ids, work))
    this.#turn = done.catch(() => undefined)
    return done
  }

  async #inOrder(ids: readonly number[], work: Work): Promise<LetterOutcome[]> {
    const outcomes: LetterOutcome[] = []
    const begun = performance.now()
    for (const letter of [...new Set(ids)].sort((one, other) => one - other)) {
      if (performance.now() - begun > patience) break
      outcomes.push({ letter, ...(await this.#one(letter, work)) })
    }
    return outcomes
  }

  async #one(id: number, work: Work): Promise<Done> {
    const letter = await this.find(id)
    if (!letter) return { outcome: 'gone', rows: 0 }
    try {
      const { finish, again = [], ...done } = await work(letter)
      if (done.outcome === 'kept' && done.rows === 0 && again.every(({ detail }) => detail === letter.detail))
        return done
      const { journal } = this.#parts
      // What goes to the journal in one turn reaches the disk in one commit: no crash comes between.
      await Promise.all([
        finish?.(),
        again.length > 0 &&
          journal.append(
            'dead',
            again.map((dead) => ({ kind: 'dead', letter: dead }) as const),
          ),
        this.#settled.add(id),
      ])
      return done
    } catch (error) {
      return { outcome: 'kept', rows: 0, detail: describeError(error) }
    }
  }

  async #between(from: number, to: number): Promise<StoredLetter[]> {
    const entries = await readSoon(this.#parts.journal, 'dead', from, to - from)
    return entries.flatMap((entry) =>
      entry.kind === 'dead' && entry.offset < to && !this.#settled.has(entry.offset)
        ? [{ ...entry.letter, id: entry.offset }]
        : [],
    )
  }
}

type Done = Omit<LetterOutcome, 'letter'>

/** What sending a letter again led to. `finish` stores it, in the turn that settles the letter; `again`: letters in its place. */
export interface Attempt extends Done {
  readonly finish?: () => Promise<unknown>
  readonly again?: readonly DeadLetter[]
}

type Work = (letter: StoredLetter) => Promise<Attempt>

function fits(letter: StoredLetter, { origin, reason, from = -Infinity, to = Infinity }: LetterFilter): boolean {
  if (origin !== undefined && letter.origin !== origin) return false
  if (reason !== undefined && letter.reason !== reason) return false
  return letter.time >= from && letter.time < to
}
