/** ms for which what somebody waits for waits at most. */
const pressingWait = 5
/** Rows that fill a commit: what its pages cost is little for each by then. */
const plenty = 24
/** ms that an acknowledgement takes to be answered by more. */
const answer = 1
/** Bytes that fill a commit by themselves. */
const enough = 1_000_000
/** A sender that waited for its acknowledgements sends again so soon after these, ms. */
const prompt = 4
/** Nothing for so many times the usual pause between two is a sender that waits; and so much of a new pause counts. */
const unusual = 5
const fresh = 0.1
/** So often in a row a sender has to pause before the least of these numbers is taken for what it sends at most. */
const alike = 3
/** So many full commits later a little more is waited for: the limit may have grown. */
const retry = 512

/**
 * When a commit begins. Each writes whole pages of the disk, whatever it holds, so what comes within `gather` ms shares one.
 * A sender with a window of unacknowledged messages (a broker sends 20, say, and pauses) must not be held up by that: how many
 * rows come before a pause that ends with the acknowledgement is learned, and a commit begins so early that it has ended by then.
 */
export class CommitPace {
  readonly #gather: number
  readonly #now: () => number
  /** Rows that wait, and when the newest came. */
  #rows = 0
  #newest = -Infinity
  /** ms between rows of a group, and that a commit takes, of late. */
  #interval = Infinity
  #takes = 0
  #begun = 0
  /** Rows that come before a sender pauses, as far as is known. */
  #window = Infinity
  /** The sender seemed to pause, at so many rows at least, so often in a row. */
  #pause = { rows: Infinity, times: 0 }
  /** Rows of the newest commit, if the sender had seemed to pause before it; and when it ended. */
  #suspect = 0
  #ended = -Infinity
  #full = 0

  /** @param now ms, never stepped */
  constructor(gather: number, now: () => number = () => performance.now()) {
    this.#gather = gather
    this.#now = now
  }

  /** Samples came in: so many rows. */
  arrived(rows: number): void {
    const now = this.#now()
    if (this.#rows === 0 && this.#suspect > 0) this.#learn(now - this.#ended <= prompt)
    else if (this.#rows > 0) {
      const interval = (now - this.#newest) / rows
      this.#interval = this.#interval === Infinity ? interval : this.#interval + fresh * (interval - this.#interval)
    }
    this.#rows += rows
    this.#newest = now
  }

  /** How much longer what waits since `since` may wait, ms; 0: it is time. */
  left(since: number, bytes: number, pressing: boolean): number {
    if (bytes >= enough || this.#rows >= plenty || this.#filled) return 0
    return Math.max(0, since + (pressing ? Math.min(pressingWait, this.#gather) : this.#gather) - this.#now())
  }

  /** Whether the sender would pause before a commit that began later had ended. */
  get #filled(): boolean {
    return this.#rows > 0 && this.#rows >= this.#window - (this.#takes + answer) / this.#interval
  }

  /** A commit begins with what waits. */
  begun(): void {
    this.#begun = this.#now()
    const filled = this.#filled
    if (filled && ++this.#full % retry === 0) this.#window += Math.max(1, Math.round(this.#window / 16))
    const pause = Math.min(this.#gather / 2, Math.max(2, unusual * this.#interval))
    const paused = this.#rows > 0 && !filled && this.#begun - this.#newest >= pause
    this.#suspect = paused ? this.#rows : 0
    this.#rows = 0
  }

  /** It has ended: whoever waits for an acknowledgement has it. */
  ended(): void {
    this.#ended = this.#now()
    this.#takes += fresh * (this.#ended - this.#begun - this.#takes)
  }

  #learn(waited: boolean): void {
    const { rows, times } = this.#pause
    this.#pause = waited ? { rows: Math.min(rows, this.#suspect), times: times + 1 } : { rows: Infinity, times: 0 }
    this.#suspect = 0
    if (this.#pause.times >= alike) this.#window = Math.min(this.#window, this.#pause.rows)
  }
}
