/** A list of closed windows as it is saved. */
export interface SavedClosed {
  readonly start: Float64Array
  readonly before: Float64Array
  readonly coverage: Float64Array
  readonly revision: Uint16Array
  readonly dirty: Uint8Array
}

/** The closed windows of one asset that late data may still change, ascending by end; rows `head` to `tail` are live. */
export class ClosedWindows {
  start = new Float64Array(16)
  /** The first time that is no longer in the window. */
  before = new Float64Array(16)
  /** Sum over the roles of the share of the window that is covered. */
  covered = new Float64Array(16)
  /** How often the window was emitted. */
  revision = new Uint16Array(16)
  /** `Dirty` where late data may have changed the window since it was emitted, else 0. */
  dirty = new Uint8Array(16)
  head = 0
  tail = 0

  /** Adds a window that was just emitted after all others. Windows that ended before `expired` may be given up for it. */
  push(start: number, before: number, covered: number, expired: number): void {
    if (this.tail === this.before.length) this.#makeRoom(expired)
    this.#set(this.tail++, start, before, covered, 1)
  }

  /** Adds a window that was never emitted before row `row`. Windows before `expired` may be given up: returns by how much rows moved down. */
  insert(row: number, start: number, before: number, expired: number): number {
    const moved = this.tail === this.before.length ? this.#makeRoom(expired, row) : 0
    const at = row - moved
    for (const column of [this.start, this.before, this.covered, this.revision, this.dirty])
      column.copyWithin(at + 1, at, this.tail)
    this.tail++
    this.#set(at, start, before, 0, 0)
    return moved
  }

  save(): SavedClosed {
    const { head, tail } = this
    return {
      start: this.start.slice(head, tail),
      before: this.before.slice(head, tail),
      coverage: this.covered.slice(head, tail),
      revision: this.revision.slice(head, tail),
      dirty: this.dirty.slice(head, tail),
    }
  }

  load(saved: SavedClosed): void {
    this.start = Float64Array.from(saved.start)
    this.before = Float64Array.from(saved.before)
    this.covered = Float64Array.from(saved.coverage)
    this.revision = Uint16Array.from(saved.revision)
    this.dirty = Uint8Array.from(saved.dirty)
    this.head = 0
    this.tail = saved.before.length
  }

  #set(row: number, start: number, before: number, covered: number, revision: number): void {
    this.start[row] = start
    this.before[row] = before
    this.covered[row] = covered
    this.revision[row] = revision
    this.dirty[row] = 0
  }

  #makeRoom(expired: number, keep = this.tail): number {
    while (this.head < keep && this.before[this.head] < expired && this.dirty[this.head] === 0) this.head++
    const { head, tail } = this
    const wanted =
      tail - head >= this.before.length * 0.75 ? Math.ceil(this.before.length * 1.5) + 4 : this.before.length
    const move = <T extends Float64Array | Uint16Array | Uint8Array>(to: T, from: T): T => {
      to.set(from.subarray(head, tail))
      return to
    }
    this.start = move(new Float64Array(wanted), this.start)
    this.before = move(new Float64Array(wanted), this.before)
    this.covered = move(new Float64Array(wanted), this.covered)
    this.revision = move(new Uint16Array(wanted), this.revision)
    this.dirty = move(new Uint8Array(wanted), this.dirty)
    this.tail -= head
    this.head = 0
    return head
  }
}
